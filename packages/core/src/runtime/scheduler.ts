// Many requests on one model: every pass of the model carries a token of each answer and a piece of the prompts that wait, so that nobody waits for another's
// end (continuous batching: Yu et al. 2022, Orca). Each request gets the steps it would get from `generate` alone. What is decided for a pass
// is in scheduler/plan-pass.ts, what is kept between requests in scheduler/prefix-cache.ts.
import { checkOptions } from '../check-options.ts';
import { drawStep, forcedSteps } from '../generate/draw-step.ts';
import type { GenerateOptions, GenerateStep } from '../generate/generate.ts';
import { greedySampler } from '../generate/greedy-sampler.ts';
import type { Sequence } from '../generate/language-model.ts';
import { nextTurn } from '../generate/next-turn.ts';
import { readPrompts } from '../generate/read-prompts.ts';
import { type LaneResult, type SteppedLane, stepLanes } from '../generate/step-lanes.ts';
import { streamText } from '../generate/stream-text.ts';
import type { KvSequence } from '../kv-cache/kv-cache.ts';
import { KvCacheFullError } from '../kv-cache/kv-cache-error.ts';
import { pageRoom, type ServedModel } from './scheduler/page-room.ts';
import { type PlannedLane, planPass } from './scheduler/plan-pass.ts';
import { createPrefixCache } from './scheduler/prefix-cache.ts';
import { inOrder, type Request, remaining } from './scheduler/request.ts';
import { QueueFullError, RequestTooLargeError } from './scheduler/scheduler-errors.ts';
import type { ScheduledSteps, Scheduler, SchedulerOptions } from './scheduler/serving.ts';
import { createStepBuffer } from './scheduler/step-buffer.ts';

const defaults = {
  maxSequences: 32,
  tokensPerPass: 256,
  maxWaiting: 256,
  maxUnread: 16,
  patience: 256,
};

/**
 * A scheduler over `model`: each pass has a row for every sequence that answers and, up to `tokensPerPass`, pieces of waiting prompts. A request's ids are those of
 * `generate` alone, whatever else runs (up to the rounding of a backend whose sums depend on the batch; with a speculator: its sampler's law). When the cache is full,
 * kept prefixes go first, then paused sequences, then the last in order, which are computed again later.
 * Throws `RangeError` and `TypeError` for options out of range or unknown.
 *
 * @example
 * ```ts
 * import { createScheduler } from '@ashlar/core';
 * // A model of nine ids that always says the next one.
 * const model = {
 *   vocabSize: 9, maxPositions: 16, eosTokenIds: [8],
 *   newSequence: () => ({ ids: [], length: 0, dispose() {}, fork() { throw new Error('no forks'); }, truncate() {}, [Symbol.dispose]() {} }),
 *   step: async (requests) => requests.map(({ sequence, ids }) => {
 *     sequence.ids.push(...ids);
 *     sequence.length += ids.length;
 *     return new Float32Array(9).fill(1, ids.at(-1) + 1, ids.at(-1) + 2);
 *   }),
 * };
 * const scheduler = createScheduler(model);
 * const ids = async (steps) => {
 *   const list = [];
 *   for await (const { id } of steps) list.push(id);
 *   return list;
 * };
 * const both = await Promise.all([ids(scheduler.submit([5])), ids(scheduler.submit([0, 1], { maxNewTokens: 2 }))]);
 * both // => [[6, 7, 8], [2, 3]]
 * scheduler.stats.passes // => 3
 * await scheduler.dispose();
 * ```
 */
export function createScheduler<S extends Sequence>(
  model: ServedModel<S>,
  options: SchedulerOptions = {},
): Scheduler {
  const { maxSequences, tokensPerPass, maxWaiting, maxUnread, patience } = withDefaults(options);
  const room = pageRoom(model, tokensPerPass);
  const { cache } = model;
  const prefixPages = options.prefixPages ?? (cache === undefined ? 0 : Math.floor(cache.pool.capacity / 2));
  if (cache === undefined && prefixPages > 0) {
    throw new TypeError(`prefixPages: expected 0 for a model without a paged cache, got ${prefixPages}`);
  }
  const prefixes =
    cache === undefined || prefixPages === 0 ? undefined : createPrefixCache(cache, prefixPages);
  const order = inOrder<S>(patience);
  const counts = { passes: 0, computedIds: 0, preemptions: 0 };
  /** In their order. */
  let requests: Request<S>[] = [];
  const samplers = new Set<object>();
  const flying = new Set<Request<S>>();
  let submitted = 0;
  let disposed = false;
  let running = false;
  let loopEnd: Promise<void> = Promise.resolve();

  const drop = (request: Request<S>) => {
    request.sequence?.dispose();
    request.sequence = undefined;
    request.started = false;
  };
  const preempt = (request: Request<S>) => {
    if (request.started) counts.preemptions++;
    drop(request);
  };
  /** What a request that is over leaves behind; while a pass computes on it, that must wait. */
  const release = (request: Request<S>) => {
    if (flying.has(request) || request.sequence === undefined) return;
    if (prefixes !== undefined && !disposed) prefixes.insert(request.sequence as unknown as KvSequence);
    else request.sequence.dispose();
    request.sequence = undefined;
  };
  const close = (request: Request<S>) => {
    if (request.ended) return;
    request.ended = true;
    request.unlisten();
    requests = requests.filter((other) => other !== request);
    samplers.delete(request.speculator ?? request.sampler);
    release(request);
    wake();
  };
  const fail = (request: Request<S>, reason: unknown, dropUnread: boolean) => {
    if (request.ended) return;
    request.buffer.fail(reason, dropUnread);
    close(request);
  };

  const wake = () => {
    if (running || disposed || requests.length === 0) return;
    running = true;
    loopEnd = loop();
  };

  async function loop(): Promise<void> {
    for (;;) {
      // Also before the first pass: what is submitted together starts together.
      await nextTurn();
      try {
        const planned = disposed
          ? []
          : planPass(requests, {
              room,
              prefixes,
              maxSequences,
              tokensPerPass,
              patience,
              tick: counts.passes,
              newSequence: () => model.newSequence(),
              preempt,
            });
        if (planned.length > 0) {
          await runPass(planned);
          continue;
        }
        const stuck = requests.find(({ buffer }) => !buffer.full);
        if (stuck === undefined) break;
        // Alone and still without room: somebody else holds pages of this cache.
        const needed = room.pagesFor(stuck.sequence, remaining(stuck));
        fail(stuck, new KvCacheFullError(needed, room.free, room.capacity), false);
      } catch (error) {
        for (const request of [...requests]) {
          drop(request);
          fail(request, error, false);
        }
      }
    }
    running = false;
  }

  async function runPass(planned: readonly PlannedLane<S>[]): Promise<void> {
    const requestOf = new Map<SteppedLane<S>, PlannedLane<S>>();
    const lanes = planned.map((one) => {
      const { request, rows } = one;
      const sequence = request.sequence as S;
      const lane: SteppedLane<S> = {
        sequence,
        sampler: request.sampler,
        speculator: request.speculator,
        next: request.ids.slice(sequence.length, sequence.length + rows),
        made: request.made,
        partial: rows < remaining(request),
      };
      requestOf.set(lane, one);
      if (!request.begun) {
        request.begun = true;
        request.cachedIds = Math.min(sequence.length, request.promptIds);
        prefixes?.count(request.cachedIds);
      }
      request.started = true;
      request.served = counts.passes;
      flying.add(request);
      return lane;
    });
    let results: readonly LaneResult[];
    try {
      results = await stepLanes(
        model,
        lanes,
        (lane) => requestOf.get(lane)?.guesses ?? 0,
        (lane) => requestOf.get(lane)?.request.limits.logprobs,
      );
    } catch (error) {
      flying.clear();
      const inPass = planned.map(({ request }) => request);
      // Somebody else has taken pages since the plan was made: one less now, with nothing computed.
      if (error instanceof KvCacheFullError && inPass.length > 1) preempt(inPass[inPass.length - 1]);
      else {
        for (const request of inPass) {
          drop(request);
          fail(request, error, false);
        }
      }
      for (const request of inPass) if (request.ended) release(request);
      return;
    }
    flying.clear();
    counts.passes++;
    planned.forEach(({ request, rows }, i) => {
      counts.computedIds += rows;
      if (request.ended) release(request);
      else take(request, results[i]);
    });
  }

  /** Draws what a pass gave one request. */
  function take(request: Request<S>, { draws, keep }: LaneResult): void {
    const steps: GenerateStep[] = [];
    let failure: { readonly reason: unknown } | undefined;
    try {
      for (const draw of draws) {
        const step = drawStep(request, draw, request.limits);
        checkIds([step.id], model.vocabSize, 'sampler');
        steps.push(step);
        request.ids.push(step.id);
        if (step.finishReason !== undefined) break;
      }
      if (steps.length > 0) {
        keep(steps.length);
        if (steps[steps.length - 1].finishReason === undefined) steps.push(...takeForced(request));
      }
    } catch (reason) {
      failure = { reason };
    }
    for (const step of steps) request.buffer.push(step);
    if (failure !== undefined) fail(request, failure.reason, false);
    else if (steps.at(-1)?.finishReason !== undefined) {
      request.buffer.end();
      close(request);
    }
  }

  /** Ids that must come next are part of the text at once and computed with the next pass, like a prompt. */
  function takeForced(request: Request<S>): GenerateStep[] {
    if (request.speculator !== undefined) return [];
    const steps = forcedSteps(request, request.sampler, request.ids.length, request.limits);
    request.ids.push(...steps.map(({ id }) => id));
    return steps;
  }

  const iterator = (request: Request<S>, signal: AbortSignal | undefined): ScheduledSteps => ({
    get cachedIds() {
      return request.cachedIds;
    },
    next() {
      // Nobody listens any more when all steps are made, but they need not all be read.
      if (signal?.aborted) request.buffer.fail(signal.reason, true);
      return request.buffer.next();
    },
    async return() {
      request.buffer.end(true);
      close(request);
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  });

  const scheduler: Scheduler = {
    get stats() {
      const waiting = requests.filter(({ begun }) => !begun).length;
      return { ...counts, waiting, running: requests.length - waiting };
    },
    prefixes,
    submit(prompt, { priority = 0, ...given } = {}) {
      if (disposed) throw new TypeError('scheduler: expected a live one, got a disposed one');
      if ('sequence' in given) throw new TypeError('sequence: expected none, the scheduler has its own');
      if (!Number.isFinite(priority)) {
        throw new RangeError(`priority: expected a finite number, got ${priority}`);
      }
      const { encoded, limits } = readPrompts(model, [prompt], given as GenerateOptions<S>);
      const ids = Array.from(encoded[0]);
      checkIds(ids, model.vocabSize, 'prompt');
      const { sampler = greedySampler, speculator, signal, stop } = given;
      const drawing = speculator ?? sampler;
      if (samplers.has(drawing)) {
        throw new TypeError('sampler: expected one that no other request uses, got one in use; give a fork');
      }
      // The last id is drawn, never computed.
      const longest = Math.max(ids.length, Math.min(ids.length + limits.maxNewTokens - 1, limits.end));
      const needed = room.mostPages(longest);
      if (needed > room.capacity) throw new RequestTooLargeError(longest, needed, room.capacity);
      if (scheduler.stats.waiting >= maxWaiting) throw new QueueFullError(maxWaiting);
      signal?.throwIfAborted();
      const text = limits.codec === undefined ? undefined : streamText(stop);
      const abort = () => fail(request, signal?.reason, true);
      const request: Request<S> = {
        number: 0,
        order: submitted++,
        priority,
        submitted: counts.passes,
        ids,
        promptIds: ids.length,
        sampler,
        speculator,
        text,
        limits,
        buffer: createStepBuffer<GenerateStep>(maxUnread, () => wake()),
        made: 0,
        sequence: undefined,
        started: false,
        begun: false,
        served: -1,
        ended: false,
        cachedIds: 0,
        unlisten: () => signal?.removeEventListener('abort', abort),
      };
      for (const id of ids) drawing.accept?.(id);
      if (limits.maxNewTokens === 0) {
        request.ended = true;
        request.buffer.end();
        return iterator(request, signal);
      }
      const forced = takeForced(request);
      for (const step of forced) request.buffer.push(step);
      if (forced.at(-1)?.finishReason !== undefined) {
        request.ended = true;
        request.buffer.end();
        return iterator(request, signal);
      }
      if (drawing !== greedySampler) samplers.add(drawing);
      signal?.addEventListener('abort', abort, { once: true });
      requests = [...requests, request].sort(order);
      wake();
      return iterator(request, signal);
    },
    async dispose() {
      if (!disposed) {
        disposed = true;
        const reason = new TypeError('scheduler: disposed before the request was over');
        for (const request of [...requests]) fail(request, reason, true);
        prefixes?.clear();
      }
      await loopEnd;
    },
    [Symbol.asyncDispose]: () => scheduler.dispose(),
  };
  return scheduler;
}

function withDefaults(options: SchedulerOptions): typeof defaults {
  const known = [...Object.keys(defaults), 'prefixPages'];
  checkOptions(options, known, 'createScheduler');
  for (const [key, value] of Object.entries(options)) {
    const least = key === 'prefixPages' ? 0 : 1;
    if (!Number.isInteger(value) || value < least) {
      throw new RangeError(`${key}: expected an integer >= ${least}, got ${value}`);
    }
  }
  const all = { ...defaults, ...options };
  if (all.tokensPerPass < all.maxSequences) {
    throw new RangeError(
      `tokensPerPass: expected at least maxSequences ${all.maxSequences}, got ${all.tokensPerPass}`,
    );
  }
  return all;
}

function checkIds(ids: readonly number[], vocabSize: number, from: string): void {
  for (const id of ids) {
    if (!Number.isInteger(id) || id < 0 || id >= vocabSize) {
      throw new RangeError(`${from}: expected ids 0 to ${vocabSize - 1}, got ${id}`);
    }
  }
}
