import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type GenerateStep, generate } from '../generate/generate.ts';
import type { TokenCodec, TokenSampler, TokenSpeculator } from '../generate/token-seams.ts';
import { KvCacheFullError, KvSnapshotError } from '../kv-cache/kv-cache-error.ts';
import { hashModel } from './scheduler/hash-model.ts';
import { QueueFullError, RequestTooLargeError } from './scheduler/scheduler-errors.ts';
import type { SchedulerOptions, SubmitOptions } from './scheduler/serving.ts';
import { createScheduler } from './scheduler.ts';

/** Draws from the softmax with a stream of its own, and depends on all that it was told. */
function seeded(seed: number): TokenSampler {
  let state = seed >>> 0;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return {
    accept: (id) => {
      state = (state ^ Math.imul(id + 1, 2654435761)) >>> 0;
    },
    sample(row) {
      const sum = row.reduce((total, value) => total + Math.exp(value), 0);
      let left = next() * sum;
      for (let id = 0; id < row.length; id++) {
        left -= Math.exp(row[id]);
        row[id] = 0;
        if (left < 0) return { id };
      }
      return { id: row.length - 1 };
    },
  };
}

const codec: TokenCodec = {
  encode: (text) => [...text].map((c) => c.charCodeAt(0) - 64),
  tokenBytes: (id) => Uint8Array.of(64 + id),
};

async function collect(steps: AsyncIterable<GenerateStep>, pause: () => Promise<void> = async () => {}) {
  const list: GenerateStep[] = [];
  for await (const step of steps) {
    list.push(step);
    await pause();
  }
  return list;
}
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const idsOf = (steps: readonly GenerateStep[]) => steps.map(({ id }) => id);
const free = (model: ReturnType<typeof hashModel>) => model.cache.pool.free;

const promptOf = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 30 });
const requestOf = fc.record({
  prompt: promptOf,
  shared: fc.boolean(),
  seed: fc.option(fc.nat(1000), { nil: undefined }),
  maxNewTokens: fc.integer({ min: 0, max: 25 }),
  priority: fc.integer({ min: -2, max: 2 }),
  /** Turns of the event loop before it comes, and between two reads. */
  arrives: fc.nat(30),
  slow: fc.nat(4),
  /** Steps after which its consumer aborts or leaves. */
  leaves: fc.option(fc.nat(10), { nil: undefined }),
  abort: fc.boolean(),
});
const settingOf = fc.record({
  maxSequences: fc.integer({ min: 1, max: 6 }),
  tokensPerPass: fc.integer({ min: 6, max: 40 }),
  maxUnread: fc.integer({ min: 1, max: 4 }),
  patience: fc.integer({ min: 1, max: 20 }),
  prefixPages: fc.integer({ min: 0, max: 20 }),
});
const common = Array.from({ length: 22 }, (_, i) => 4 + (i % 7));

describe('scheduler', () => {
  test('every request gets what generate gives it alone, whatever arrives, is slow, aborts or leaves, and all pages come back', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(requestOf, { minLength: 1, maxLength: 10 }),
        settingOf,
        fc.integer({ min: 22, max: 60 }),
        async (requests, setting, capacity) => {
          const model = hashModel(capacity);
          const scheduler = createScheduler(model, setting as SchedulerOptions);
          await Promise.all(
            requests.map(async (r) => {
              const prompt = r.shared ? [...common, ...r.prompt] : r.prompt;
              const options = (): SubmitOptions => ({
                maxNewTokens: r.maxNewTokens,
                logprobs: 1,
                codec,
                stop: ['AB'],
                ...(r.seed === undefined ? {} : { sampler: seeded(r.seed) }),
              });
              const alone = await collect(generate(hashModel(1000), prompt, options()));
              for (let i = 0; i < r.arrives; i++) await turn();
              const controller = new AbortController();
              const steps = scheduler.submit(prompt, {
                ...options(),
                priority: r.priority,
                signal: controller.signal,
              });
              const got: GenerateStep[] = [];
              const leaving = r.leaves !== undefined && r.leaves < alone.length;
              try {
                for await (const step of steps) {
                  got.push(step);
                  for (let i = 0; i < r.slow; i++) await turn();
                  if (got.length === r.leaves && leaving) {
                    if (!r.abort) break;
                    controller.abort(new Error('enough'));
                  }
                }
              } catch (error) {
                expect((error as Error).message).toBe('enough');
              }
              expect(got).toEqual(leaving && r.leaves !== 0 ? alone.slice(0, got.length) : alone);
              if (leaving && r.leaves !== 0) expect(got.length).toBe(r.leaves);
            }),
          );
          expect(scheduler.stats).toMatchObject({ waiting: 0, running: 0 });
          expect(capacity - free(model)).toBe(scheduler.prefixes?.pages ?? 0);
          expect(scheduler.prefixes?.pages ?? 0).toBeLessThanOrEqual(setting.prefixPages);
          for (const pass of model.passes) {
            expect(pass.lanes).toBeLessThanOrEqual(setting.maxSequences);
            expect(pass.ids).toBeLessThanOrEqual(setting.tokensPerPass);
          }
          await scheduler.dispose();
          expect(free(model)).toBe(capacity);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('with a window, too', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(requestOf, { minLength: 1, maxLength: 6 }),
        settingOf,
        async (requests, setting) => {
          const model = hashModel(24, { window: 9 });
          const scheduler = createScheduler(model, setting);
          await Promise.all(
            requests.map(async ({ prompt: own, shared, maxNewTokens, seed = 1 }) => {
              const prompt = shared ? [...common, ...own] : own;
              const alone = generate(hashModel(1000, { window: 9 }), prompt, {
                maxNewTokens,
                sampler: seeded(seed),
              });
              const got = scheduler.submit(prompt, { maxNewTokens, sampler: seeded(seed) });
              expect(await collect(got)).toEqual(await collect(alone));
            }),
          );
          await scheduler.dispose();
          expect(free(model)).toBe(24);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('one that has no room leaves its rows to those that have', async () => {
    const scheduler = createScheduler(hashModel(24, { window: 9 }), {
      maxSequences: 3,
      tokensPerPass: 6,
      maxUnread: 1,
      patience: 1,
      prefixPages: 0,
    });
    const prompts = [7, 7, 3].map((n) => [...common, ...new Array(n).fill(1)]);
    for (const steps of prompts.map((prompt) => scheduler.submit(prompt, { maxNewTokens: 1 }))) {
      expect((await collect(steps)).length).toBe(1);
    }
    // And a window lets a prompt pass that is longer than the cache.
    const long = hashModel(9, { window: 9 });
    const prompt = Array.from({ length: 120 }, (_, i) => 1 + (i % 5));
    const options = { maxNewTokens: 5, stopIds: [] };
    const steps = createScheduler(long, { tokensPerPass: 8, maxSequences: 2 }).submit(prompt, options);
    const alone = generate(hashModel(1000, { window: 9 }), prompt, options);
    expect(await collect(steps)).toEqual(await collect(alone));
  });

  test('a full cache pushes sequences out and computes them again, with the same ids', async () => {
    const model = hashModel(12);
    const scheduler = createScheduler(model, { prefixPages: 0 });
    const prompts = [[1, 2], [3, 4, 5], [6], [7, 8]];
    const options = { maxNewTokens: 40, stopIds: [] };
    const got = await Promise.all(prompts.map((prompt) => collect(scheduler.submit(prompt, options))));
    for (const [i, prompt] of prompts.entries()) {
      expect(got[i]).toEqual(await collect(generate(hashModel(1000), prompt, options)));
    }
    expect(scheduler.stats.preemptions).toBeGreaterThan(0);
  });

  test('one pass carries all answers and pieces of prompts', async () => {
    const model = hashModel(400);
    const scheduler = createScheduler(model, { tokensPerPass: 40, maxSequences: 8, prefixPages: 0 });
    const short = [1, 2, 3, 4].map((id) =>
      collect(scheduler.submit([id], { maxNewTokens: 20, stopIds: [] })),
    );
    await turn();
    await turn();
    const long = collect(
      scheduler.submit(
        Array.from({ length: 150 }, (_, i) => 1 + (i % 9)),
        { maxNewTokens: 1 },
      ),
    );
    await Promise.all([...short, long]);
    expect(model.passes.filter(({ lanes, ids }) => lanes === 5 && ids === 40).length).toBe(4);
    expect(scheduler.stats.passes).toBeLessThan(30);
  });

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

  test('a speculator gives the same text in fewer passes', async () => {
    const model = hashModel(400);
    const answer = idsOf(await collect(generate(hashModel(1000), [1, 2], { maxNewTokens: 20, stopIds: [] })));
    let at = 0;
    // Knows the answer but for every third id.
    let guessed: number[] = [];
    const speculator: TokenSpeculator = {
      accept: () => {},
      guess: (most) => {
        guessed = answer
          .slice(at, at + Math.min(4, most))
          .map((id, i) => ((at + i) % 3 === 2 ? 31 - id : id));
        return guessed;
      },
      settle(rows) {
        const drawn: { id: number }[] = [];
        for (const [i, row] of rows.entries()) {
          const id = row.indexOf(Math.max(...row));
          drawn.push({ id });
          at++;
          if (guessed[i] !== id) break;
        }
        guessed = [];
        return drawn;
      },
    };
    const scheduler = createScheduler(model);
    const other = collect(scheduler.submit([7, 7, 7], { maxNewTokens: 20, stopIds: [] }));
    const got = idsOf(await collect(scheduler.submit([1, 2], { maxNewTokens: 20, stopIds: [], speculator })));
    expect(got).toEqual(answer);
    expect(model.passes.length).toBeLessThan(20);
    await other;
    await scheduler.dispose();
    expect(free(model)).toBe(400);
  });

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
    expect(() => scheduler.submit([1], { temperature: 1 } as object)).toThrow('got temperature');
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
