import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseBackend } from '../backends/choose.ts';
import { registerSimdBackend } from '../backends/simd/register.ts';
import { parseModelConfig } from '../models/config.ts';
import { loadModel } from '../models/load-model.ts';
import { openCheckpoint } from '../weights/open-checkpoint.ts';
import { estimateMemory } from './estimate-memory.ts';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const places = [
  ['the embedded model, float16', at('../../../../models/stories'), 100, 3, 'float32'],
  ['the embedded model, cache in float16', at('../../../../models/stories'), 500, 3, 'float16'],
  ['the embedded model, cache in int8', at('../../../../models/stories'), 500, 3, 'int8'],
  [
    'llama with Q4_K and Q6_K blocks',
    at('../../../../../shared/goldens/models/gguf-llama-q4km'),
    60,
    2,
    'float32',
  ],
  ['llama with Q4_0 blocks', at('../../../../../shared/goldens/models/gguf-llama-q40'), 60, 2, 'float32'],
  [
    'SmolLM2-135M, Q4_1',
    at('../../../../../shared/data/models/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf'),
    300,
    1,
    'float32',
  ],
] as const;
const heap = () =>
  (tf.backend() as unknown as { machine: { heap: { liveBytes: number } } }).machine.heap.liveBytes;

beforeAll(async () => {
  await registerSimdBackend({ threads: 2 });
  await chooseBackend('simd');
});
afterAll(async () => void (await tf.setBackend('cpu')));

describe('estimateMemory for the simd executor against its heap', () => {
  for (const [title, place, contextTokens, batch, dtype] of places) {
    it.skipIf(!existsSync(place))(`${title}: each part within 10 % (skipped when absent)`, async () => {
      const checkpoint = await openCheckpoint(place);
      const config = parseModelConfig(checkpoint.config);
      const estimate = estimateMemory(config, {
        executor: 'simd',
        stored: checkpoint.weights,
        contextTokens,
        batch,
        cacheDtype: dtype,
      });
      await checkpoint.close();
      const before = heap();
      const model = await loadModel(place, { cache: { dtype } });
      const sequences = Array.from({ length: batch }, () => model.newSequence());
      const ids = Array.from({ length: contextTokens - 1 }, (_, i) => 3 + (i % 200));
      await model.step([{ sequence: sequences[0], ids: [3] }]);
      const first = heap() - before;
      await model.step(sequences.map((sequence, i) => ({ sequence, ids: i === 0 ? ids : [...ids, 3] })));
      const all = heap() - before;
      const page = estimate.kvCache / (batch * Math.ceil(contextTokens / 32));
      expect((first - page) / (estimate.weights + estimate.activations)).toBeGreaterThan(0.9);
      expect((first - page) / (estimate.weights + estimate.activations)).toBeLessThan(1.1);
      expect(all / estimate.total).toBeGreaterThan(0.9);
      expect(all / estimate.total).toBeLessThan(1.1);
      model.dispose();
    });
  }
});
