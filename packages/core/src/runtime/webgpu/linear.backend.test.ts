// Every kind of packed matrix through every shape of linear kernel, against the product of the dequantised weights. On whatever adapter Dawn finds.
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import * as modules from '../../../../../peers/modules.ts';
import type { StoredDtype } from '../../weights/weight-file.ts';
import { createDeviceMemory } from './device-memory.ts';
import type { Kernel, KernelCache } from './kernel.ts';
import { type GemmTile, gemmKernel, gemvKernel, type LinearShape } from './kernels/linear.ts';
import { blockHalves } from './random-blocks.ts';
import { filled, floatsAfter, passOf, randomMatrix, testCaches, testDevice } from './try-kernels.ts';

const device = (await testDevice(modules)) as GPUDevice;

const dtypes: readonly StoredDtype[] = ['F32', 'BF16', ...(Object.keys(blockHalves) as StoredDtype[])];

describe.skipIf(device === undefined)('linear kernels', () => {
  let caches: KernelCache[];
  beforeAll(() => {
    caches = testCaches(device);
  });

  async function product(
    dtype: StoredDtype,
    {
      rows,
      outputs,
      columns,
      gated = false,
      seed,
    }: { rows: number; outputs: number; columns: number; gated?: boolean; seed: number },
    make: (shape: LinearShape, cache: KernelCache) => { kernel: Kernel; grid: [number, number, number] },
    cache: KernelCache,
  ): Promise<{ got: Float32Array; expected: Float32Array }> {
    const all = gated ? 2 * outputs : outputs;
    const own = createDeviceMemory(device);
    const { kind, part, weights } = randomMatrix(own, dtype, all, columns, seed);
    const stride = Math.ceil(columns / 8) * 8;
    const x = new Float32Array(rows * stride);
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) x[r * stride + c] = Math.sin(r * 31 + c * 7 + seed);
    const bias = Float32Array.from({ length: all }, (_, i) => Math.cos(i));
    const [from, biases, y] = [x, bias, new Float32Array(rows * outputs)].map((values) =>
      filled(own, values),
    );
    const shape: LinearShape = {
      kind,
      columns,
      outputs,
      outOffset: 0,
      biasOffset: 0,
      outStride: outputs,
      xStride: stride,
      bias: true,
      ...(gated ? { gated, activation: 'silu' as const } : {}),
    };
    const { kernel, grid } = make(shape, cache);
    const dispatch = cache.dispatch(
      kernel,
      passOf(own, rows),
      [from, part.quants, ...(part.scales ? [part.scales] : []), biases, y],
      grid,
    );
    const got = await floatsAfter(device, [dispatch], y, rows * outputs);
    own.dispose();
    cache.forgetGroups();
    const dot = (r: number, o: number) => {
      let sum = bias[o];
      for (let c = 0; c < columns; c++) sum += x[r * stride + c] * weights[o * columns + c];
      return sum;
    };
    const expected = Float32Array.from({ length: rows * outputs }, (_, i) => {
      const [r, o] = [Math.floor(i / outputs), i % outputs];
      const first = dot(r, o);
      return gated ? (first / (1 + Math.exp(-first))) * dot(r, o + outputs) : first;
    });
    return { got, expected };
  }

  const agree = ({ got, expected }: { got: Float32Array; expected: Float32Array }) => {
    const size = Math.max(1, ...expected.map(Math.abs));
    let worst = 0;
    for (let i = 0; i < expected.length; i++) worst = Math.max(worst, Math.abs(got[i] - expected[i]));
    expect(worst / size).toBeLessThan(2e-5);
  };
  const gemv =
    (rowsAtATime: number, threads: number, outputs: number, unroll = 1) =>
    (shape: LinearShape, cache: KernelCache, rows = 5) => ({
      kernel: gemvKernel(shape, rowsAtATime, { threads, outputs, unroll }, cache.subgroups),
      grid: [Math.ceil(shape.outputs / outputs), 1, Math.ceil(rows / rowsAtATime)] as [
        number,
        number,
        number,
      ],
    });
  const gemm = (tile: GemmTile, rows: number) => (shape: LinearShape) => ({
    kernel: gemmKernel(shape, tile),
    grid: [
      Math.ceil((shape.outputs * (shape.gated ? 2 : 1)) / tile.outputs),
      Math.ceil(rows / tile.rows),
      1,
    ] as [number, number, number],
  });

  it.each(dtypes)('%s: few rows, with and without subgroups, plain and gated', async (dtype) => {
    for (const cache of caches) {
      agree(await product(dtype, { rows: 5, outputs: 21, columns: 512, seed: 3 }, gemv(4, 16, 2, 3), cache));
      agree(
        await product(
          dtype,
          { rows: 5, outputs: 13, columns: 256, gated: true, seed: 4 },
          gemv(2, 8, 4),
          cache,
        ),
      );
    }
  });

  it.each(['F32', 'Q4_0', 'Q6_K'] as const)('%s: tiles of rows, plain and gated', async (dtype) => {
    agree(
      await product(
        dtype,
        { rows: 37, outputs: 70, columns: 256, seed: 5 },
        gemm({ rows: 16, outputs: 64 }, 37),
        caches[0],
      ),
    );
    agree(
      await product(
        dtype,
        { rows: 70, outputs: 40, columns: 256, gated: true, seed: 6 },
        gemm({ rows: 64, outputs: 32 }, 70),
        caches[0],
      ),
    );
  });

  it('columns that fill no eight, outputs that fill no group', () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom('F32' as const, 'F16' as const, 'BF16' as const),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 9 }),
        async (dtype, columns, outputs) => {
          agree(await product(dtype, { rows: 5, outputs, columns, seed: 7 }, gemv(8, 4, 8), caches[0]));
        },
      ),
      { numRuns: 12 },
    ));
});
