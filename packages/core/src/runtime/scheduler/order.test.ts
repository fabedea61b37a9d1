import { describe, expect, test } from 'vitest';
import { generate } from '../../generate/generate.ts';
import { createScheduler } from '../scheduler.ts';
import { hashModel } from './hash-model.ts';
import { collect, idsOf, turn } from './test-requests.ts';

describe('order of requests', () => {
  test('a higher priority goes first, but not for ever', async () => {
    const order: string[] = [];
    const run = async (patience: number) => {
      order.length = 0;
      const scheduler = createScheduler(hashModel(400), { maxSequences: 1, tokensPerPass: 4, patience });
      const submit = async (name: string, priority: number) => {
        await collect(scheduler.submit([1, 2], { priority, maxNewTokens: 5, stopIds: [] }));
        order.push(name);
      };
      const low = submit('low', 0);
      // A stream of important ones, one after the other for ever.
      const high = async () => {
        for (let i = 0; i < 10; i++) await submit(`high${i}`, 1);
      };
      await Promise.all([low, high(), high()]);
      return order.indexOf('low');
    };
    expect(await run(20)).toBeGreaterThan(0);
    expect(await run(20)).toBeLessThan(12);
    expect(await run(100000)).toBe(20);
    expect(await run(1)).toBeLessThan(3);
  });

  test('prompts of one priority share the budget: a short one does not wait for a long one', async () => {
    const scheduler = createScheduler(hashModel(400), { tokensPerPass: 64, prefixPages: 0 });
    const done: string[] = [];
    const long = collect(scheduler.submit(new Array(190).fill(1), { maxNewTokens: 1 })).then(() =>
      done.push('long'),
    );
    const short = collect(scheduler.submit(new Array(20).fill(2), { maxNewTokens: 1 })).then(() =>
      done.push('short'),
    );
    await Promise.all([long, short]);
    expect(done).toEqual(['short', 'long']);
  });

  test('a consumer that does not read pauses its own sequence and no other', async () => {
    const model = hashModel(400);
    const scheduler = createScheduler(model, { maxUnread: 4 });
    const lazy = scheduler.submit([1], { maxNewTokens: 50, stopIds: [] });
    await collect(scheduler.submit([2], { maxNewTokens: 50, stopIds: [] }));
    expect(scheduler.stats).toMatchObject({ running: 1, passes: 50 });
    expect(scheduler.stats.computedIds).toBe(50 + 4);
    expect((await collect(lazy)).length).toBe(50);
  });

  test('a consumer that never reads does not keep its pages when others need them', async () => {
    const model = hashModel(10);
    const scheduler = createScheduler(model, { maxUnread: 2, prefixPages: 0 });
    const idle = scheduler.submit(new Array(35).fill(1), { maxNewTokens: 4, stopIds: [] });
    for (let i = 0; i < 10; i++) await turn();
    expect(
      (await collect(scheduler.submit(new Array(35).fill(2), { maxNewTokens: 4, stopIds: [] }))).length,
    ).toBe(4);
    expect(idsOf(await collect(idle))).toEqual(
      idsOf(await collect(generate(hashModel(100), new Array(35).fill(1), { maxNewTokens: 4, stopIds: [] }))),
    );
  });

  test('an aborted signal is refused at once, and other events have their turn between passes', async () => {
    const scheduler = createScheduler(hashModel(1000, { maxPositions: 3000 }));
    expect(() => scheduler.submit([1], { signal: AbortSignal.abort(new Error('late')) })).toThrow('late');
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    await collect(scheduler.submit([1], { maxNewTokens: 500, stopIds: [] }));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
  });
});
