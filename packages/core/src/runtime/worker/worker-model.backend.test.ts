import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generate } from '../../generate/generate.ts';
import { loadModel } from '../../models/load-model.ts';
import type { Model } from '../../models/model.ts';
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
