import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type GenerateStep, generate } from '../generate/generate.ts';
import type { TokenCodec, TokenSpeculator } from '../generate/token-seams.ts';
import { hashModel } from './scheduler/hash-model.ts';
import type { SchedulerOptions, SubmitOptions } from './scheduler/serving.ts';
import { collect, common, free, idsOf, seeded, turn } from './scheduler/test-requests.ts';
import { createScheduler } from './scheduler.ts';

const codec: TokenCodec = {
  encode: (text) => [...text].map((c) => c.charCodeAt(0) - 64),
  tokenBytes: (id) => Uint8Array.of(64 + id),
};

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
});
