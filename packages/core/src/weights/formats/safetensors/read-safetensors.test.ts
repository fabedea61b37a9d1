import { describe, expect, it } from 'vitest';
import { memorySource } from '../../bytes/memory-source.ts';
import { CheckpointError } from '../../checkpoint-error.ts';
import { memorySink } from '../../write/byte-sink.ts';
import { readSafetensors } from './read-safetensors.ts';
import { writeSafetensors } from './write-safetensors.ts';

function file(header: unknown, data = new Uint8Array(0)): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

const read = (bytes: Uint8Array) => readSafetensors(memorySource(bytes, 'x.safetensors'));
const tensor = (dtype: string, shape: unknown, offsets: unknown) => ({
  t: { dtype, shape, data_offsets: offsets },
});

describe('readSafetensors', () => {
  it('read after write is identity, whatever the order of the tensors', async () => {
    const make = (name: string, dtype: 'F32' | 'BF16' | 'I8', shape: number[], byteLength: number) => ({
      name,
      dtype,
      shape,
      byteLength,
      read: async () => Uint8Array.from({ length: byteLength }, (_, i) => i + name.length),
    });
    const tensors = [
      make('toString', 'I8', [3], 3),
      make('__proto__', 'BF16', [2, 1], 4),
      make('a', 'F32', [], 4),
      make('none', 'F32', [0, 4], 0),
    ];
    const sink = memorySink();
    await writeSafetensors(sink, tensors, { metadata: { format: 'pt', note: 'x' } });
    const back = await read(sink.bytes());
    expect(Object.fromEntries(back.metadata)).toEqual({ format: 'pt', note: 'x' });
    for (const { name, dtype, shape, read: bytes } of tensors)
      expect(await back.read(name)).toEqual({ dtype, shape, bytes: await bytes() });
    expect(back.tensors.size).toBe(4);
  });

  it('the data is aligned and the header padded with spaces', async () => {
    const sink = memorySink();
    await writeSafetensors(sink, [
      { name: 'a', dtype: 'F32', shape: [1], byteLength: 4, read: async () => new Uint8Array(4) },
    ]);
    expect(sink.bytes().byteLength % 4).toBe(0);
    expect(Number(new DataView(sink.bytes().buffer).getBigUint64(0, true)) % 8).toBe(0);
  });

  it('packed types and doubled names are not written', async () => {
    const one = {
      name: 'a',
      dtype: 'Q4_0',
      shape: [32],
      byteLength: 18,
      read: async () => new Uint8Array(18),
    } as const;
    await expect(writeSafetensors(memorySink(), [one])).rejects.toThrow(/expected a plain type/);
    const plain = { ...one, dtype: 'F32', byteLength: 128, read: async () => new Uint8Array(128) } as const;
    await expect(writeSafetensors(memorySink(), [plain, plain])).rejects.toThrow(/a twice/);
    await expect(writeSafetensors(memorySink(), [{ ...plain, byteLength: 4 }])).rejects.toThrow(
      /expected 4 bytes, got 128/,
    );
  });

  const four = new Uint8Array(4);
  it.each<[string, Uint8Array, RegExp]>([
    ['7 bytes', new Uint8Array(7), /size: expected at least 8 bytes/],
    [
      'a header of 2^64 - 1',
      new Uint8Array(100).fill(255, 0, 8),
      /header length: expected 2 to 92 bytes, got 18446744073709551615/,
    ],
    ['no JSON', file('{"a":'), /header: expected JSON/],
    ['bad UTF-8', file('{}').fill(0xff, 8), /header: expected JSON in UTF-8/],
    ['a list', file([]), /header: expected a JSON object/],
    ['metadata of numbers', file({ __metadata__: { a: 1 } }), /__metadata__\.a: expected a string/],
    ['a number for a tensor', file({ t: 1 }), /t: expected an object/],
    ['an unknown type', file(tensor('F12', [1], [0, 4]), four), /t: dtype: expected a known element type/],
    ['an inherited name as type', file(tensor('toString', [1], [0, 4]), four), /t: dtype/],
    ['a negative size', file(tensor('F32', [-1], [0, 4]), four), /t: shape: expected a list of integers/],
    ['a fraction', file(tensor('F32', [0.5], [0, 4]), four), /t: shape/],
    [
      'too many dimensions',
      file(tensor('F32', [1, 1, 1, 1, 1, 1, 1, 1, 1], [0, 4]), four),
      /at most 8 dimensions/,
    ],
    [
      'a product that overflows',
      file(tensor('F32', [2 ** 52, 2 ** 52], [0, 4]), four),
      /a number of elements/,
    ],
    [
      'offsets past the end',
      file(tensor('F32', [2], [0, 8]), four),
      /data_offsets: expected begin <= end <= 4/,
    ],
    ['offsets in reverse', file(tensor('F32', [1], [4, 0]), four), /data_offsets/],
    [
      'a shape that the offsets do not hold',
      file(tensor('F32', [2], [0, 4]), four),
      /data_offsets: expected 8 bytes \(F32 \[2\]\), got 4/,
    ],
    ['bytes of no tensor', file({}, four), /data: expected 0 bytes/],
    [
      'a gap',
      file({ ...tensor('U8', [1], [0, 1]), u: { dtype: 'U8', shape: [1], data_offsets: [3, 4] } }, four),
      /u: data_offsets: expected a begin of 1/,
    ],
    [
      'an overlap',
      file({ ...tensor('U8', [3], [0, 3]), u: { dtype: 'U8', shape: [2], data_offsets: [2, 4] } }, four),
      /u: data_offsets: expected a begin of 3/,
    ],
  ])('refuses %s', async (_, bytes, message) => {
    await expect(read(bytes)).rejects.toThrow(message);
    await expect(read(bytes)).rejects.toBeInstanceOf(CheckpointError);
  });
});
