// For tests: the laws of an executor of plans, whatever it runs on, over the embedded model (F16 weights: no rounding of activations). The composite path is the slow twin.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateBatch } from '../generate/generate.ts';
import type { LanguageModel, Sequence, StepRequest, TopLogits } from '../generate/language-model.ts';
import { logSumExp } from '../generate/logprobs.ts';
import { loadModel } from '../models/load-model.ts';
import type { Model } from '../models/model.ts';
import type { Scheduler } from './scheduler/serving.ts';
import { createScheduler } from './scheduler.ts';

/** The checkpoint of the laws. */
export const embeddedModel = join(dirname(fileURLToPath(import.meta.url)), '../../../../models/stories');

/** The executor under test and its twin. */
export interface ExecutorSides {
  readonly fused: Model;
  readonly oracle: Model;
  /** The twin's logits behind the last id. */
  expected(ids: readonly number[]): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** How near is near, and how often a law is tried. */
export interface ExecutorTolerances {
  readonly skip?: boolean;
  /** Against the twin. */
  readonly twin: number;
  /** Against itself, other steps or another batch. */
  readonly itself: number;
  readonly runs: number;
}

/** The logits behind the last of `ids`. */
export async function rowBehind(model: Model, ids: readonly number[]): Promise<Float32Array> {
  using sequence = model.newSequence();
  const [row] = await model.step([{ sequence, ids }]);
  return row;
}

/** Expects the largest difference to stay below `tolerance`. */
export function expectClose(a: Float32Array, b: Float32Array, tolerance: number): void {
  expect(a.length).toBe(b.length);
  let worst = 0;
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i] - b[i]));
  expect(worst).toBeLessThan(tolerance);
}

/**
 * Expects of four requests in one step, of which the row is read, its largest logits, the row after all and nothing, what `rows` say, as near as `near` demands.
 * Answers the largest logits, or undefined where the model gave the row instead.
 */
export async function expectWantedReads<S extends Sequence>(
  model: Pick<LanguageModel<S>, 'readStep'>,
  requests: readonly StepRequest<S>[],
  rows: readonly Float32Array[],
  near: (a: Float32Array, b: Float32Array) => void,
): Promise<TopLogits | undefined> {
  const asked: TopLogits[] = [];
  const few = (enough: boolean) => ({
    count: 5,
    enough(top: TopLogits) {
      asked.push(top);
      return enough;
    },
  });
  const reads = ['row', few(true), few(false), 'nothing'] as const;
  const readStep = model.readStep as NonNullable<LanguageModel<S>['readStep']>;
  const answers = await readStep(requests.map((request, i) => ({ ...request, read: reads[i] })));
  near(answers[0] as Float32Array, rows[0]);
  near(answers[2] as Float32Array, rows[2]);
  expect(answers[3]).toBeUndefined();
  if (answers[1] instanceof Float32Array) {
    expect(asked).toEqual([]);
    near(answers[1], rows[1]);
    return undefined;
  }
  const [top] = asked;
  expect(answers[1]).toBe(top);
  const best = Array.from(rows[1].keys())
    .sort((a, b) => rows[1][b] - rows[1][a] || a - b)
    .slice(0, 5);
  expect(Array.from(top.ids)).toEqual(best);
  near(
    Float32Array.from(top.logits),
    Float32Array.from(best, (id) => rows[1][id]),
  );
  expect(top.logSumExp).toBeCloseTo(logSumExp(rows[1]), 4);
  return top;
}

/** The laws, and `more` of the executor's own; `open` starts the backend and loads both sides. */
export function executorContract(
  name: string,
  open: () => Promise<ExecutorSides>,
  { skip = false, twin, itself, runs }: ExecutorTolerances,
  more: (sides: () => ExecutorSides) => void,
): void {
  describe.skipIf(skip)(`the ${name} executor`, () => {
    let sides: ExecutorSides;
    let fused: Model;
    beforeAll(async () => {
      sides = await open();
      fused = sides.fused;
    });
    afterAll(() => sides?.dispose());

    it(`is what loadModel takes on ${name}, unless composite is asked for`, async () => {
      expect([fused.executor, fused.quantizesActivations]).toEqual([name, false]);
      using composite = await loadModel(embeddedModel, { executor: 'composite' });
      expect(composite.executor).toBe('composite');
      expect(fused.weightBytes).toBeLessThan(composite.weightBytes * 0.6);
    });

    it('answers the composite logits, whatever the prompt', () =>
      fc.assert(
        fc.asyncProperty(fc.array(fc.nat(1023), { minLength: 1, maxLength: 70 }), async (ids) => {
          expectClose(await rowBehind(fused, ids), await sides.expected(ids), twin);
        }),
        { numRuns: runs },
      ));

    it('gives the same logits however a prompt is cut into steps, beyond several pages', () =>
      fc.assert(
        fc.asyncProperty(fc.integer({ min: 2, max: 150 }), fc.nat(148), async (length, at) => {
          const ids = Array.from({ length }, (_, i) => (i * 37 + at) % 1024);
          const cut = 1 + (at % (length - 1));
          using sequence = fused.newSequence();
          await fused.step([{ sequence, ids: ids.slice(0, cut) }]);
          const [row] = await fused.step([{ sequence, ids: ids.slice(cut) }]);
          expectClose(row, await rowBehind(fused, ids), itself);
        }),
        { numRuns: runs },
      ));

    it('a long past is shared out without a change', async () => {
      const ids = Array.from({ length: 500 }, (_, i) => (i * 37) % 1024);
      using sequence = fused.newSequence();
      await fused.step([{ sequence, ids: ids.slice(0, 499) }]);
      const [row] = await fused.step([{ sequence, ids: ids.slice(499) }]);
      expectClose(row, await sides.expected(ids), twin);
    });

    it('gives each sequence of a batch what it would get alone, prompts of unequal lengths included', async () => {
      const prompts = [[1, 2, 3], [7], [5, 6, 7, 8, 9, 10, 11]];
      const sequences = prompts.map(() => fused.newSequence());
      const rows = await fused.step(prompts.map((ids, i) => ({ sequence: sequences[i], ids })));
      for (const [i, ids] of prompts.entries()) expectClose(rows[i], await rowBehind(fused, ids), itself);
      for (const sequence of sequences) sequence.dispose();
    });

    it('reads of each request what is wanted: the row, its largest logits or the row, the row after all, or nothing', async () => {
      const prompts = [[1, 2, 3], [7], [5, 6, 7, 8], [9, 9]];
      const rows: Float32Array[] = [];
      for (const ids of prompts) rows.push(await rowBehind(fused, ids));
      const requests = prompts.map((ids) => ({ sequence: fused.newSequence(), ids }));
      await expectWantedReads(fused, requests, rows, (a, b) => expectClose(a, b, itself));
      for (const { sequence } of requests) sequence.dispose();
    });

    it('what nobody reads is appended all the same: in pieces, beside sequences that are read, in a pass of its own', async () => {
      const readStep = fused.readStep as NonNullable<Model['readStep']>;
      const ids = Array.from({ length: 150 }, (_, i) => (i * 41 + 3) % 1024);
      using sequence = fused.newSequence();
      using other = fused.newSequence();
      expect(await readStep([{ sequence, ids: ids.slice(0, 130), read: 'nothing' }])).toEqual([undefined]);
      const [nothing, row] = await readStep([
        { sequence, ids: ids.slice(130, 140), read: 'nothing' },
        { sequence: other, ids: [5, 6], read: 'row' },
      ]);
      expect(nothing).toBeUndefined();
      expectClose(row as Float32Array, await rowBehind(fused, [5, 6]), itself);
      await readStep([{ sequence, ids: [ids[140]], read: 'nothing' }]);
      expect(sequence.length).toBe(141);
      const [end] = await fused.step([{ sequence, ids: ids.slice(141) }]);
      expectClose(end, await rowBehind(fused, ids), itself);
    });

    it('a row that is read after all is that of its own pass, whatever else is stepped meanwhile', async () => {
      const readStep = fused.readStep as NonNullable<Model['readStep']>;
      const prompts = Array.from({ length: 4 }, (_, i) => [10 + i, 20 * i, 3]);
      const rows: Float32Array[] = [];
      for (const ids of prompts) rows.push(await rowBehind(fused, ids));
      const answers = await Promise.all(
        prompts.map(async (ids, i) => {
          using sequence = fused.newSequence();
          const read = i % 2 === 0 ? { count: 2, enough: () => false } : ('row' as const);
          return (await readStep([{ sequence, ids, read }]))[0] as Float32Array;
        }),
      );
      for (const [i, row] of answers.entries()) expectClose(row, rows[i], 1e-6);
    });

    it('generates the ids of whole rows from what readStep gives, one sequence or several', async () => {
      const { readStep, ...rest } = fused;
      const plain = rest as Model;
      for (const prompts of [[[1, 2, 3]], [[5], [8, 8, 8], [1, 900]]]) {
        const [short, whole] = [fused, plain].map(async (model) => {
          const steps: { id: number; sequence: number | undefined; logprob: number }[] = [];
          const options = { maxNewTokens: 24, logprobs: 3 };
          for await (const { id, sequence, logprob } of generateBatch(model, prompts, options))
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
      expectClose(restored, row, 1e-6);
      expectClose(row, await rowBehind(fused, [1, 2, 3, 4, 5, 6]), itself);
    });

    const past = Array.from({ length: 530 }, (_, i) => (i * 37 + 11) % 1000);
    let plain: Promise<readonly Float32Array[]> | undefined;
    /** The logits behind `past`, and those behind one id more, with a cache of float32. */
    const plainRows = () => {
      plain ??= (async () => {
        using sequence = fused.newSequence();
        const [prompt] = await fused.step([{ sequence, ids: past }]);
        return [prompt, (await fused.step([{ sequence, ids: [5] }]))[0]];
      })();
      return plain;
    };

    describe.each([
      ['float16', 2e-2],
      ['int8', 0.5],
    ] as const)('with a cache of %s', (dtype, tolerance) => {
      it('logits stay near those of float32, over pages, forks, snapshots and a long past', async () => {
        using own = await loadModel(embeddedModel, { cache: { dtype } });
        const [expectedPrompt, expected] = await plainRows();
        using sequence = own.newSequence();
        const [prompt] = await own.step([{ sequence, ids: past }]);
        expectClose(prompt, expectedPrompt, tolerance);
        using child = sequence.fork();
        using again = own.restoreSequence(await sequence.snapshot());
        const rows = await own.step([sequence, child, again].map((s) => ({ sequence: s, ids: [5] })));
        for (const row of rows) expectClose(row, expected, tolerance);
        expect(Math.max(...rows[0].map((value, i) => Math.abs(value - expected[i])))).toBeGreaterThan(0);
        expectClose(rows[1], rows[0], 1e-4);
        expectClose(rows[2], rows[0], dtype === 'int8' ? 1e-2 : 1e-4);
        // The child wrote into a page of its own.
        const next = await own.step([{ sequence, ids: [6] }]);
        expectClose(next[0], (await own.step([{ sequence: child, ids: [6] }]))[0], 1e-4);
      });

      it('a prefix that was kept, or saved and restored, goes on with the same ids', async () => {
        using own = await loadModel(embeddedModel, { cache: { dtype, pageSize: 16 } });
        const prompt = Array.from({ length: 45 }, (_, i) => (i * 29 + 3) % 1000);
        const answer = async (of: Scheduler) => {
          const ids: number[] = [];
          const options = { maxNewTokens: 12, stopIds: [] };
          for await (const { id } of of.submit(prompt, options)) ids.push(id);
          return ids;
        };
        const scheduler = createScheduler(own);
        const first = await answer(scheduler);
        expect(await answer(scheduler)).toEqual(first);
        expect(scheduler.prefixes?.reusedIds).toBe(prompt.length - 1);
        const bytes = (await scheduler.prefixes?.save()) as Uint8Array;
        await scheduler.dispose();
        const restored = createScheduler(own);
        expect(restored.prefixes?.restore(bytes)).toBeGreaterThan(0);
        expect(await answer(restored)).toEqual(first);
        expect(restored.prefixes?.reusedIds).toBe(prompt.length - 1);
        await restored.dispose();
      });
    });

    it('a cache that nothing would heed is refused', async () => {
      await expect(
        loadModel(embeddedModel, { executor: 'composite', cache: { dtype: 'int8' } }),
      ).rejects.toThrow(/dtype: expected float32/);
      await expect(loadModel(embeddedModel, { cache: { dtype: 'int4' as 'int8' } })).rejects.toThrow(
        /dtype: expected float32, float16 or int8/,
      );
    });

    it('parameters are the stored ones, and one that is set is used: a norm, a packed matrix', async () => {
      using own = await loadModel(embeddedModel);
      const before = await rowBehind(own, [1, 2, 3]);
      for (const name of [
        'finalNorm.weight',
        'layers.1.attention.k.weight',
        'layers.0.mlp.down.weight',
        'embedding.weight',
      ]) {
        const value = own.parameters.get(name) as tf.Tensor;
        const values = await value.data();
        const stored = await (sides.oracle.parameters.get(name) as tf.Tensor).data();
        expect(value.shape).toEqual(sides.oracle.parameters.get(name)?.shape);
        expectClose(values as Float32Array, stored as Float32Array, 1e-7);
        own.setParameter(name, tf.mul(value, 1));
      }
      // The same values as float32: nothing changes.
      expectClose(await rowBehind(own, [1, 2, 3]), before, 1e-5);
      const gate = own.parameters.get('layers.2.mlp.gate.weight') as tf.Tensor;
      own.setParameter('layers.2.mlp.gate.weight', tf.zerosLike(gate));
      const without = await rowBehind(own, [1, 2, 3]);
      expect(Math.max(...without.map((value, i) => Math.abs(value - before[i])))).toBeGreaterThan(1e-3);
      own.setParameter('finalNorm.weight', tf.zerosLike(own.parameters.get('finalNorm.weight') as tf.Tensor));
      expect(Math.max(...(await rowBehind(own, [1, 2, 3])).map(Math.abs))).toBe(0);
    });

    it('hooks and forward see the same weights', async () => {
      const logits = fused.forward([1, 2, 3]);
      const all = (await logits.data()) as Float32Array;
      logits.dispose();
      expectClose(all.slice(2 * fused.vocabSize), await sides.expected([1, 2, 3]), twin);
    });

    it('leaves no tensor behind', async () => {
      const cycle = async () => {
        const own = await loadModel(embeddedModel);
        await rowBehind(own, [1, 2, 3]);
        own.parameters.get('layers.1.attention.k.weight');
        own.dispose();
      };
      await cycle();
      const tensors = tf.memory().numTensors;
      await cycle();
      expect(tf.memory().numTensors).toBe(tensors);
    });

    more(() => sides);
  });
}
