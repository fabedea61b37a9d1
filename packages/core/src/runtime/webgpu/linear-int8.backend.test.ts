// Products of integers on the device: exact where nothing has to be rounded, within half a step of every activation elsewhere. On whatever adapter Dawn finds.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import * as modules from '../../../../../peers/modules.ts';
import { hasPackedProducts } from '../../backends/webgpu.ts';
import { parseModelConfig } from '../../models/config.ts';
import { loadModel } from '../../models/load-model.ts';
import { createModel } from '../../models/model.ts';
import { listParameters } from '../../models/parameters.ts';
import { openCheckpoint } from '../../weights/open-checkpoint.ts';
import { createDeviceMemory } from './device-memory.ts';
import type { KernelCache } from './kernel.ts';
import type { LinearShape } from './kernels/linear.ts';
import { gemvInt8Kernel } from './kernels/linear-int8.ts';
import { hasIntegers } from './kernels/raw-integers.ts';
import { roundedBlock, roundRowsKernel } from './kernels/round-rows.ts';
import { roundedTileKernel } from './kernels/rounded-tiles.ts';
import { gpuTuning, softwareTuning } from './linear-tuning.ts';
import { loadWebgpuModel } from './load-webgpu-model.ts';
import { filled, floatsAfter, passOf, randomMatrix, testCaches, testDevice } from './try-kernels.ts';
import { floatKind, kindOf, type WeightKind } from './weight-kind.ts';

const cases = join(dirname(fileURLToPath(import.meta.url)), '../../../../../conformance/cases/models');
const device = (await testDevice(modules)) as GPUDevice;
const able = device !== undefined && hasPackedProducts(device);
const dtypes = ['Q8_0', 'Q4_0', 'Q4_1', 'Q5_0', 'Q5_1', 'Q4_K', 'Q5_K', 'Q6_K'] as const;

describe.skipIf(!able)('products of integers', () => {
  let caches: KernelCache[];
  beforeAll(() => {
    caches = testCaches(device);
  });

  /** Products of few rows at a time, and of tiles. */
  const cuts = ['few', { rows: 16, outputs: 64 }, { rows: 64, outputs: 32 }] as const;

  /** Products of `rows` rows of x [rows, columns] with random weights; `bound` is what rounding may change of each. */
  async function product(
    dtype: (typeof dtypes)[number],
    {
      rows,
      outputs,
      columns,
      gated = false,
    }: { rows: number; outputs: number; columns: number; gated?: boolean },
    of: (row: number, column: number) => number,
    cache: KernelCache,
    cut: (typeof cuts)[number] = 'few',
  ) {
    const all = gated ? 2 * outputs : outputs;
    const own = createDeviceMemory(device);
    const { kind, part, weights } = randomMatrix(own, dtype, all, columns, 5);
    const x = Float32Array.from({ length: rows * columns }, (_, i) =>
      of(Math.floor(i / columns), i % columns),
    );
    const from = filled(own, x);
    const [q, d] = [own.storage(rows * columns, 'q'), own.storage((rows * columns) / 8, 'd')];
    const y = own.storage(rows * outputs * 4, 'y');
    const pass = passOf(own, rows);
    const shape: LinearShape = {
      ...{
        kind,
        columns,
        outputs,
        outOffset: 0,
        biasOffset: 0,
        outStride: outputs,
        xStride: columns,
        bias: false,
      },
      ...(gated ? { gated, activation: 'relu' as const } : {}),
    };
    const bound = [q, d, part.quants, part.scales as GPUBuffer, y];
    const [at, group] = [2, { threads: 8, outputs: 2 }];
    const list = [
      cache.dispatch(
        roundRowsKernel('int8', columns, columns),
        pass,
        [from, q, d],
        [Math.ceil(columns / roundedBlock / 64), rows],
      ),
      cut === 'few'
        ? cache.dispatch(gemvInt8Kernel(shape, at, group, cache.subgroups), pass, bound, [
            Math.ceil(outputs / group.outputs),
            1,
            Math.ceil(rows / at),
          ])
        : cache.dispatch(roundedTileKernel('int8', shape, cut), pass, bound, [
            Math.ceil(all / cut.outputs),
            Math.ceil(rows / cut.rows),
          ]),
    ];
    const got = await floatsAfter(device, list, y, rows * outputs);
    own.dispose();
    cache.forgetGroups();
    const dot = (r: number, o: number, half: boolean) => {
      let sum = 0;
      for (let b = 0; b < columns; b += roundedBlock) {
        const block = x.subarray(r * columns + b, r * columns + b + roundedBlock);
        const step = Math.max(...block.map(Math.abs)) / 127;
        for (let c = 0; c < roundedBlock; c++) {
          const w = weights[o * columns + b + c];
          sum += half ? (Math.abs(w) * step) / 2 : block[c] * w;
        }
      }
      return sum;
    };
    return Array.from(got, (value, i) => {
      const [r, o] = [Math.floor(i / outputs), i % outputs];
      const [a, b] = [dot(r, o, false), gated ? dot(r, o + outputs, false) : 0];
      const [ea, eb] = [dot(r, o, true), gated ? dot(r, o + outputs, true) : 0];
      const exact = gated ? Math.max(0, a) * b : a;
      const bound = gated ? ea * Math.abs(b) + eb * Math.abs(a) + ea * eb : ea;
      return { value, exact, bound };
    });
  }

  it.each(dtypes)(
    '%s: integers of at most 127 lose nothing, whatever the rows and the device',
    async (dtype) => {
      // A tile takes seconds to compile on a software adapter: one cut of each.
      for (const [cache, cut, gated] of [
        ...caches.flatMap((own) => [false, true].map((g) => [own, cuts[0], g] as const)),
        [caches[0], cuts[1], false] as const,
        [caches[0], cuts[2], true] as const,
      ]) {
        // 127 in every block makes its step 1.
        const list = await product(
          dtype,
          { rows: cut === 'few' ? 3 : 19, outputs: cut === 'few' ? 5 : 37, columns: 512, gated },
          (r, c) => (c % 32 === (r * 7) % 32 ? 127 : ((c * 37 + r * 11) % 255) - 127),
          cache,
          cut,
        );
        const size = Math.max(...list.map(({ exact }) => Math.abs(exact)));
        for (const { value, exact } of list) expect(Math.abs(value - exact) / size).toBeLessThan(2e-5);
      }
    },
  );

  it.each(dtypes)('%s: other activations are within half a step each', async (dtype) => {
    let changed = 0;
    for (const [gated, cut] of [false, true].flatMap((g) => cuts.slice(0, 2).map((c) => [g, c] as const))) {
      const list = await product(
        dtype,
        { rows: 3, outputs: 6, columns: 256, gated },
        (r, c) => Math.sin(r * 31 + c * 7.3) * 10 ** ((c >> 5) % 3),
        caches[0],
        cut,
      );
      for (const { value, exact, bound } of list) {
        expect(Math.abs(value - exact)).toBeLessThan(bound * 1.001 + 1e-5);
        if (value !== exact) changed++;
      }
    }
    expect(changed).toBeGreaterThan(0);
  });

  it('a row of zeros is zero', async () => {
    const list = await product('Q4_1', { rows: 2, outputs: 4, columns: 64 }, () => 0, caches[0]);
    for (const { value } of list) expect(Math.abs(value)).toBe(0);
  });

  it('weights that are no integers have no such product', () => {
    expect(hasIntegers(floatKind)).toBe(false);
    expect(dtypes.every((dtype) => hasIntegers(kindOf(dtype, 256) as WeightKind))).toBe(true);
  });

  it.each(['written-gguf-q80', 'written-gguf-q40'])(
    '%s: as an option of loadModel logits are close to those of float32, not equal, and the model says so',
    async (name) => {
      const place = join(cases, name);
      using exact = await loadModel(place);
      using rounded = await loadModel(place, { activations: 'int8' });
      expect([exact.quantizesActivations, rounded.quantizesActivations]).toEqual([false, true]);
      const rows = [];
      for (const model of [exact, rounded]) {
        using sequence = model.newSequence();
        for (const id of [3, 1, 4]) await model.step([{ sequence, ids: [id] }]);
        rows.push((await model.step([{ sequence, ids: [9] }]))[0]);
      }
      const [a, b] = rows;
      const norm = (values: ArrayLike<number>) => Math.hypot(...Array.from(values));
      const distance = norm(a.map((value, i) => value - b[i])) / norm(a);
      expect(distance).toBeGreaterThan(0);
      expect(distance).toBeLessThan(0.05);
    },
  );

  it('a prompt through tiles of integers has the logits of one through few rows at a time', async () => {
    const checkpoint = await openCheckpoint(join(cases, 'written-gguf-q40'));
    const config = parseModelConfig(checkpoint.config);
    const rows: Float32Array[] = [];
    for (const tuning of [gpuTuning, softwareTuning]) {
      const { executor, parameters, hash } = await loadWebgpuModel(
        config,
        listParameters(config),
        checkpoint.weights,
        { tuning, rounds: 'int8' },
      );
      using model = createModel({ config, parameters, assets: checkpoint.assets, hash, executor });
      using sequence = model.newSequence();
      rows.push((await model.step([{ sequence, ids: Array.from({ length: 20 }, (_, i) => i) }]))[0]);
    }
    await checkpoint.close();
    const size = Math.max(...rows[1].map(Math.abs));
    for (const [i, value] of rows[0].entries())
      expect(Math.abs(value - rows[1][i]) / size).toBeLessThan(2e-3);
  });

  it('is refused where it has no effect', async () => {
    const place = join(cases, 'written-gguf-q80');
    await expect(loadModel(place, { activations: 'int8', executor: 'composite' })).rejects.toThrow(
      "expected int16 on webgpu's composite path",
    );
    await expect(loadModel(place, { activations: 'int4' as 'int8' })).rejects.toThrow(
      'expected int16, int8 or float16',
    );
  });
});
