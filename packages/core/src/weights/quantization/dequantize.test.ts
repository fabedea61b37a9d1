import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memorySource } from '../bytes/memory-source.ts';
import { readSafetensors } from '../formats/safetensors/read-safetensors.ts';
import type { BlockDtype, StoredDtype } from '../weight-file.ts';
import { blockFormat } from './block-format.ts';
import { dequantize } from './dequantize.ts';
import { quantize } from './quantize.ts';

const goldens = fileURLToPath(new URL('../../../../../../shared/goldens/quantization', import.meta.url));
const types: BlockDtype[] = [
  'Q4_0',
  'Q4_1',
  'Q5_0',
  'Q5_1',
  'Q8_0',
  'Q2_K',
  'Q3_K',
  'Q4_K',
  'Q5_K',
  'Q6_K',
  'IQ4_NL',
  'IQ4_XS',
  'MXFP4',
  'TQ1_0',
  'TQ2_0',
];

describe.skipIf(!existsSync(goldens))('dequantize: goldens of gguf-py (skipped when absent)', () => {
  it.each(existsSync(goldens) ? readdirSync(goldens) : [])('%s is bit-exact', async (file) => {
    const source = memorySource(readFileSync(`${goldens}/${file}`), file);
    const golden = await readSafetensors(source);
    const dtype = file.replace('.safetensors', '').toUpperCase() as StoredDtype;
    const values = await golden.read('values');
    const got = dequantize({ dtype, shape: values.shape, bytes: (await golden.read('blocks')).bytes });
    const expected = dequantize(values);
    for (let i = 0; i < got.length; i++)
      if (!Object.is(got[i], expected[i])) expect(got[i]).toBe(expected[i]);
  });
});

describe('dequantize', () => {
  it.each(types)('%s: blocks are independent, and the address of the bytes does not matter', (dtype) => {
    const { blockSize, bytesPerBlock } = blockFormat(dtype);
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: bytesPerBlock * 3, maxLength: bytesPerBlock * 3 }),
        fc.nat(7),
        (bytes, shift) => {
          const whole = dequantize({ dtype, shape: [3, blockSize], bytes });
          const moved = new Uint8Array(bytes.byteLength + shift);
          moved.set(bytes, shift);
          expect(dequantize({ dtype, shape: [3, blockSize], bytes: moved.subarray(shift) })).toEqual(whole);
          for (let b = 0; b < 3; b++) {
            const block = dequantize({
              dtype,
              shape: [blockSize],
              bytes: bytes.subarray(b * bytesPerBlock, (b + 1) * bytesPerBlock),
            });
            expect(block).toEqual(whole.subarray(b * blockSize, (b + 1) * blockSize));
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('llama2.c groups: scale times int8', () => {
    const bytes = new Uint8Array(12);
    new DataView(bytes.buffer).setFloat32(0, 0.5, true);
    bytes.set([1, 2, 255, 128, 127, 0, 3, 254], 4);
    expect(Array.from(dequantize({ dtype: 'Q8_G8', shape: [8], bytes }))).toEqual([
      0.5, 1, -0.5, -64, 63.5, 0, 1.5, -1,
    ]);
  });

  it.each([
    ['I8', [255, 1], [-1, 1]],
    ['U8', [255, 1], [255, 1]],
    ['BOOL', [0, 1], [0, 1]],
    ['I32', [254, 255, 255, 255], [-2]],
    ['I64', [253, 255, 255, 255, 255, 255, 255, 255], [-3]],
    ['F64', [0, 0, 0, 0, 0, 0, 248, 63], [1.5]],
    ['F8_E5M2', [60, 188], [1, -1]],
    ['F8_E4M3', [56, 184], [1, -1]],
  ] as const)('%s', (dtype, bytes, values) => {
    expect(Array.from(dequantize({ dtype, shape: [values.length], bytes: Uint8Array.from(bytes) }))).toEqual([
      ...values,
    ]);
  });

  it('wrong lengths throw', () => {
    expect(() => dequantize({ dtype: 'Q4_0', shape: [32], bytes: new Uint8Array(17) })).toThrow(
      /bytes: expected 18/,
    );
    expect(() => dequantize({ dtype: 'Q4_0', shape: [31], bytes: new Uint8Array(18) })).toThrow(RangeError);
    expect(() =>
      dequantize({ dtype: 'F32', shape: [2], bytes: new Uint8Array(8) }, new Float32Array(3)),
    ).toThrow(/into/);
    expect(() => dequantize({ dtype: 'Q9_9' as StoredDtype, shape: [2], bytes: new Uint8Array(8) })).toThrow(
      TypeError,
    );
  });
});

describe('quantize', () => {
  const finite = fc.float32Array({ minLength: 64, maxLength: 64, min: -1000, max: 1000, noNaN: true });

  it('is off by at most half a step', () => {
    fc.assert(
      fc.property(finite, (values) => {
        for (const [dtype, steps] of [
          ['Q8_0', 127],
          ['Q4_0', 8],
        ] as const) {
          const back = dequantize({ dtype, shape: [64], bytes: quantize(values, dtype) });
          for (let block = 0; block < 64; block += 32) {
            const most = Math.max(...values.subarray(block, block + 32).map(Math.abs));
            // half a step, and for Q4_0 a whole one at the far end, which has no code of its own; d itself is rounded to binary16
            const bound = (most / steps) * (dtype === 'Q4_0' ? 1.01 : 0.51) + most * 2 ** -10 + 2 ** -16;
            for (let i = block; i < block + 32; i++)
              expect(Math.abs(back[i] - values[i])).toBeLessThanOrEqual(bound);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('quantize after dequantize is identity for F16', () => {
    fc.assert(
      fc.property(finite, (values) => {
        const once = dequantize({ dtype: 'F16', shape: [64], bytes: quantize(values, 'F16') });
        expect(quantize(once, 'F16')).toEqual(quantize(values, 'F16'));
      }),
    );
  });

  it('refuses part of a block', () => {
    expect(() => quantize(new Float32Array(33), 'Q8_0')).toThrow(RangeError);
  });
});
