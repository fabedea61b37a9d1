// A model on webgpu in a thread of its own, with its cache in few bits: what comes over is what was asked for, and the same as here. `loadModel` would look for Dawn beside core; here it lies elsewhere, so
// the thread starts the backend itself and then serves as model-worker.ts does.
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allowSwiftShader, peers } from '../../../../../peers/modules.ts';
import { chooseBackend } from '../../backends/choose.ts';
import { type GenerateStep, generate } from '../../generate/generate.ts';
import type { LanguageModel, TopLogits } from '../../generate/language-model.ts';
import { loadModel } from '../../models/load-model.ts';
import type { Model } from '../../models/model.ts';
import { embeddedModel, expectClose, expectWantedReads, rowBehind } from '../contract.ts';
import type { FromWorker } from './messages.ts';
import { connectModel, type ModelWorker, type WorkerModel } from './worker-model.ts';

allowSwiftShader();
const started = await chooseBackend('webgpu', { peers, allowSoftwareGpu: true }).then(
  () => true,
  () => false,
);
const urls = ['../../../../../peers/modules.ts', '../../backends/choose.ts', './serve-model.ts'].map(
  (place) => new URL(place, import.meta.url).href,
);
const script = `import('tsx/esm/api')
  .then(({ register }) => register())
  .then(() => Promise.all(${JSON.stringify(urls)}.map((url) => import(url))))
  .then(async ([{ peers }, { chooseBackend }, { serveModel }]) => {
    await chooseBackend('webgpu', { peers, allowSoftwareGpu: true });
    const { parentPort } = require('node:worker_threads');
    serveModel({
      post: (message, transfer) => parentPort.postMessage(message, [...(transfer ?? [])]),
      listen: (onMessage) => void parentPort.on('message', onMessage),
    });
  })
  .catch((error) => setImmediate(() => { throw error; }));`;

/** Answers of the thread, as they came. */
const heard: unknown[] = [];
function startThread(): ModelWorker {
  const thread = new Worker(script, { eval: true });
  return {
    failed: new Promise((resolve) => thread.once('error', resolve)),
    terminate: () => void thread.terminate(),
    port: {
      post: (message, transfer) => thread.postMessage(message, [...(transfer ?? [])]),
      listen: (onMessage) =>
        void thread.on('message', (message: FromWorker) => {
          if (message.kind === 'answer') heard.push(message.value);
          onMessage(message);
        }),
    },
  };
}

describe.skipIf(!started).each(['float32', 'int8'] as const)('webgpu in a worker, a cache of %s', (dtype) => {
  let away: WorkerModel;
  let here: Model;
  beforeAll(async () => {
    here = await loadModel(embeddedModel, { cache: { dtype } });
    away = await connectModel(startThread(), embeddedModel, { cache: { dtype } }, {});
  });
  afterAll(() => {
    away?.dispose();
    here?.dispose();
  });

  it('is the fused executor there too', () => {
    expect([away.backend, away.executor]).toEqual(['webgpu', 'webgpu']);
  });

  it('reads of each request what is wanted: the row, its largest logits, the row after all, or nothing', async () => {
    const prompts = [
      Array.from({ length: 70 }, (_, i) => (i * 37 + 5) % 1000),
      [1, 2, 3],
      [5, 6, 7, 8],
      [9, 9],
    ];
    const rows: Float32Array[] = [];
    for (const ids of prompts) rows.push(await rowBehind(here, ids));
    const requests = prompts.map((ids) => ({ sequence: away.newSequence(), ids }));
    expect(await expectWantedReads(away, requests, rows, (a, b) => expectClose(a, b, 1e-4))).toBeDefined();
  });

  it('greedy generation gives the ids of the same model here, and no row of logits comes over', async () => {
    const idsOf = async (steps: AsyncIterable<GenerateStep>) => {
      const ids: number[] = [];
      for await (const { id } of steps) ids.push(id);
      return ids;
    };
    const options = { maxNewTokens: 12, stopIds: [] };
    heard.length = 0;
    const ids = await idsOf(generate(away as LanguageModel, [3, 1, 4], options));
    expect(ids).toEqual(await idsOf(generate(here, [3, 1, 4], options)));
    const answers = heard.flatMap((value) => (Array.isArray(value) ? value : []));
    expect(answers.length).toBeGreaterThanOrEqual(12);
    expect(answers.filter((value) => value instanceof Float32Array)).toEqual([]);
    for (const { ids: found } of answers.filter((value) => value !== undefined) as TopLogits[])
      expect(found.length).toBeLessThan(64);
  });
});
