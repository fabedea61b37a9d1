import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { joinsPairs } from '../../backends/simd/compile-kernels.ts';
import { type Machine, startMachine } from '../../backends/simd/machine.ts';
import { byteActivations, instruction, linearKinds } from '../../backends/simd/program.ts';
import type { ParameterSpec } from '../../models/parameters.ts';
import { blockFormat } from '../../weights/quantization/block-format.ts';
import { dequantize } from '../../weights/quantization/dequantize.ts';
import { toHalfBits } from '../../weights/quantization/half.ts';
import type { StoredDtype, StoredTensor } from '../../weights/weight-file.ts';
import { integerKindOf, panelBytes, readRow } from './packed-layout.ts';
import { packMatrix } from './packed-matrix.ts';

// Where each type keeps its binary16 scales; everything else in a block may be any bits.
const scalesAt: Readonly<Record<string, readonly number[]>> = {
  Q4_0: [0],
  Q4_1: [0, 2],
  Q5_0: [0],
  Q5_1: [0, 2],
  Q8_0: [0],
  IQ4_NL: [0],
  Q2_K: [80, 82],
  Q3_K: [108],
  Q4_K: [0, 2],
  Q5_K: [0, 2],
  Q6_K: [208],
  IQ4_XS: [0],
  TQ1_0: [52],
  TQ2_0: [64],
};

/** Repeatable noise in [0, 1). */
function noise(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function randomTensor(dtype: StoredDtype, rows: number, columns: number, seed: number): StoredTensor {
  const next = noise(seed);
  const { blockSize, bytesPerBlock } = blockFormat(dtype as 'Q4_0');
  const bytes = new Uint8Array(((rows * columns) / blockSize) * bytesPerBlock);
  for (let i = 0; i < bytes.length; i++) bytes[i] = next() * 256;
  // TQ1_0's bytes are fractions of 243: any other byte is not a ternary digit sequence of the format.
  if (dtype === 'TQ1_0')
    for (let i = 0; i < bytes.length; i++) bytes[i] = Math.ceil(((bytes[i] % 243) * 256) / 243);
  for (let at = 0; at < bytes.length; at += bytesPerBlock) {
    for (const offset of scalesAt[dtype]) {
      const bits = toHalfBits((next() - 0.5) / 16);
      bytes[at + offset] = bits & 255;
      bytes[at + offset + 1] = bits >> 8;
    }
  }
  return { dtype, shape: [rows, columns], bytes };
}

const spec = (rows: number, columns: number) =>
  ({
    name: 'w',
    role: 'linear',
    shape: [columns, rows],
    stored: { layout: 'out-in' },
  }) as unknown as ParameterSpec;

/** y [tokens, rows] of the machine, with the activations quantised on the way. */
function multiply(
  machine: Machine,
  stored: StoredTensor,
  x: Float32Array,
  tokens: number,
  bias?: Float32Array,
  asBytes = false,
): { y: Float32Array; values: Float32Array } {
  const { heap, threads } = machine;
  const [rows, columns] = stored.shape as [number, number];
  const matrix = packMatrix(heap, stored, spec(rows, columns));
  const four = Math.ceil(tokens / 4) * 4;
  const owned = [
    tokens * columns * 4,
    four * columns * 2,
    (four * columns) / 4,
    (tokens * columns * 3) / 8,
    tokens * rows * 4,
  ];
  const [xAt, q, scales, sums, yAt, biasAt, scratch] = [...owned, rows * 4, panelBytes * threads].map(
    (bytes) => heap.allocate(bytes),
  );
  const floats = (at: number, count: number) => new Float32Array(heap.memory.buffer, at, count);
  floats(xAt, x.length).set(x);
  if (bias !== undefined) floats(biasAt, rows).set(bias);
  floats(yAt, tokens * rows).fill(Number.NaN);
  const kind = linearKinds[matrix.kind] + (asBytes ? byteActivations : 0);
  const sources = [kind, matrix.address, xAt, q, scales, sums];
  machine.run([
    ...(asBytes
      ? instruction('quantizeBytes', [xAt, tokens, columns, q, scales])
      : instruction('quantize', [xAt, tokens, columns, q, scales, sums])),
    ...instruction('linear', [
      ...sources,
      yAt,
      rows,
      tokens,
      columns,
      rows,
      bias === undefined ? 0 : biasAt,
      scratch,
      panelBytes,
    ]),
  ]);
  const y = floats(yAt, tokens * rows).slice();
  const values = new Float32Array(rows * columns);
  for (let r = 0; r < rows; r++) readRow(heap, matrix, r, values.subarray(r * columns, (r + 1) * columns));
  for (const at of [xAt, q, scales, sums, yAt, biasAt, scratch, matrix.address]) heap.free(at);
  return { y, values };
}

/** Activations whose blocks of 32 are rounded to 8 bits, ties to even. */
function inBytes(x: Float32Array): Float64Array {
  const out = new Float64Array(x.length);
  for (let at = 0; at < x.length; at += 32) {
    const top = x.subarray(at, at + 32).reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    const factor = Math.fround(127 / top);
    for (let i = at; i < at + 32; i++) {
      const product = Math.fround(x[i] * factor);
      const below = Math.floor(product);
      const whole = product - below === 0.5 ? below + (below & 1) : Math.round(product);
      out[i] = top === 0 ? 0 : (whole * top) / 127;
    }
  }
  return out;
}

describe.each([
  ['relaxed SIMD where there is one', {}, false],
  ['plain SIMD', { relaxed: false }, false],
  [
    'tiles of sixteen rows, in 256 bits where the engine joins vectors',
    joinsPairs() ? { width: 256 as const } : {},
    true,
  ],
] as const)('linear layers over packed weights, %s', (_, options, isWide) => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await startMachine({ threads: 2, ...options });
    machine.useWide(isWide);
  });
  afterAll(() => machine.dispose());

  it.each(Object.keys(integerKindOf) as StoredDtype[])(
    '%s: unpacks to the values that dequantize gives',
    (dtype) => {
      const stored = randomTensor(dtype, 7, 512, 5);
      const { values } = multiply(machine, stored, new Float32Array(512), 1);
      const plusZero = (v: number) => v + 0; // -0 and 0 are the same weight
      expect(values.map(plusZero)).toEqual(dequantize(stored).map(plusZero));
    },
  );

  it.each(Object.keys(integerKindOf) as StoredDtype[])(
    '%s: products agree with float64 ones within the rounding of 16-bit activations, whatever the sizes',
    (dtype) => {
      fc.assert(
        fc.property(
          fc.integer({ min: 1, max: 40 }),
          fc.integer({ min: 1, max: 9 }),
          fc.integer({ min: 1, max: 19 }),
          fc.boolean(),
          fc.nat(),
          (rows, parts, tokens, withBias, seed) => {
            const columns = parts * 256;
            const stored = randomTensor(dtype, rows, columns, seed);
            const next = noise(seed + 1);
            const x = Float32Array.from({ length: tokens * columns }, () => next() - 0.5);
            const bias = withBias ? Float32Array.from({ length: rows }, () => next()) : undefined;
            const { y } = multiply(machine, stored, x, tokens, bias);
            const w = dequantize(stored);
            for (let t = 0; t < tokens; t++) {
              for (let r = 0; r < rows; r++) {
                let [sum, size] = [bias?.[r] ?? 0, 1e-3];
                for (let c = 0; c < columns; c++) {
                  sum += w[r * columns + c] * x[t * columns + c];
                  size += Math.abs(w[r * columns + c]);
                }
                expect(Math.abs(y[t * rows + r] - sum)).toBeLessThan(size * 1e-5);
              }
            }
          },
        ),
        { numRuns: 12 },
      );
    },
  );

  it.each(['Q4_0', 'Q4_1', 'Q4_K'] as const)(
    '%s by activations of 8 bits: products are those of the rounded activations, whatever the sizes',
    (dtype) => {
      fc.assert(
        fc.property(
          fc.integer({ min: 1, max: 40 }),
          fc.integer({ min: 1, max: 9 }),
          fc.integer({ min: 2, max: 19 }),
          fc.boolean(),
          fc.nat(),
          (rows, parts, tokens, withBias, seed) => {
            const columns = parts * 256;
            const stored = randomTensor(dtype, rows, columns, seed);
            const next = noise(seed + 1);
            const x = Float32Array.from({ length: tokens * columns }, () => next() - 0.5);
            const bias = withBias ? Float32Array.from({ length: rows }, () => next()) : undefined;
            const { y } = multiply(machine, stored, x, tokens, bias, true);
            const a = inBytes(x);
            const w = dequantize(stored);
            for (let t = 0; t < tokens; t++) {
              for (let r = 0; r < rows; r++) {
                let [sum, size] = [bias?.[r] ?? 0, 1e-3];
                for (let c = 0; c < columns; c++) {
                  sum += w[r * columns + c] * a[t * columns + c];
                  size += Math.abs(w[r * columns + c]);
                }
                expect(Math.abs(y[t * rows + r] - sum)).toBeLessThan(size * 1e-5);
              }
            }
          },
        ),
        { numRuns: 12 },
      );
    },
  );

  it('activations of zero give the bias', () => {
    const bias = Float32Array.of(1, 2, 3, 4, 5);
    const { y } = multiply(machine, randomTensor('Q4_1', 5, 64, 1), new Float32Array(128), 2, bias);
    expect(Array.from(y)).toEqual([1, 2, 3, 4, 5, 1, 2, 3, 4, 5]);
  });

  it('leaves nothing on the heap', () => {
    const before = machine.heap.liveBytes;
    multiply(machine, randomTensor('Q6_K', 8, 256, 1), new Float32Array(256), 1);
    expect(machine.heap.liveBytes).toBe(before);
  });
});
