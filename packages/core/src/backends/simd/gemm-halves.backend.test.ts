import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { halfTable, toHalfBits } from '../../weights/quantization/half.ts';
import { type Machine, startMachine } from './machine.ts';
import { instruction } from './program.ts';
import { gemmScratchBytes } from './simd-backend.ts';

const word = new Float32Array(1);
const halves = new Uint16Array(word.buffer);
/** Kind of the transposed B, its bits of a number, and the number of the bits. */
const kinds = {
  bfloat16: {
    kind: 3,
    bits(x: number) {
      word[0] = x;
      return halves[1];
    },
    value(bits: number) {
      halves.set([0, bits]);
      return word[0];
    },
  },
  float16: { kind: 4, bits: toHalfBits, value: (bits: number) => halfTable()[bits] },
} as const;

describe.each(Object.keys(kinds) as (keyof typeof kinds)[])('products with a transposed B of %s', (name) => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await startMachine({ threads: 2 });
  });
  afterAll(() => machine.dispose());

  it('are those of its values in float64, whatever the sizes', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 140 }),
        fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 500, max: 530 })),
        fc.integer({ min: 1, max: 37 }),
        fc.boolean(),
        fc.nat(),
        (m, k, n, withBias, seed) => {
          const { heap, threads } = machine;
          let state = seed >>> 0;
          const next = () => {
            state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
            return state / 2 ** 32 - 0.5;
          };
          const { kind, bits, value } = kinds[name];
          const b = Uint16Array.from({ length: n * k }, () => bits(next()));
          const a = Float32Array.from({ length: m * k }, next);
          const bias = Float32Array.from({ length: n }, next);
          const at = [m * k * 4, n * k * 2, m * n * 4, n * 4, gemmScratchBytes * threads].map((bytes) =>
            heap.allocate(bytes),
          );
          new Float32Array(heap.memory.buffer, at[0], m * k).set(a);
          new Uint16Array(heap.memory.buffer, at[1], n * k).set(b);
          new Float32Array(heap.memory.buffer, at[3], n).set(bias);
          const shape = [m, k, n, 0, kind, 1, 0, 0, 0];
          machine.run(
            instruction('gemm', [
              at[0],
              at[1],
              at[2],
              ...shape,
              withBias ? at[3] : 0,
              at[4],
              gemmScratchBytes,
            ]),
          );
          const c = new Float32Array(heap.memory.buffer, at[2], m * n).slice();
          for (const address of at) heap.free(address);
          const w = Float64Array.from(b, value);
          let worst = 0;
          for (let i = 0; i < m; i++) {
            for (let j = 0; j < n; j++) {
              let sum = withBias ? bias[j] : 0;
              for (let x = 0; x < k; x++) sum += a[i * k + x] * w[j * k + x];
              worst = Math.max(worst, Math.abs(c[i * n + j] - sum));
            }
          }
          expect(worst).toBeLessThan(1e-4);
        },
      ),
      { numRuns: 25 },
    ));
});
