// The largest logits found on the device against a sort of the row. On whatever adapter Dawn finds.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as modules from '../../../../../peers/modules.ts';
import type { TopLogits } from '../../generate/language-model.ts';
import { logSumExp } from '../../generate/logprobs.ts';
import { createDeviceMemory, type DeviceMemory } from './device-memory.ts';
import { type KernelCache, passBytes } from './kernel.ts';
import { replay } from './profile-pass.ts';
import { createStaging } from './staging.ts';
import { createTopFinder, topClass } from './top-logits.ts';
import { testCaches, testDevice } from './try-kernels.ts';

const device = (await testDevice(modules)) as GPUDevice;

/** The slow twin. */
const sorted = (row: Float32Array, count: number): number[] =>
  Array.from(row.keys())
    .sort((a, b) => row[b] - row[a] || a - b)
    .slice(0, count);

describe.skipIf(device === undefined)('the largest logits on the device', () => {
  let memory: DeviceMemory;
  let caches: KernelCache[];
  beforeAll(() => {
    memory = createDeviceMemory(device);
    caches = testCaches(device);
  });
  afterAll(() => memory.dispose());

  async function find(
    rows: readonly Float32Array[],
    wanted: number,
    cache: KernelCache,
  ): Promise<(TopLogits | undefined)[]> {
    const own = createDeviceMemory(device);
    const staging = createStaging(device);
    const size = rows[0].length;
    const finder = createTopFinder(own, cache, size);
    const count = topClass(wanted);
    const logits = own.storage(rows.length * size * 4, 'logits');
    rows.forEach((row, i) => {
      device.queue.writeBuffer(logits, i * size * 4, row as Float32Array<ArrayBuffer>);
    });
    finder.prepare(rows.length, count);
    const encoder = device.createCommandEncoder();
    const compute = encoder.beginComputePass();
    replay(compute, finder.dispatches(rows.length, count, logits, own.uniform(passBytes, 'pass')));
    compute.end();
    const back = staging.take(finder.bytes(rows.length, count));
    finder.copy(encoder, rows.length, count, back);
    device.queue.submit([encoder.finish()]);
    await back.mapAsync(GPUMapMode.READ);
    const words = new Uint32Array(back.getMappedRange().slice(0));
    back.destroy();
    own.dispose();
    cache.forgetGroups();
    return rows.map((_, row) => finder.read(words, row, rows.length, count, wanted));
  }

  const logit = fc.oneof(
    { weight: 6, arbitrary: fc.float({ noNaN: true, min: -30, max: 30 }) },
    { weight: 6, arbitrary: fc.integer({ min: -9, max: 9 }).map((v) => v / 4) },
    { weight: 1, arbitrary: fc.constantFrom(Number.NEGATIVE_INFINITY, 0, -0, 2 ** -140, 3.4e38, -3.4e38) },
  );
  /** Rows of any length without as many draws: a few drawn values, spread by a stride. */
  const spread = (values: readonly number[], size: number, seed: number) =>
    Float32Array.from(
      { length: size },
      (_, i) => values[(Math.imul(i + seed, 0x9e3779b1) >>> 7) % values.length],
    );
  const rowsOf = fc
    .tuple(
      // Few sizes: each is a kernel to compile.
      fc.constantFrom(1, 2, 300, 4096, 4097, 49152),
      fc.array(logit, { minLength: 1, maxLength: 900 }),
      fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
    )
    .map(([size, values, seeds]) => seeds.map((seed) => spread(values, size, seed)));

  it('are those of a sort, the lower id first among equals, with the normaliser', () =>
    fc.assert(
      fc.asyncProperty(rowsOf, fc.constantFrom(1, 40, 512), async (rows, wanted) => {
        for (const cache of caches) {
          const found = await find(rows, wanted, cache);
          rows.forEach((row, r) => {
            const ids = sorted(row, wanted);
            const { ids: own, logits, logSumExp: sum } = found[r] as TopLogits;
            expect(Array.from(own)).toEqual(ids);
            expect(Array.from(logits)).toEqual(ids.map((id) => row[id] + 0));
            const expected = logSumExp(row);
            if (Number.isFinite(expected)) expect(Math.abs(sum - expected)).toBeLessThan(2e-6);
            else expect(sum).toBe(expected);
          });
        }
      }),
      { numRuns: 12 },
    ));

  it('are not given of a row with a NaN, wherever it lies, and of its neighbours they are', async () => {
    for (const at of [0, 4095, 4096, 9999])
      for (const cache of caches) {
        const rows = [0, 1, 2].map(() => Float32Array.from({ length: 10000 }, (_, i) => (i % 97) - 50));
        rows[1][at] = Number.NaN;
        const found = await find(rows, 5, cache);
        expect(found.map((top) => top === undefined)).toEqual([false, true, false]);
      }
  });

  it('an infinite logit is the largest, and a row of nothing else has its ids in order', async () => {
    const one = new Float32Array(5000);
    one[4321] = Number.POSITIVE_INFINITY;
    const none = new Float32Array(5000).fill(Number.NEGATIVE_INFINITY);
    const [first, second] = (await find([one, none], 3, caches[0])) as TopLogits[];
    expect([Array.from(first.ids), first.logSumExp]).toEqual([[4321, 0, 1], Number.POSITIVE_INFINITY]);
    expect([Array.from(second.ids), second.logSumExp]).toEqual([[0, 1, 2], Number.NEGATIVE_INFINITY]);
  });

  it('are a few kilobytes to read, whatever the vocabulary', () => {
    for (const size of [1024, 49152, 151936, 262144]) {
      const finder = createTopFinder(memory, caches[0], size);
      for (const wanted of [1, 32, 128, 512]) expect(finder.bytes(1, topClass(wanted))).toBeLessThan(8192);
    }
  });
});
