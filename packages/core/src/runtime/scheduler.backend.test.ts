import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseBackend } from '../backends/choose.ts';
import { registerSimdBackend } from '../backends/simd/register.ts';
import { type GenerateStep, generate } from '../generate/generate.ts';
import type { TokenSampler } from '../generate/token-seams.ts';
import { loadModel } from '../models/load-model.ts';
import type { Model } from '../models/model.ts';
import { createScheduler } from './scheduler.ts';

// The scheduler on the embedded model with the fused executor: what others run beside must not change an answer.
const place = join(dirname(fileURLToPath(import.meta.url)), '../../../../models/stories');
let model: Model;
let small: Model;

/** A draw from the softmax by a linear congruential stream. */
function seeded(seed: number): TokenSampler {
  let state = seed >>> 0;
  return {
    sample(row) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const top = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
      const exps = Array.from(row, (value) => Math.exp(value - top));
      let left = (state / 2 ** 32) * exps.reduce((a, b) => a + b, 0);
      for (const [id, exp] of exps.entries()) {
        left -= exp;
        if (left < 0) return { id };
      }
      return { id: exps.length - 1 };
    },
  };
}
const idsOf = async (steps: AsyncIterable<GenerateStep>) => {
  const ids: number[] = [];
  for await (const { id } of steps) ids.push(id);
  return ids;
};
const prompts = Array.from({ length: 8 }, (_, n) =>
  Array.from({ length: 20 + 13 * n }, (_, i) => (n % 2 === 0 && i < 20 ? 40 + i : (17 * i + 5 * n) % 1000)),
);
const options = (n: number) => ({
  maxNewTokens: 24,
  stopIds: [],
  ...(n < 4 ? {} : { sampler: seeded(n) }),
});

beforeAll(async () => {
  await registerSimdBackend({ threads: 2 });
  await chooseBackend('simd');
  model = await loadModel(place);
  small = await loadModel(place, { cache: { cacheTokens: 224, pageSize: 16 } });
});
afterAll(async () => {
  model.dispose();
  small.dispose();
  await tf.setBackend('cpu');
});

describe('the scheduler on simd', () => {
  it('gives each request the ids of generate alone, greedy and seeded', async () => {
    const alone: number[][] = [];
    for (const [n, prompt] of prompts.entries()) alone.push(await idsOf(generate(model, prompt, options(n))));
    const scheduler = createScheduler(model, { tokensPerPass: 48 });
    const together = await Promise.all(
      prompts.map((prompt, n) => idsOf(scheduler.submit(prompt, options(n)))),
    );
    expect(together).toEqual(alone);
    expect(scheduler.stats.preemptions).toBe(0);
    // Again, now on what the first time left.
    const again = await Promise.all(prompts.map((prompt, n) => idsOf(scheduler.submit(prompt, options(n)))));
    expect(again).toEqual(alone);
    expect(scheduler.prefixes?.hits).toBeGreaterThanOrEqual(prompts.length);
    const bytes = (await scheduler.prefixes?.save()) as Uint8Array;
    await scheduler.dispose();
    expect(model.cache.pool.free).toBe(model.cache.pool.capacity);
    const restored = createScheduler(model);
    expect(restored.prefixes?.restore(bytes)).toBeGreaterThan(0);
    expect(await idsOf(restored.submit(prompts[7], options(7)))).toEqual(alone[7]);
    expect(restored.prefixes?.reusedIds).toBe(prompts[7].length - 1);
    await restored.dispose();
  });

  it('gives them in a cache too small for all', async () => {
    const scheduler = createScheduler(small, { tokensPerPass: 48 });
    const short = prompts.map((prompt) => prompt.slice(0, 24));
    const longer = (n: number) => ({ ...options(n), maxNewTokens: 60 });
    const together = await Promise.all(short.map((prompt, n) => idsOf(scheduler.submit(prompt, longer(n)))));
    for (const [n, prompt] of short.entries()) {
      expect(together[n]).toEqual(await idsOf(generate(model, prompt, longer(n))));
    }
    expect(scheduler.stats.preemptions).toBeGreaterThan(0);
    await scheduler.dispose();
    expect(small.cache.pool.free).toBe(small.cache.pool.capacity);
  });
});
