import { describe, expect, test } from 'vitest';
import type { TokenSampler } from '../../generate/token-seams.ts';
import { KvCacheFullError } from '../../kv-cache/kv-cache-error.ts';
import { createScheduler } from '../scheduler.ts';
import { hashModel } from './hash-model.ts';
import { QueueFullError, RequestTooLargeError } from './scheduler-errors.ts';
import { collect, free, seeded } from './test-requests.ts';

describe('refusals and errors', () => {
  test('what it cannot serve is refused with need and room', async () => {
    const model = hashModel(5, { maxPositions: 100 });
    const scheduler = createScheduler(model, { maxWaiting: 2 });
    expect(() => scheduler.submit([1, 2], { maxNewTokens: 20 })).toThrow(new RequestTooLargeError(21, 6, 5));
    expect(() => scheduler.submit([1, 2])).toThrow(RequestTooLargeError);
    expect(() => scheduler.submit([99])).toThrow('prompt: expected ids 0 to 31, got 99');
    expect(() => scheduler.submit([])).toThrow('prompt: expected at least one id');
    expect(() => scheduler.submit('x')).toThrow('prompt: expected ids where there is no codec');
    expect(() => scheduler.submit([1], { priority: Number.NaN })).toThrow(
      'priority: expected a finite number',
    );
    expect(() => scheduler.submit([1], { temperature: 1 } as object)).toThrow('unknown option temperature');
    expect(() => scheduler.submit([1], { sequence: 1 } as object)).toThrow('sequence: expected none');
    const sampler = seeded(1);
    const options = { maxNewTokens: 3, sampler };
    const first = collect(scheduler.submit([1], options));
    expect(() => scheduler.submit([1], options)).toThrow('sampler: expected one that no other request uses');
    const second = collect(scheduler.submit([2], { maxNewTokens: 3 }));
    expect(() => scheduler.submit([3], { maxNewTokens: 3 })).toThrow(new QueueFullError(2));
    await Promise.all([first, second]);
    expect((await collect(scheduler.submit([1], options))).length).toBeGreaterThan(0);
    expect(await collect(scheduler.submit([1], { maxNewTokens: 0 }))).toEqual([]);
    for (const bad of [{ maxSequences: 0 }, { prefixPages: -1 }, { patience: 1.5 }, { tokensPerPass: 4 }]) {
      expect(() => createScheduler(model, bad)).toThrow(RangeError);
    }
    expect(() => createScheduler(model, { batch: 3 } as object)).toThrow(TypeError);
    expect(() => createScheduler({ ...model, cache: undefined } as never, { prefixPages: 3 })).toThrow(
      TypeError,
    );
  });

  test('an error of one request is its own; an error of the model ends those in the pass and frees their pages', async () => {
    const model = hashModel(100);
    const scheduler = createScheduler(model);
    const broken: TokenSampler = {
      sample: () => {
        throw new Error('bad sampler');
      },
    };
    const wild: TokenSampler = { sample: () => ({ id: 77 }) };
    const good = collect(scheduler.submit([1], { maxNewTokens: 5, stopIds: [] }));
    await expect(collect(scheduler.submit([2], { sampler: broken, maxNewTokens: 5 }))).rejects.toThrow(
      'bad sampler',
    );
    await expect(collect(scheduler.submit([2], { sampler: wild, maxNewTokens: 5 }))).rejects.toThrow(
      'got 77',
    );
    expect((await good).length).toBe(5);
    const failing = createScheduler({ ...model, step: async () => Promise.reject(new Error('device lost')) });
    await expect(collect(failing.submit([1], { maxNewTokens: 2 }))).rejects.toThrow('device lost');
    await Promise.all([scheduler.dispose(), failing.dispose()]);
    expect(free(model)).toBe(100);
  });

  test('pages that somebody else holds are an error only when the first in order cannot go on', async () => {
    const model = hashModel(10);
    using other = model.newSequence();
    await model.step([{ sequence: other, ids: new Array(24).fill(1) }]);
    const scheduler = createScheduler(model);
    expect((await collect(scheduler.submit([1], { maxNewTokens: 10, stopIds: [] }))).length).toBe(10);
    await expect(collect(scheduler.submit(new Array(20).fill(2), { maxNewTokens: 2 }))).rejects.toThrow(
      KvCacheFullError,
    );
  });

  test('after dispose every request ends with an error and nothing is held', async () => {
    const model = hashModel(100);
    const scheduler = createScheduler(model);
    const open = [1, 2, 3].map((id) => scheduler.submit([id, id], { maxNewTokens: 50, stopIds: [] }));
    await open[0].next();
    const pending = open.map((steps) => collect(steps));
    const results = Promise.allSettled(pending);
    await scheduler.dispose();
    for (const result of await results) {
      expect(result).toMatchObject({ status: 'rejected', reason: { message: /disposed before/ } });
    }
    expect(free(model)).toBe(100);
    expect(() => scheduler.submit([1])).toThrow('got a disposed one');
  });
});
