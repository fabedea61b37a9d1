/// <reference lib="esnext.disposable" preserve="true" />
// What a scheduler takes and gives (scheduler.ts makes one).
import type { GenerateOptions, GenerateStep, Prompt } from '../../generate/generate.ts';
import type { PrefixCache } from './prefix-cache.ts';

/** Options of `createScheduler`. */
export interface SchedulerOptions {
  /** Sequences in one pass; default 32. */
  readonly maxSequences?: number;
  /** Ids in one pass, answers and prompts together; default 256. Smaller ones make answers steadier, larger ones read prompts faster. */
  readonly tokensPerPass?: number;
  /** Requests that may wait for their first pass; default 256. */
  readonly maxWaiting?: number;
  /** Steps that may lie unread before a request pauses; default 16. */
  readonly maxUnread?: number;
  /** Passes that a priority more is worth: a request goes before those of one priority less that came up to so many passes earlier. Default 256. */
  readonly patience?: number;
  /** Pages that sequences which are over may keep for later requests, as long as nobody needs them; default half of the cache, 0 for none. */
  readonly prefixPages?: number;
}

/** Options of `submit`: those of `generate`, without a sequence of one's own. */
export interface SubmitOptions extends Omit<GenerateOptions, 'sequence'> {
  /** Larger goes first; default 0. */
  readonly priority?: number;
}

/** The steps of one request, an async iterable that is read once. Leaving the loop over them ends the request. */
export interface ScheduledSteps {
  /** Ids of the prompt that did not have to be computed. */
  readonly cachedIds: number;
  /** The next step, as soon as there is one. Rejects with the signal's reason, or with what went wrong. */
  next(): Promise<IteratorResult<GenerateStep, undefined>>;
  /** Ends the request; what is unread is dropped. */
  return(): Promise<IteratorResult<GenerateStep, undefined>>;
  /** Itself. */
  [Symbol.asyncIterator](): ScheduledSteps;
}

/** What a scheduler has done and is doing. */
export interface SchedulerStats {
  /** Passes of the model. */
  readonly passes: number;
  /** Ids computed in them, without guesses. */
  readonly computedIds: number;
  /** Requests whose pages were taken away for others, each time. */
  readonly preemptions: number;
  /** Requests without a pass so far. */
  readonly waiting: number;
  /** Requests that have had one and are not over. */
  readonly running: number;
}

/** Serves requests on one model. */
export interface Scheduler {
  /**
   * Queues a request; it goes on whether or not its steps are read, until `maxUnread` of them lie there.
   * @throws {QueueFullError} when `maxWaiting` requests wait
   * @throws {RequestTooLargeError} when prompt and `maxNewTokens` need more pages than the cache has
   */
  submit(prompt: Prompt, options?: SubmitOptions): ScheduledSteps;
  /** Counts so far, and what there is now. */
  readonly stats: SchedulerStats;
  /** Kept prefixes; absent for models without a paged cache and with `prefixPages: 0`. */
  readonly prefixes: PrefixCache | undefined;
  /** Ends every request with an error and gives all pages back; resolves when the pass under way is over. The model stays the caller's. */
  dispose(): Promise<void>;
  /** The same, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}
