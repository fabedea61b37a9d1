import { describe, expect, it } from 'vitest';
import { memorySource } from '../../bytes/memory-source.ts';
import { CheckpointError } from '../../checkpoint-error.ts';
import { openCheckpoint } from '../../open-checkpoint.ts';
import { memorySink } from '../../write/byte-sink.ts';
import { readGguf } from './read-gguf.ts';
import { type GgufValue, writeGguf } from './write-gguf.ts';

/** Little-endian fields one after the other: numbers are u32, bigints u64, strings their bytes. */
function fields(...parts: (number | bigint | string | Uint8Array)[]): Uint8Array {
  const bytes: number[] = [];
  for (const part of parts) {
    if (typeof part === 'string') bytes.push(...new TextEncoder().encode(part));
    else if (typeof part === 'object') bytes.push(...part);
    else {
      const width = typeof part === 'number' ? 4 : 8;
      for (let i = 0n; i < width; i++) bytes.push(Number((BigInt(part) >> (8n * i)) & 255n));
    }
  }
  return Uint8Array.from(bytes);
}

const padded = (header: Uint8Array, data: Uint8Array) => {
  const start = Math.ceil(header.length / 32) * 32;
  const file = new Uint8Array(start + data.length);
  file.set(header);
  file.set(data, start);
  return file;
};

const read = (bytes: Uint8Array) => readGguf(memorySource(bytes, 'x.gguf'));

async function write(metadata: [string, GgufValue][], shape = [2, 3]): Promise<Uint8Array> {
  const sink = memorySink();
  const bytes = new Uint8Array(shape.reduce((p, n) => p * n, 4));
  const tensor = {
    name: 't',
    dtype: 'F32',
    shape,
    byteLength: bytes.byteLength,
    read: async () => bytes,
  } as const;
  await writeGguf(sink, new Map(metadata), [tensor]);
  return sink.bytes();
}

describe('readGguf', () => {
  it('version 1 has 32-bit counts and lengths, versions 2 and 3 64-bit ones', async () => {
    const data = new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer);
    const one = padded(fields('GGUF', 1, 1, 1, 3, 'key', 8, 5, 'value', 1, 't', 2, 3, 2, 0, 0n), data);
    const later = (version: number) =>
      padded(fields('GGUF', version, 1n, 1n, 3n, 'key', 8, 5n, 'value', 1n, 't', 2, 3n, 2n, 0, 0n), data);
    for (const bytes of [one, later(2), later(3)]) {
      const file = await read(bytes);
      expect(file.metadata).toEqual(new Map([['key', 'value']]));
      expect(file.tensors.get('t')).toMatchObject({ dtype: 'F32', shape: [2, 3], byteLength: 24 });
      expect((await file.read('t')).bytes).toEqual(data);
    }
  });

  it('every kind of value is read as it was written', async () => {
    const values: [string, GgufValue][] = [
      ['u32', 7],
      ['i32', -7],
      ['f32', 0.5],
      ['u64', 2n ** 63n],
      ['i64', -5n],
      ['bool', true],
      ['string', 'stone ⛰'],
      ['long', 'x'.repeat(1000)],
      ['strings', ['a', '', 'é']],
      ['booleans', [true, false]],
      ['i8s', Int8Array.of(-1, 2)],
      ['u16s', Uint16Array.of(1, 65535)],
      ['f64s', Float64Array.of(0.1, -0.2)],
      ['u64s', BigUint64Array.of(1n, 2n ** 64n - 1n)],
    ];
    const file = await read(await write([...values, ['f64', { type: 'f64', value: 0.1 }]]));
    expect([...file.metadata]).toEqual([...values, ['f64', 0.1]]);
  });

  it('a header longer than the first piece is read in larger ones', async () => {
    const words = Array.from({ length: 200_000 }, (_, i) => `token${i}`);
    const file = await read(await write([['tokenizer.ggml.tokens', words]]));
    expect(file.metadata.get('tokenizer.ggml.tokens')).toEqual(words);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['another magic', fields('GGML', 3, 0n, 0n), /magic: expected GGUF, got "GGML"/],
    ['a big-endian file', fields('GGUF', 0x03000000, 0n, 0n), /version: .*big-endian/],
    ['version 4', fields('GGUF', 4, 0n, 0n), /version: expected 1, 2 or 3/],
    [
      '2^63 tensors',
      fields('GGUF', 3, 2n ** 63n, 0n),
      /tensor_count: expected at most \d+, got 9223372036854775808/,
    ],
    [
      'a string past the end',
      fields('GGUF', 3, 0n, 1n, 1n, 'k', 8, 100n, 'short'),
      /k: expected at most 5 bytes to the end/,
    ],
    ['an array of 2^60', fields('GGUF', 3, 0n, 1n, 1n, 'k', 9, 4, 2n ** 60n), /k: length: expected at most/],
    [
      'an array that the file cannot hold',
      fields('GGUF', 3, 0n, 1n, 1n, 'k', 9, 8, 1000n),
      /k: length: expected a count that fits/,
    ],
    [
      'arrays in arrays in arrays',
      fields('GGUF', 3, 0n, 1n, 1n, 'k', 9, ...Array.from({ length: 9 }, () => [9, 1n]).flat(), 0, 0n),
      /arrays in arrays/,
    ],
    ['a boolean of 2', fields('GGUF', 3, 0n, 1n, 1n, 'k', 7, Uint8Array.of(2)), /k: expected a boolean/],
    ['a value type of 13', fields('GGUF', 3, 0n, 1n, 1n, 'k', 13, 0n), /k: type: expected 0 to 12, got 13/],
    ['a key twice', fields('GGUF', 3, 0n, 2n, 1n, 'k', 4, 1, 1n, 'k', 4, 1), /expected a new key, got k/],
    [
      '5 dimensions',
      fields('GGUF', 3, 1n, 0n, 1n, 't', 5, 1n, 1n, 1n, 1n, 1n, 0, 0n),
      /t: n_dimensions: expected at most 4/,
    ],
    [
      'a shape that overflows',
      fields('GGUF', 3, 1n, 0n, 1n, 't', 2, 2n ** 32n, 2n ** 32n, 0, 0n),
      /t: shape: expected a number of elements/,
    ],
    [
      'half a block',
      fields('GGUF', 3, 1n, 0n, 1n, 't', 1, 33n, 2, 0n),
      /t: shape: expected an innermost size that is a multiple of 32 \(Q4_0\)/,
    ],
    [
      'a type without dequantiser',
      fields('GGUF', 3, 1n, 0n, 1n, 't', 1, 256n, 16, 0n),
      /t: type: expected .*, got 16 \(IQ2_XXS\)/,
    ],
    ['an unknown type', fields('GGUF', 3, 1n, 0n, 1n, 't', 1, 256n, 99, 0n), /got 99 \(unknown\)/],
    [
      'an offset past the end',
      fields('GGUF', 3, 1n, 0n, 1n, 't', 1, 1n, 0, 2n ** 63n),
      /t: offset: expected 4 bytes within/,
    ],
    [
      'an alignment of 3',
      fields('GGUF', 3, 0n, 1n, 17n, 'general.alignment', 4, 3),
      /general\.alignment: expected a power of two/,
    ],
  ])('refuses %s', async (_, bytes, message) => {
    await expect(read(bytes)).rejects.toThrow(message);
    await expect(read(bytes)).rejects.toBeInstanceOf(CheckpointError);
  });

  it('refuses tensors that overlap or are not aligned', async () => {
    const two = (second: bigint) =>
      padded(
        fields('GGUF', 3, 2n, 0n, 1n, 'a', 1, 16n, 0, 0n, 1n, 'b', 1, 16n, 0, second),
        new Uint8Array(256),
      );
    expect((await read(two(64n))).tensors.size).toBe(2);
    await expect(read(two(32n))).rejects.toThrow(/do not overlap/);
    await expect(read(two(65n))).rejects.toThrow(/a multiple of 32/);
  });

  it('closes the source that it refuses', async () => {
    let closed = 0;
    const source = { ...memorySource(new Uint8Array(4), 'x'), close: async () => void closed++ };
    await expect(readGguf(source)).rejects.toThrow();
    expect(closed).toBe(1);
  });
});

describe('split GGUF', () => {
  const part = async (n: number, count: number, name: string, extra: [string, GgufValue][] = []) => {
    const sink = memorySink();
    const bytes = new Uint8Array(Float32Array.of(n).buffer);
    const metadata: [string, GgufValue][] = [
      ['general.architecture', 'other'],
      ['split.no', n],
      ['split.count', count],
      ...extra,
    ];
    await writeGguf(sink, new Map(metadata), [
      { name, dtype: 'F32', shape: [1], byteLength: 4, read: async () => bytes },
    ]);
    return sink.bytes();
  };
  const files = (...parts: Uint8Array<ArrayBuffer>[]) =>
    parts.map((bytes, i) => new File([bytes], `m-0000${i + 1}-of-00002.gguf`));

  it('opens from the first part, or from any that is named', async () => {
    const parts = files(await part(0, 2, 'a'), await part(1, 2, 'b'));
    for (const options of [{}, { file: 'm-00002-of-00002.gguf' }]) {
      const { weights, close } = await openCheckpoint(parts, options);
      expect([...weights.tensors.keys()]).toEqual(['a', 'b']);
      expect(new Float32Array((await weights.read('b')).bytes.slice().buffer)[0]).toBe(1);
      await close();
    }
  });

  it('refuses a missing part, parts out of order, a tensor in two parts, a wrong total', async () => {
    const a = await part(0, 2, 'a');
    const b = await part(1, 2, 'b');
    await expect(openCheckpoint(files(a))).rejects.toThrow(/m-00002-of-00002\.gguf: file: expected to exist/);
    await expect(openCheckpoint(files(b, a))).rejects.toThrow(/split\.no: expected 0, got 1/);
    await expect(openCheckpoint(files(a, await part(1, 2, 'a')))).rejects.toThrow(/one part only/);
    await expect(openCheckpoint(files(a, await part(1, 3, 'b')))).rejects.toThrow(
      /split\.count: expected 2, got 3/,
    );
    const told = await part(0, 2, 'a', [['split.tensors.count', 5]]);
    await expect(openCheckpoint(files(told, b))).rejects.toThrow(/split\.tensors\.count: expected 2/);
  });
});
