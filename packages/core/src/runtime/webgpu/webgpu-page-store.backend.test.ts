// Pages on the device in each way to keep them: what is written, copied, appended by the kernel and read back. On whatever adapter Dawn finds.
import { describe, expect, it } from 'vitest';
import * as modules from '../../../../../peers/modules.ts';
import type { CacheDtype, PageShape } from '../../kv-cache/page-store.ts';
import { halfTable, toHalfBits } from '../../weights/quantization/half.ts';
import { createDeviceMemory } from './device-memory.ts';
import { rowFields, rowWords } from './kernels/gather.ts';
import { rotateAppendKernel } from './kernels/rotate-append.ts';
import { filled, floatsAfter, passOf, testCaches, testDevice } from './try-kernels.ts';
import { createWebgpuPageStore } from './webgpu-page-store.ts';

const device = (await testDevice(modules)) as GPUDevice;
const dtypes = ['float32', 'float16', 'int8'] as const;
const shapeOf = (headDim: number): PageShape => ({ layers: 2, groups: 3, pageSize: 4, headDim });
const valuesOf = ({ layers, groups, pageSize, headDim }: PageShape, seed: number) =>
  Float32Array.from(
    { length: 2 * layers * groups * pageSize * headDim },
    (_, i) => 3 * Math.sin(i * 1.3 + seed) * Math.cos(i * 0.07),
  );

/** What is left of values that are kept as `dtype`, by the definition. */
function kept(values: Float32Array, headDim: number, dtype: CacheDtype): Float32Array {
  if (dtype === 'float32') return values;
  if (dtype === 'float16') return values.map((value) => halfTable()[toHalfBits(value)]);
  return values.map((value, i) => {
    const from = i - (i % headDim);
    const step = Math.fround(Math.max(...values.subarray(from, from + headDim).map(Math.abs)) / 127);
    return step === 0 ? 0 : Math.round(value / step) * step;
  });
}

/** Near to the last bit, or where a rounding falls on the other side, to a step. */
function expectKept(actual: Float32Array, values: Float32Array, headDim: number, dtype: CacheDtype): void {
  const wanted = kept(values, headDim, dtype);
  expect(actual.length).toBe(wanted.length);
  let other = 0;
  for (const [i, value] of actual.entries()) {
    const from = i - (i % headDim);
    const top = Math.max(...values.subarray(from, from + headDim).map(Math.abs));
    const off = Math.abs(value - wanted[i]);
    // Devices round what is below the normal numbers of binary16 as they like.
    if (dtype !== 'int8') expect(off).toBeLessThanOrEqual(Math.abs(values[i]) < 2 ** -14 ? 2 ** -24 : 0);
    else if (off > 1e-6 * top) {
      expect(off).toBeLessThan(top / 126);
      other++;
    }
  }
  expect(other).toBeLessThanOrEqual(actual.length / 200);
}

describe.skipIf(device === undefined)('pages on the device', () => {
  it.each(dtypes.flatMap((dtype) => [6, 16, 65].map((headDim) => [dtype, headDim] as const)))(
    '%s, heads of %i: read after write is the values as they are kept, beside others and after a copy',
    async (dtype, headDim) => {
      const shape = shapeOf(headDim);
      const memory = createDeviceMemory(device);
      const store = createWebgpuPageStore(memory, shape, dtype);
      const pages = Array.from({ length: 11 }, (_, i) => i);
      for (const page of pages) store.write(page, valuesOf(shape, page));
      for (const page of pages) expectKept(await store.read(page), valuesOf(shape, page), headDim, dtype);
      store.clear(3);
      store.copy(7, 12, shape.pageSize);
      store.write(7, valuesOf(shape, 70));
      expectKept(await store.read(12), valuesOf(shape, 7), headDim, dtype);
      expectKept(await store.read(7), valuesOf(shape, 70), headDim, dtype);
      // Once rounded, nothing is lost any more.
      const once = await store.read(5);
      store.write(5, once);
      const twice = await store.read(5);
      for (const [i, value] of twice.entries()) expect(Math.abs(value - once[i])).toBeLessThan(1e-6);
      expect(() => store.write(5, once.subarray(1))).toThrow(`page: expected ${once.length} values`);
      store.dispose();
      memory.dispose();
    },
  );

  it.each(dtypes.flatMap((dtype) => [10, 64].map((headDim) => [dtype, headDim] as const)))(
    '%s, heads of %i: what the kernel appends is what write keeps, zeros and large values too',
    async (dtype, headDim) => {
      const shape = { ...shapeOf(headDim), layers: 1 };
      const { groups, pageSize } = shape;
      for (const cache of testCaches(device)) {
        const memory = createDeviceMemory(device);
        const store = createWebgpuPageStore(memory, shape, dtype);
        store.ensure([0, 1]);
        store.write(1, valuesOf(shape, 9).fill(7));
        const values = valuesOf(shape, 1);
        values.fill(0, headDim, 2 * headDim);
        values[3 * headDim] = 60000;
        // [keys and values, groups, tokens, headDim] -> rows of query, keys, values.
        const [heads, rows] = [2, pageSize];
        const stride = (heads + 2 * groups) * headDim;
        const qkv = new Float32Array(rows * stride);
        const lines = new Uint32Array(rows * rowWords);
        for (let t = 0; t < rows; t++) {
          for (let side = 0; side < 2 * groups; side++) {
            const from = (side * pageSize + t) * headDim;
            qkv.set(values.subarray(from, from + headDim), t * stride + (heads + side) * headDim);
          }
          lines[t * rowWords + rowFields.slot] = store.slot(0);
          lines[t * rowWords + rowFields.offset] = t;
        }
        const buffer = filled(memory, qkv);
        const kernel = rotateAppendKernel(
          { heads, groups, headDim, pageSize, stride, append: dtype },
          cache.subgroups,
        );
        const dispatch = cache.dispatch(
          kernel,
          passOf(memory, rows),
          [buffer, store.keys(0), store.values(0), filled(memory, new Float32Array(lines.buffer))],
          [heads + 2 * groups, rows],
        );
        await floatsAfter(device, [dispatch], buffer, 1);
        expectKept(await store.read(0), values, headDim, dtype);
        for (const value of await store.read(1)) expect(value).toBeCloseTo(7, 5);
        memory.dispose();
      }
    },
  );
});
