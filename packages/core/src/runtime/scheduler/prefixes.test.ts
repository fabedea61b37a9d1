import { describe, expect, test } from 'vitest';
import { generate } from '../../generate/generate.ts';
import { KvSnapshotError } from '../../kv-cache/kv-cache-error.ts';
import { createScheduler } from '../scheduler.ts';
import { hashModel } from './hash-model.ts';
import { collect, common, free, idsOf, seeded } from './test-requests.ts';

describe('prefixes of requests', () => {
  test('requests with one prompt compute it once, at the same time or later', async () => {
    const model = hashModel(400);
    const scheduler = createScheduler(model);
    const prompt = Array.from({ length: 60 }, (_, i) => 1 + (i % 9));
    const options = { maxNewTokens: 3, stopIds: [] };
    const group = [1, 2, 3, 4].map((seed) => scheduler.submit(prompt, { ...options, sampler: seeded(seed) }));
    await Promise.all(group.map((steps) => collect(steps)));
    expect(group.map(({ cachedIds }) => cachedIds)).toEqual([0, 59, 59, 59]);
    // 60 once, the last id again for each of the others, then two ids each.
    expect(scheduler.stats.computedIds).toBe(60 + 3 + 4 * 2);
    const first = await collect(scheduler.submit(prompt, options));
    const next = scheduler.submit([...prompt, ...idsOf(first), 5], options);
    await collect(next);
    expect(next.cachedIds).toBe(62);
    expect(scheduler.prefixes).toMatchObject({ hits: 5, misses: 1, reusedIds: 59 * 4 + 62 });
  });

  test('what other weights have computed is not taken over, neither kept nor running nor saved', async () => {
    const model = hashModel(400);
    const scheduler = createScheduler(model);
    const prompt = Array.from({ length: 60 }, (_, i) => 1 + (i % 9));
    const options = { maxNewTokens: 3, stopIds: [] };
    await collect(scheduler.submit(prompt, options));
    model.cache.weightsChanged();
    const saved = (await scheduler.prefixes?.save()) as Uint8Array;
    expect(createScheduler(hashModel(400)).prefixes?.restore(saved)).toBe(0);
    const running = scheduler.submit(prompt, { maxNewTokens: 30, stopIds: [] });
    const iterator = running[Symbol.asyncIterator]();
    await iterator.next();
    expect(running.cachedIds).toBe(0);
    model.cache.weightsChanged();
    const next = scheduler.submit(prompt, options);
    await collect(next);
    expect(next.cachedIds).toBe(0);
    while (!(await iterator.next()).done);
    const last = scheduler.submit(prompt, options);
    await collect(last);
    expect(last.cachedIds).toBe(59);
    await scheduler.dispose();
    expect(free(model)).toBe(400);
  });

  test('kept prefixes survive save and restore in another scheduler, and damaged bytes are refused', async () => {
    const before = createScheduler(hashModel(100));
    const prompts = [new Array(30).fill(3), [...common, 1, 2, 3]];
    for (const prompt of prompts) await collect(before.submit(prompt, { maxNewTokens: 2, stopIds: [] }));
    const bytes = (await before.prefixes?.save()) as Uint8Array;
    const model = hashModel(100);
    const after = createScheduler(model);
    expect(after.prefixes?.restore(bytes)).toBe(2);
    for (const prompt of prompts) {
      const steps = after.submit([...prompt, 9], { maxNewTokens: 5, stopIds: [] });
      const alone = generate(hashModel(100), [...prompt, 9], { maxNewTokens: 5, stopIds: [] });
      expect(await collect(steps)).toEqual(await collect(alone));
      expect(steps.cachedIds).toBe(prompt.length);
    }
    const held = free(model);
    for (const bad of [bytes.slice(1), bytes.slice(0, -4), bytes.slice(0, 20), new Uint8Array(3)]) {
      expect(() => after.prefixes?.restore(bad)).toThrow(KvSnapshotError);
    }
    expect(free(model)).toBe(held);
    // What has no room is left out, the least recently used first.
    const small = hashModel(9);
    const tight = createScheduler(small);
    expect(tight.prefixes?.restore(bytes)).toBe(1);
    await tight.dispose();
    expect(free(small)).toBe(9);
  });
});
