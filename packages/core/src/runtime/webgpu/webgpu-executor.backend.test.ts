// Parity of the webgpu executor with the composite path on the embedded model, on whatever adapter Dawn finds.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allowSwiftShader, peers } from '../../../../../peers/modules.ts';
import { chooseBackend } from '../../backends/choose.ts';
import { generateBatch } from '../../generate/generate.ts';
import type { TopLogits } from '../../generate/language-model.ts';
import { logSumExp } from '../../generate/logprobs.ts';
import { estimateMemory } from '../../inspect/estimate-memory.ts';
import { parseModelConfig } from '../../models/config.ts';
import { loadModel } from '../../models/load-model.ts';
import { createModel, type Model } from '../../models/model.ts';
import { listParameters } from '../../models/parameters.ts';
import { openCheckpoint } from '../../weights/open-checkpoint.ts';
import { gpuTuning } from './linear-tuning.ts';
import { loadWebgpuModel } from './load-webgpu-model.ts';

const place = join(dirname(fileURLToPath(import.meta.url)), '../../../../../models/stories');
allowSwiftShader();
const start = () => chooseBackend('webgpu', { peers, allowSoftwareGpu: true });
const started = await start().then(
  () => true,
  () => false,
);

const last = async (model: Model, ids: readonly number[]): Promise<Float32Array> => {
  using sequence = model.newSequence();
  const [row] = await model.step([{ sequence, ids }]);
  return row;
};
const close = (a: Float32Array, b: Float32Array, tolerance = 5e-4) => {
  expect(a.length).toBe(b.length);
  let worst = 0;
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i] - b[i]));
  expect(worst).toBeLessThan(tolerance);
};

describe.skipIf(!started)('the webgpu executor', () => {
  let fused: Model;
  let oracle: Model;
  let expected: (ids: readonly number[]) => Promise<Float32Array>;
  beforeAll(async () => {
    // The slow twin on cpu: the composite path on a software GPU takes a second a step.
    await chooseBackend('cpu');
    oracle = await loadModel(place);
    expected = async (ids) => {
      await tf.setBackend('cpu');
      const row = await last(oracle, ids);
      await tf.setBackend('webgpu');
      return row;
    };
    await start();
    fused = await loadModel(place);
  });
  afterAll(async () => {
    fused?.dispose();
    await tf.setBackend('cpu');
    oracle?.dispose();
  });

  it('is what loadModel takes on webgpu, unless composite is asked for', async () => {
    expect([fused.executor, fused.quantizesActivations]).toEqual(['webgpu', false]);
    using composite = await loadModel(place, { executor: 'composite' });
    expect(composite.executor).toBe('composite');
    expect(fused.weightBytes).toBeLessThan(composite.weightBytes * 0.6);
  });

  it('answers the composite logits, whatever the prompt', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.nat(1023), { minLength: 1, maxLength: 70 }), async (ids) => {
        close(await last(fused, ids), await expected(ids));
      }),
      { numRuns: 6 },
    ));

  it('gives the same logits however a prompt is cut into steps, beyond several pages', () =>
    fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 150 }), fc.nat(148), async (length, at) => {
        const ids = Array.from({ length }, (_, i) => (i * 37 + at) % 1024);
        const cut = 1 + (at % (length - 1));
        using sequence = fused.newSequence();
        await fused.step([{ sequence, ids: ids.slice(0, cut) }]);
        const [row] = await fused.step([{ sequence, ids: ids.slice(cut) }]);
        close(row, await last(fused, ids), 1e-4);
      }),
      { numRuns: 6 },
    ));

  it('a long past is shared out among workgroups without a change', async () => {
    const ids = Array.from({ length: 500 }, (_, i) => (i * 37) % 1024);
    using sequence = fused.newSequence();
    await fused.step([{ sequence, ids: ids.slice(0, 499) }]);
    const [row] = await fused.step([{ sequence, ids: ids.slice(499) }]);
    close(row, await expected(ids));
  });

  it('gives each sequence of a batch what it would get alone, prompts of unequal lengths included', async () => {
    const prompts = [[1, 2, 3], [7], [5, 6, 7, 8, 9, 10, 11]];
    const sequences = prompts.map(() => fused.newSequence());
    const rows = await fused.step(prompts.map((ids, i) => ({ sequence: sequences[i], ids })));
    for (const [i, ids] of prompts.entries()) close(rows[i], await last(fused, ids), 1e-4);
    for (const sequence of sequences) sequence.dispose();
  });

  it('reads of each request what is wanted: the row, its largest logits, the row after all, or nothing', async () => {
    const readStep = fused.readStep as NonNullable<Model['readStep']>;
    const prompts = [[1, 2, 3], [7], [5, 6, 7, 8], [9, 9]];
    const rows = await Promise.all(prompts.map((ids) => last(fused, ids)));
    const sequences = prompts.map(() => fused.newSequence());
    const asked: TopLogits[] = [];
    const few = (enough: boolean) => ({
      count: 5,
      enough(top: TopLogits) {
        asked.push(top);
        return enough;
      },
    });
    const reads = ['row', few(true), few(false), 'nothing'] as const;
    const answers = await readStep(
      prompts.map((ids, i) => ({ sequence: sequences[i], ids, read: reads[i] })),
    );
    close(answers[0] as Float32Array, rows[0], 1e-4);
    close(answers[2] as Float32Array, rows[2], 1e-4);
    expect(answers[1]).toBe(asked[0]);
    const { ids, logits, logSumExp: sum } = asked[0];
    const best = Array.from(rows[1].keys()).sort((a, b) => rows[1][b] - rows[1][a] || a - b);
    expect(Array.from(ids)).toEqual(best.slice(0, 5));
    close(
      logits,
      Float32Array.from(best.slice(0, 5), (id) => rows[1][id]),
      1e-4,
    );
    expect(sum).toBeCloseTo(logSumExp(rows[1]), 4);
    // What nobody reads has been appended all the same.
    expect(sequences.map(({ length }) => length)).toEqual([3, 1, 4, 2]);
    const [row] = await fused.step([{ sequence: sequences[3], ids: [4] }]);
    close(row, await last(fused, [9, 9, 4]), 1e-4);
    for (const sequence of sequences) sequence.dispose();
  });

  it('a row that is read after all is that of its own pass, whatever else is stepped meanwhile', async () => {
    const readStep = fused.readStep as NonNullable<Model['readStep']>;
    const prompts = Array.from({ length: 4 }, (_, i) => [10 + i, 20 * i, 3]);
    const rows: Float32Array[] = [];
    for (const ids of prompts) rows.push(await last(fused, ids));
    const answers = await Promise.all(
      prompts.map(async (ids, i) => {
        using sequence = fused.newSequence();
        const read = i % 2 === 0 ? { count: 2, enough: () => false } : ('row' as const);
        return (await readStep([{ sequence, ids, read }]))[0] as Float32Array;
      }),
    );
    for (const [i, row] of answers.entries()) close(row, rows[i], 1e-6);
  });

  it('generates the ids of whole rows from the largest logits, one sequence or several', async () => {
    const { readStep, ...rest } = fused;
    const plain = rest as Model;
    for (const prompts of [[[1, 2, 3]], [[5], [8, 8, 8], [1, 900]]]) {
      const [short, whole] = [fused, plain].map(async (model) => {
        const steps: { id: number; sequence: number | undefined; logprob: number }[] = [];
        for await (const { id, sequence, logprob } of generateBatch(model, prompts, {
          maxNewTokens: 24,
          logprobs: 3,
        }))
          steps.push({ id, sequence, logprob: logprob as number });
        return steps;
      });
      const near = (await whole).map((step) => ({ ...step, logprob: expect.closeTo(step.logprob, 3) }));
      expect(await short).toEqual(near);
    }
    expect(readStep).toBeDefined();
  });

  it('a fork goes on without disturbing its parent, and a snapshot restores', async () => {
    using parent = fused.newSequence();
    await fused.step([{ sequence: parent, ids: [1, 2, 3, 4, 5] }]);
    using child = parent.fork();
    await fused.step([{ sequence: child, ids: [9, 9, 9] }]);
    using again = fused.restoreSequence(await parent.snapshot());
    const [row] = await fused.step([{ sequence: parent, ids: [6] }]);
    const [restored] = await fused.step([{ sequence: again, ids: [6] }]);
    close(restored, row, 1e-6);
    close(row, await last(fused, [1, 2, 3, 4, 5, 6]), 1e-4);
  });

  it('parameters are the stored ones, and one that is set is used: a norm, a packed matrix', async () => {
    const own = await loadModel(place);
    const before = await last(own, [1, 2, 3]);
    for (const name of [
      'finalNorm.weight',
      'layers.1.attention.k.weight',
      'layers.0.mlp.down.weight',
      'embedding.weight',
    ]) {
      const value = own.parameters.get(name) as tf.Tensor;
      const values = await value.data();
      const stored = await (oracle.parameters.get(name) as tf.Tensor).data();
      expect(value.shape).toEqual(oracle.parameters.get(name)?.shape);
      close(values as Float32Array, stored as Float32Array, 1e-7);
      own.setParameter(name, tf.mul(value, 1));
    }
    // The same values as float32: nothing changes.
    close(await last(own, [1, 2, 3]), before, 1e-5);
    const gate = own.parameters.get('layers.2.mlp.gate.weight') as tf.Tensor;
    own.setParameter('layers.2.mlp.gate.weight', tf.zerosLike(gate));
    const without = await last(own, [1, 2, 3]);
    expect(Math.max(...without.map((value, i) => Math.abs(value - before[i])))).toBeGreaterThan(1e-3);
    own.setParameter('finalNorm.weight', tf.zerosLike(own.parameters.get('finalNorm.weight') as tf.Tensor));
    expect(Math.max(...(await last(own, [1, 2, 3])).map(Math.abs))).toBe(0);
    own.dispose();
  });

  it('hooks and forward see the same weights', async () => {
    const logits = fused.forward([1, 2, 3]);
    const all = (await logits.data()) as Float32Array;
    logits.dispose();
    close(all.slice(2 * fused.vocabSize), await expected([1, 2, 3]));
  });

  it('answers the same with the kernels of a GPU, with and without subgroups', async () => {
    const checkpoint = await openCheckpoint(place);
    const config = parseModelConfig(checkpoint.config);
    for (const subgroups of [undefined, false]) {
      const options = { tuning: gpuTuning, subgroups };
      const { executor, parameters, hash } = await loadWebgpuModel(
        config,
        listParameters(config),
        checkpoint.weights,
        options,
      );
      using model = createModel({ config, parameters, assets: checkpoint.assets, hash, executor });
      for (const length of subgroups === false ? [3] : [1, 3, 12, 40]) {
        const ids = Array.from({ length }, (_, i) => (i * 37 + length) % 1024);
        close(await last(model, ids), await expected(ids));
      }
    }
    await checkpoint.close();
  });

  it('holds what estimateMemory says, within a tenth', async () => {
    const checkpoint = await openCheckpoint(place);
    const config = parseModelConfig(checkpoint.config);
    const { executor, parameters, hash } = await loadWebgpuModel(
      config,
      listParameters(config),
      checkpoint.weights,
      {},
    );
    using model = createModel({ config, parameters, assets: checkpoint.assets, hash, executor });
    await last(
      model,
      Array.from({ length: 320 }, (_, i) => i),
    );
    const { total } = estimateMemory(config, {
      contextTokens: 320,
      stored: checkpoint.weights,
      executor: 'webgpu',
    });
    expect(Math.abs(executor.deviceBytes / total - 1)).toBeLessThan(0.1);
    await checkpoint.close();
  });

  it('leaves nothing behind', async () => {
    const cycle = async () => {
      const own = await loadModel(place);
      await last(own, [1, 2, 3]);
      own.parameters.get('layers.1.attention.k.weight');
      own.dispose();
    };
    await cycle();
    const tensors = tf.memory().numTensors;
    await cycle();
    expect(tf.memory().numTensors).toBe(tensors);
  });
});
