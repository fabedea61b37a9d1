// Products of binary16: the numbers by a kernel that rounds to binary16 in float32, on whatever adapter Dawn finds; the native kernels by Dawn's compiler on its null device, which has shader-f16.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as modules from '../../../../../peers/modules.ts';
import { chooseBackend } from '../../backends/choose.ts';
import { webgpuDevice } from '../../backends/webgpu.ts';
import { loadModel } from '../../models/load-model.ts';
import { halfTable, toHalfBits } from '../../weights/quantization/half.ts';
import type { StoredDtype } from '../../weights/weight-file.ts';
import { createDeviceMemory } from './device-memory.ts';
import { createKernelCache } from './kernel.ts';
import type { GemmTile, LinearShape } from './kernels/linear.ts';
import { roundedBlock, roundRowsKernel } from './kernels/round-rows.ts';
import { roundedTileKernel } from './kernels/rounded-tiles.ts';
import { blockHalves } from './random-blocks.ts';
import { filled, floatsAfter, passOf, randomMatrix, testDevice } from './try-kernels.ts';
import { kindOf, type WeightKind } from './weight-kind.ts';

const place = join(dirname(fileURLToPath(import.meta.url)), '../../../../../models/stories');
const device = (await testDevice(modules)) as GPUDevice;
const dtypes: readonly StoredDtype[] = ['F32', 'BF16', ...(Object.keys(blockHalves) as StoredDtype[])];
const table = halfTable();
const half = (value: number) => table[toHalfBits(value)];
const shapeOf = (kind: WeightKind, columns: number, outputs: number, gated: boolean): LinearShape => ({
  ...{ kind, columns, outputs, outOffset: 0, biasOffset: 0, outStride: outputs, bias: false },
  xStride: Math.ceil(columns / 8) * 8,
  ...(gated ? { gated, activation: 'relu' as const } : {}),
});

describe.skipIf(device === undefined)('products of binary16', () => {
  /** The kernel's products, and those of rows and weights rounded in the same way, summed in float64. */
  async function product(
    dtype: StoredDtype,
    { rows, outputs, columns, gated }: { rows: number; outputs: number; columns: number; gated: boolean },
    tile: GemmTile,
    of: (row: number, column: number) => number,
  ): Promise<{ got: Float32Array; expected: Float32Array }> {
    const own = createDeviceMemory(device);
    const cache = createKernelCache(device, false);
    const all = gated ? 2 * outputs : outputs;
    const { kind, part, weights } = randomMatrix(own, dtype, all, columns, 9);
    const shape = shapeOf(kind, columns, outputs, gated);
    const { xStride } = shape;
    const x = new Float32Array(rows * xStride);
    for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) x[r * xStride + c] = of(r, c);
    const pass = passOf(own, rows);
    const q = own.storage(rows * xStride * 2, 'q');
    const d = own.storage(rows * Math.ceil(xStride / roundedBlock) * 4, 'd');
    const y = own.storage(rows * outputs * 4, 'y');
    const list = [
      cache.dispatch(
        roundRowsKernel('float16', columns, xStride),
        pass,
        [filled(own, x), q, d],
        [Math.ceil(columns / roundedBlock / 64), rows],
      ),
      cache.dispatch(
        roundedTileKernel('float16', shape, tile, 'emulated'),
        pass,
        [q, d, part.quants, ...(part.scales ? [part.scales] : []), y],
        [Math.ceil(all / tile.outputs), Math.ceil(rows / tile.rows)],
      ),
    ];
    const got = await floatsAfter(device, list, y, rows * outputs);
    own.dispose();
    const rounded = Float64Array.from(x, (value, i) => {
      const from = i - ((i % xStride) % roundedBlock);
      const block = x.subarray(from, Math.min(from + roundedBlock, from - (from % xStride) + xStride));
      const top = block.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
      const step = top === 0 ? 1 : 2 ** (Math.floor(Math.log2(top)) + 1);
      return half(value / step) * step;
    });
    const dot = (r: number, o: number) => {
      let sum = 0;
      for (let c = 0; c < columns; c++) sum += rounded[r * xStride + c] * half(weights[o * columns + c]);
      return sum;
    };
    const expected = Float32Array.from({ length: rows * outputs }, (_, i) => {
      const [r, o] = [Math.floor(i / outputs), i % outputs];
      return gated ? Math.max(0, dot(r, o)) * dot(r, o + outputs) : dot(r, o);
    });
    return { got, expected };
  }
  const worst = ({ got, expected }: { got: Float32Array; expected: Float32Array }) =>
    Math.max(...got.map((value, i) => Math.abs(value - expected[i]))) / Math.max(...expected.map(Math.abs));

  it.each(['F32', 'F16', 'Q4_1', 'Q6_K'] as const)(
    '%s: are those of rows and weights rounded to binary16, whatever the size of the rows',
    async (dtype) => {
      const wave = (r: number, c: number) => Math.sin(r * 31 + c * 7.3) * 10 ** (((r + (c >> 5)) % 12) - 4);
      const plain = { rows: 19, outputs: 70, columns: dtype === 'F32' ? 44 : 256, gated: false };
      const gated = { rows: 40, outputs: 37, columns: 256, gated: true };
      expect(worst(await product(dtype, plain, { rows: 16, outputs: 64 }, wave))).toBeLessThan(2e-5);
      expect(worst(await product(dtype, gated, { rows: 32, outputs: 32 }, wave))).toBeLessThan(2e-5);
    },
  );

  it('columns that fill no eight and no block', () =>
    fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 70 }), async (columns) => {
        const size = { rows: 3, outputs: 5, columns, gated: false };
        const both = await product('F16', size, { rows: 16, outputs: 32 }, (r, c) => Math.cos(r + c));
        expect(worst(both)).toBeLessThan(2e-5);
      }),
      { numRuns: 3 },
    ));

  it('is refused as an option on a device without shader-f16', async () => {
    if (device.features.has('shader-f16')) return;
    await expect(loadModel(place, { activations: 'float16' })).rejects.toThrow(
      'activations: expected int16 on this device, which has no shader-f16',
    );
  });

  it('native kernels of every kind and cut are accepted by the compiler, as are a whole pass of them and of integers', async () => {
    await chooseBackend('webgpu', {
      peers: modules.peers,
      allowSoftwareGpu: true,
      dawnFlags: ['backend=null'],
    });
    const bare = webgpuDevice() as GPUDevice;
    expect(bare.features.has('shader-f16')).toBe(true);
    const cache = createKernelCache(bare);
    const memory = createDeviceMemory(bare);
    const some = Array.from({ length: 6 }, (_, i) => memory.storage(16, `some ${i}`));
    const pass = passOf(memory, 1);
    bare.pushErrorScope('validation');
    for (const dtype of dtypes)
      for (const gated of [false, true])
        for (const tile of [16, 32, 64, 128].map(
          (rows, i) => ({ rows, outputs: i & 1 ? 64 : 32 }) as GemmTile,
        )) {
          const kernel = roundedTileKernel(
            'float16',
            shapeOf(kindOf(dtype, 256) as WeightKind, 256, 9, gated),
            tile,
          );
          expect(kernel.f16).toBe(true);
          cache.dispatch(kernel, pass, some.slice(0, kernel.bindings.length), [1]);
        }
    expect((await bare.popErrorScope())?.message).toBeUndefined();
    memory.dispose();
    for (const activations of ['float16', 'int8'] as const) {
      using model = await loadModel(place, { activations });
      expect(model.quantizesActivations).toBe(true);
      using sequence = model.newSequence();
      await model.step([{ sequence, ids: Array.from({ length: 40 }, (_, i) => i) }]);
    }
  });
});
