// core's scheduler with sampling's samplers and speculators: what others run beside changes nothing, on the embedded model on tfjs's cpu backend.
import '@tensorflow/tfjs-backend-cpu';
import { fileURLToPath } from 'node:url';
import { createScheduler, type GenerateStep, generate, loadModel } from '@ashlar/core';
import { promptLookup, sampler, speculator } from '@ashlar/sampling';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';

const place = fileURLToPath(new URL('../models/stories', import.meta.url));
const idsOf = async (steps: AsyncIterable<GenerateStep>) => {
  const ids: number[] = [];
  for await (const { id } of steps) ids.push(id);
  return ids;
};

beforeAll(async () => {
  await tf.setBackend('cpu');
});

it('seeded samplers with penalties and greedy speculators give the ids of generate alone', async () => {
  using model = await loadModel(place);
  const common = [5, 9, 5, 9, 40, 41, 42, 5, 9, 5, 9, 40];
  const sampled = (seed: number) => ({
    maxNewTokens: 10,
    stopIds: [],
    sampler: sampler({ temperature: 0.9, topP: 0.9, repetitionPenalty: 1.2, seed }),
  });
  const guessed = () => ({
    maxNewTokens: 10,
    stopIds: [],
    speculator: speculator({ sampler: sampler({ greedy: true }), proposer: () => promptLookup() }),
  });
  const make = [() => sampled(1), guessed, () => sampled(2), () => sampled(1), guessed];
  const prompts = make.map((_, n) => (n === 4 ? [7, 8] : [...common, n]));
  const alone: number[][] = [];
  for (const [n, prompt] of prompts.entries()) alone.push(await idsOf(generate(model, prompt, make[n]!())));
  const scheduler = createScheduler(model, { tokensPerPass: 16, maxSequences: 4 });
  const together = await Promise.all(prompts.map((prompt, n) => idsOf(scheduler.submit(prompt, make[n]!()))));
  expect(together).toEqual(alone);
  expect(scheduler.prefixes?.hits).toBeGreaterThan(0);
  await scheduler.dispose();
  expect(model.cache.pool.free).toBe(model.cache.pool.capacity);
});
