import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { dispose, type Tensor, tensor2d } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generate } from '../../generate/generate.ts';
import type { LanguageModel, Sequence } from '../../generate/language-model.ts';
import { logSumExp } from '../../generate/logprobs.ts';
import { loadModel } from '../../models/load-model.ts';
import type { Model } from '../../models/model.ts';
import type { Adapter } from '../../train/lora/lora.ts';
import { waveAdapter } from '../adapter-contract.ts';
import { expectWantedReads } from '../contract.ts';
import type { WorkerModel } from './worker-model.ts';

const place = join(
  dirname(fileURLToPath(import.meta.url)),
  '../../../../../conformance/cases/models/gpt2-scales',
);
let away: WorkerModel;
let here: Model;
beforeAll(async () => {
  away = await loadModel(place, { backend: 'cpu', worker: true });
  here = await loadModel(place, { backend: 'cpu' });
}, 60_000);
afterAll(() => {
  away.dispose();
  here.dispose();
});

const idsOf = async (model: WorkerModel | Model, prompt: number[]): Promise<number[]> => {
  const ids: number[] = [];
  for await (const { id } of generate(model, prompt, { maxNewTokens: 8 })) ids.push(id);
  return ids;
};

describe('a model in a worker', () => {
  it('says of itself what the same model says here', () => {
    for (const key of [
      'family',
      'backend',
      'executor',
      'hash',
      'vocabSize',
      'maxPositions',
      'weightBytes',
    ] as const)
      expect(away[key]).toEqual(here[key]);
    expect(away.assets.format).toBe(here.assets.format);
  });

  it('generates the same ids', async () => {
    expect(await idsOf(away, [3, 1, 4])).toEqual(await idsOf(here, [3, 1, 4]));
  });

  it('gives the same logits through forks, truncation and batches', async () => {
    const rows = async (model: WorkerModel | Model) => {
      const steps = model.step.bind(model) as WorkerModel['step'];
      using a = model.newSequence();
      await steps([{ sequence: a, ids: [1, 2, 3] }]);
      using b = a.fork();
      a.truncate(1);
      const answer = await steps([
        { sequence: a, ids: [5] },
        { sequence: b, ids: [6, 7] },
      ]);
      expect([a.ids, b.ids].map((ids) => [...ids])).toEqual([
        [1, 5],
        [1, 2, 3, 6, 7],
      ]);
      return answer;
    };
    expect(await rows(away)).toEqual(await rows(here));
  });

  /** The calls that both have, whatever they cost. */
  const steps = (model: WorkerModel | Model) => model as WorkerModel;
  it('reads of each request what is wanted: the row, its largest logits, the row after all, or nothing', async () => {
    const prompts = [[1, 2, 3], [7], [5, 6, 7, 8], [9, 9]];
    const at = (model: LanguageModel) => prompts.map((ids) => ({ sequence: model.newSequence(), ids }));
    const rows = await steps(here).step(at(here as LanguageModel));
    const requests = at(away);
    const top = await expectWantedReads(away, requests, rows, (a, b) => expect(a).toEqual(b));
    expect(top?.logSumExp).toBe(logSumExp(rows[1]));
    // What nobody reads has been appended all the same.
    expect(requests.map(({ sequence }) => sequence.length)).toEqual([3, 1, 4, 2]);
    const [next] = await away.step([{ sequence: requests[3].sequence, ids: [4] }]);
    using alone = here.newSequence();
    expect(next).toEqual((await here.step([{ sequence: alone, ids: [9, 9, 4] }]))[0]);
  });

  it('greedy generation sends no row of logits', async () => {
    const kinds: unknown[] = [];
    const spied: WorkerModel = {
      ...away,
      step: async () => Promise.reject(new Error('a step that answers rows')),
      async readStep(requests) {
        const answers = await away.readStep(requests);
        kinds.push(...answers.map((answer) => answer instanceof Float32Array));
        return answers;
      },
    };
    expect(await idsOf(spied, [3, 1, 4])).toEqual(await idsOf(here, [3, 1, 4]));
    expect(kinds).toEqual(new Array(8).fill(false));
  });

  it('a judgement that throws rejects the step with its own error and changes no sequence', async () => {
    using sequence = away.newSequence();
    await away.step([{ sequence, ids: [1, 2] }]);
    const enough = () => {
      throw new RangeError('enough: nothing is');
    };
    await expect(away.readStep([{ sequence, ids: [3], read: { count: 2, enough } }])).rejects.toThrow(
      new RangeError('enough: nothing is'),
    );
    expect([...sequence.ids]).toEqual([1, 2]);
    const [row] = await away.step([{ sequence, ids: [3] }]);
    using alone = here.newSequence();
    await here.step([{ sequence: alone, ids: [1, 2] }]);
    expect(row).toEqual((await here.step([{ sequence: alone, ids: [3] }]))[0]);
  });

  it('gives the same logits with an adapter, on one sequence, on all, and after it was taken away', async () => {
    const adapter = waveAdapter(here.config, 1, 3);
    const other = waveAdapter(here.config, 2, 2);
    const rows = async (model: WorkerModel | Model) => {
      using a = model.newSequence();
      using b = model.newSequence();
      const step = (id: number) =>
        steps(model).step([
          { sequence: a, ids: [id, 2] },
          { sequence: b, ids: [id] },
        ]);
      const use = (next: Adapter | undefined, sequence?: Sequence) => steps(model).useAdapter(next, sequence);
      const seen = [await step(1)];
      await use(adapter, a);
      seen.push(await step(2));
      await use(adapter, b);
      await use(undefined, a);
      seen.push(await step(3));
      await use(undefined, b);
      await use(other);
      seen.push(await step(4));
      await use(adapter);
      seen.push(await step(5));
      await use(undefined);
      seen.push(await step(6));
      return seen;
    };
    const [far, near] = [await rows(away), await rows(here)];
    expect(far).toEqual(near);
    using plain = here.newSequence();
    await here.step([{ sequence: plain, ids: [1, 2] }]);
    expect((await here.step([{ sequence: plain, ids: [2, 2] }]))[0]).not.toEqual(near[1][0]);
    for (const one of [adapter, other]) dispose([...one.tensors.values()]);
  });

  it('refuses an adapter with the error of the model, and keeps the one before', async () => {
    const adapter = waveAdapter(here.config, 1, 3);
    const [name] = adapter.lora.targets;
    const tensors = new Map(adapter.tensors).set(`${name}.loraA`, tensor2d([[1]]));
    const wrong = { ...adapter, tensors };
    const errorOf = async (use: () => unknown) => {
      try {
        await use();
      } catch (error) {
        return error;
      }
      return undefined;
    };
    using sequence = away.newSequence();
    await away.useAdapter(adapter, sequence);
    const refusal = await errorOf(() => away.useAdapter(wrong, sequence));
    expect(refusal).toBeInstanceOf(RangeError);
    expect(refusal).toEqual(await errorOf(() => here.useAdapter(wrong)));
    const [row] = await away.step([{ sequence, ids: [1, 2] }]);
    using alone = here.newSequence();
    here.useAdapter(adapter, alone);
    expect(row).toEqual((await here.step([{ sequence: alone, ids: [1, 2] }]))[0]);
    dispose([...adapter.tensors.values(), tensors.get(`${name}.loraA`) as Tensor]);
  });

  it('leaves the event loop free while it computes', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    using sequence = away.newSequence();
    await away.step([{ sequence, ids: Array.from({ length: 30 }, (_, i) => i) }]);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
  });

  it('answers files of the checkpoint', async () => {
    expect(await away.assets.file('config.json')).toEqual(await here.assets.file('config.json'));
    expect(await away.assets.file('nothing.json')).toBeUndefined();
    expect(await away.assets.list?.('nowhere')).toEqual(await here.assets.list?.('nowhere'));
  });

  it('rejects with the errors of the model, and goes on', async () => {
    using sequence = away.newSequence();
    await expect(away.step([{ sequence, ids: [9999] }])).rejects.toThrow(/9999/);
    await expect(away.step([{ sequence, ids: [] }])).rejects.toThrow(RangeError);
    expect(await away.step([{ sequence, ids: [1] }])).toHaveLength(1);
  });

  it('takes the place as a URL, and refuses what cannot be sent', async () => {
    using own = await loadModel(pathToFileURL(place), { backend: 'cpu', worker: true });
    expect(own.hash).toBe(here.hash);
    const folder = { list: async () => [], open: async () => undefined };
    await expect(loadModel(folder as unknown as string, { backend: 'cpu', worker: true })).rejects.toThrow(
      /clone/,
    );
  }, 60_000);

  it('refuses a place that is not there and a disposed model', async () => {
    await expect(loadModel(join(place, 'nowhere'), { backend: 'cpu', worker: true })).rejects.toThrow(
      /nowhere/,
    );
    const own = await loadModel(place, { backend: 'cpu', worker: true });
    const sequence = own.newSequence();
    const step = own.step([{ sequence, ids: [1] }]);
    own.dispose();
    await expect(step).rejects.toThrow(/disposed/);
    expect(() => own.newSequence()).toThrow(/disposed/);
  }, 60_000);

  it('runs the simd executor and its threads below itself', async () => {
    const stories = join(place, '../../../../models/stories');
    using far = await loadModel(stories, { backend: 'simd', worker: true });
    expect(far.executor).toBe('simd');
    using sequence = far.newSequence();
    const [row] = await far.step([{ sequence, ids: [1, 2, 3] }]);
    expect(row.every(Number.isFinite)).toBe(true);
    expect(row).toHaveLength(far.vocabSize);
  }, 60_000);
});
