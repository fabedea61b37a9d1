// Attention of rows that share loads against that of rows alone, for every mask and every way to keep the cache. On whatever adapter Dawn finds.
import { describe, expect, it } from 'vitest';
import * as modules from '../../../../../peers/modules.ts';
import type { CacheDtype } from '../../kv-cache/page-store.ts';
import { createDeviceMemory } from './device-memory.ts';
import { createKernelCache } from './kernel.ts';
import { type AttendShape, attendKernel, joinSplitsKernel, splitFloats } from './kernels/attend.ts';
import { attendTileKernel, queriesOf } from './kernels/attend-tile.ts';
import { rowFields, rowWords } from './kernels/gather.ts';
import { filled, floatsAfter, passOf, testDevice } from './try-kernels.ts';
import { createWebgpuPageStore } from './webgpu-page-store.ts';

const device = (await testDevice(modules)) as GPUDevice;
const pageSize = 4;
const [heads, groups] = [4, 2];

/** Both kernels' rows: three sequences that meet in workgroups, the first with a past of several tiles of keys. */
async function both(
  shape: Partial<AttendShape> & { headDim: number },
  dtype: CacheDtype = 'float32',
  spoilt?: number,
): Promise<readonly [Float32Array, Float32Array]> {
  const own = createDeviceMemory(device);
  const cache = createKernelCache(device, false);
  const store = createWebgpuPageStore(own, { layers: 1, groups, pageSize, headDim: shape.headDim }, dtype);
  const counts = [
    { past: 75, rows: 5 },
    { past: 0, rows: 7 },
    { past: 3, rows: 2 },
  ];
  const rows = counts.reduce((sum, { rows: n }) => sum + n, 0);
  const blocks: number[] = [];
  const lines = new Uint32Array(rows * rowWords);
  let page = 0;
  let row = 0;
  for (const [sequence, { past, rows: n }] of counts.entries()) {
    const first = blocks.length / 2;
    const pages = Math.ceil((past + n) / pageSize);
    store.ensure(Array.from({ length: pages }, (_, i) => page + i));
    for (let i = 0; i < pages; i++, page++) {
      const values = Float32Array.from({ length: 2 * groups * pageSize * shape.headDim }, (_, k) =>
        sequence === spoilt ? Number.NaN : Math.sin(k * 1.7 + page * 3.1),
      );
      store.write(page, values);
      blocks.push(store.slot(page), i * pageSize);
    }
    for (let t = past; t < past + n; t++, row++) {
      const at = row * rowWords;
      const block = Math.floor(t / pageSize);
      lines[at + rowFields.position] = t;
      lines[at + rowFields.firstBlock] = first;
      lines[at + rowFields.blocks] = block + 1;
      lines[at + rowFields.slot] = blocks[(first + block) * 2];
      lines[at + rowFields.offset] = t % pageSize;
    }
  }
  const stride = Math.ceil(((heads + 2 * groups) * shape.headDim) / 8) * 8;
  const full: AttendShape = {
    ...{ heads, groups, pageSize, stride, outStride: heads * shape.headDim, scale: 0.4, sinks: 0 },
    ...{ alibi: false, splits: 1, threads: 32, dtype, ...shape },
  };
  const words = (values: Uint32Array) => new Float32Array(values.buffer);
  const qkv = Float32Array.from({ length: rows * stride }, (_, i) => 2 * Math.cos(i * 0.37));
  const bound = [
    filled(own, qkv),
    store.keys(0),
    store.values(0),
    filled(own, words(lines)),
    filled(own, words(Uint32Array.from(blocks))),
    ...(full.alibi ? [filled(own, Float32Array.of(-0.5, -0.25, -0.1, -0.05))] : []),
  ];
  const pass = passOf(own, rows);
  const count = rows * heads * shape.headDim;
  const results: Float32Array[] = [];
  const queries = queriesOf(shape.headDim, full.threads);
  expect(queries).toBeGreaterThan(1);
  const { splits } = full;
  for (const [kernel, grid] of [
    [attendKernel(full, false), [heads, rows, splits]],
    [attendTileKernel({ ...full, splits: 1 }, queries), [heads, Math.ceil(rows / queries)]],
  ] as const) {
    const out = own.storage(count * 4, 'out');
    const parts = results.length === 0 && splits > 1 ? rows * heads * splits * splitFloats(shape.headDim) : 0;
    const to = parts > 0 ? own.storage(parts * 4, 'parts') : out;
    const dispatches = [cache.dispatch(kernel, pass, [...bound, to], grid)];
    if (parts > 0) dispatches.push(cache.dispatch(joinSplitsKernel(full), pass, [to, out], [heads, rows]));
    results.push(await floatsAfter(device, dispatches, out, count));
  }
  own.dispose();
  return results as [Float32Array, Float32Array];
}

const close = ([alone, shared]: readonly [Float32Array, Float32Array]) => {
  expect(Math.max(...alone.map(Math.abs))).toBeGreaterThan(0.01);
  for (const [i, value] of shared.entries()) expect(Math.abs(value - alone[i])).toBeLessThan(2e-6);
};

describe.skipIf(device === undefined)('attention of rows that share what they load', () => {
  it.each([
    ['all before', {}],
    ['a window', { window: 6 }],
    ['a window beside first tokens', { window: 5, sinks: 2 }],
    ['a softcap', { softcap: 0.7 }],
    ['linear biases', { alibi: true }],
    ['a window, a softcap and biases', { window: 9, softcap: 1.5, alibi: true, sinks: 1 }],
  ] as const)('%s: is that of each row alone', async (_, mask) => {
    close(await both({ headDim: 16, ...mask }));
  });

  it.each([
    [6, 32],
    [20, 32],
    [64, 64],
    [160, 128],
  ])('heads of %i by %i threads: is that of each row alone', async (headDim, threads) => {
    close(await both({ headDim, threads }));
  });

  it.each(['float16', 'int8'] as const)(
    'a cache of %s: is that of each row alone, near float32',
    async (dtype) => {
      const [exact] = await both({ headDim: 10 });
      const own = await both({ headDim: 10 }, dtype);
      close(own);
      const far = Math.max(...own[0].map((value, i) => Math.abs(value - exact[i])));
      expect(far).toBeGreaterThan(0);
      expect(far).toBeLessThan(dtype === 'float16' ? 2e-3 : 3e-2);
    },
  );

  it.each(['float32', 'float16', 'int8'] as const)(
    'a cache of %s in splits: is that of each row alone, whatever the mask',
    async (dtype) => {
      const mask = { window: 40, softcap: 1.5, alibi: true, sinks: 1, headDim: 12 };
      const [alone, shared] = await both(mask, dtype);
      close([alone, shared]);
      const [split] = await both({ ...mask, splits: 4 }, dtype);
      close([alone, split]);
    },
  );

  it('what is not a number in one sequence stays there', async () => {
    const width = heads * 16;
    for (const [spoilt, rows] of [
      [0, [0, 5]],
      [1, [5, 12]],
      [2, [12, 14]],
    ] as const) {
      const [, shared] = await both({ headDim: 16 }, 'float32', spoilt);
      for (const [i, value] of shared.entries())
        expect(Number.isNaN(value)).toBe(i >= rows[0] * width && i < rows[1] * width);
    }
  });

  it('heads that no row of threads covers share nothing', () => {
    expect([queriesOf(512, 128), queriesOf(256, 32), queriesOf(128, 32), queriesOf(256, 128)]).toEqual([
      1, 1, 8, 4,
    ]);
  });
});
