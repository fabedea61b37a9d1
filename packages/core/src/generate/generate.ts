// Prompt in, steps out: prefill, then draw and append one id at a time. An async iterable, so the consumer sets the pace; leaving the loop
// or aborting frees the sequence. A batch runs its prompts side by side, each with the ids it would have alone.
import { drawStep, forcedSteps } from './draw-step.ts';
import { greedySampler } from './greedy-sampler.ts';
import type { LanguageModel, Sequence } from './language-model.ts';
import type { TokenLogprob } from './logprobs.ts';
import { nextTurn } from './next-turn.ts';
import { guessRoom, type Limits, readPrompts } from './read-prompts.ts';
import { stepLanes } from './step-lanes.ts';
import { streamText, type TextStream } from './stream-text.ts';
import type { ChatMessage, TokenCodec, TokenSampler, TokenSpeculator } from './token-seams.ts';

/** Text (needs a codec), ids, or messages (need a codec with a chat template). */
export type Prompt = string | ArrayLike<number> | readonly ChatMessage[];

/** Why a sequence ended: an end-of-sequence or stop id, a stop string, `maxNewTokens`, or the model's last position. */
export type FinishReason = 'eos' | 'stop' | 'length' | 'context';

/** One new token. */
export interface GenerateStep {
  readonly id: number;
  /** Text that became certain with this token; may be empty while a character or a stop string is incomplete. */
  readonly text: string;
  /** Number of the new token, from 0. */
  readonly index: number;
  /** Number of the prompt in a batch, else 0. */
  readonly sequence: number;
  /** Natural log of the id's probability under the raw logits, when `logprobs` is given; else what the sampler says. */
  readonly logprob?: number;
  readonly topLogprobs?: readonly TokenLogprob[];
  /** Set on a sequence's last step. */
  readonly finishReason?: FinishReason;
}

/** Options of `generate` and `generateBatch`. */
export interface GenerateOptions<S extends Sequence = Sequence> {
  /** Default: up to `maxPositions` of the model. A number given here may lead past them where the model can. */
  readonly maxNewTokens?: number;
  readonly codec?: TokenCodec;
  /** Default: arg max. */
  readonly sampler?: TokenSampler;
  /** Instead of a sampler: several ids a pass, with the sampler's law. */
  readonly speculator?: TokenSpeculator;
  readonly signal?: AbortSignal;
  /** Ids that end the text; default the end-of-sequence ids of codec and model. `[]` for none. */
  readonly stopIds?: readonly number[];
  /** Strings that end the text; they are not part of it. Needs a codec. */
  readonly stop?: readonly string[];
  /** Report log-probabilities, with this many of the most probable ids; 0 for the drawn one only. */
  readonly logprobs?: number;
  /** A sequence to go on with: what it shares with the prompt is not computed again. It is kept at the end. One prompt only. */
  readonly sequence?: S;
}

/** Tokens of a prompt computed between two turns of the event loop. */
const piece = 512;

interface Lane<S extends Sequence> {
  readonly number: number;
  readonly sequence: S;
  readonly sampler: TokenSampler;
  readonly speculator: TokenSpeculator | undefined;
  readonly text: TextStream | undefined;
  next: ArrayLike<number>;
  made: number;
}

/**
 * Continues one prompt. Throws `signal.reason` when aborted.
 *
 * @example
 * ```ts
 * import { generate } from '@ashlar/core';
 * // A model of three ids that always says the next one.
 * const model = {
 *   vocabSize: 3, maxPositions: 16, eosTokenIds: [2],
 *   newSequence: () => ({ ids: [], length: 0, dispose() {}, fork() { throw new Error('one lane'); }, truncate() {}, [Symbol.dispose]() {} }),
 *   step: async (requests) => requests.map(({ ids }) => Float32Array.of(0, 0, 0).fill(1, ids.at(-1) + 1, ids.at(-1) + 2)),
 * };
 * const ids: number[] = [];
 * for await (const step of generate(model, [0])) ids.push(step.id);
 * ids // => [1, 2]
 * ```
 */
export function generate<S extends Sequence>(
  model: LanguageModel<S>,
  prompt: Prompt,
  options: GenerateOptions<S> = {},
): AsyncGenerator<GenerateStep, void, undefined> {
  return run(model, [prompt], options, false);
}

/** Continues several prompts side by side; steps of all of them arrive in turns, told apart by `sequence`. */
export function generateBatch<S extends Sequence>(
  model: LanguageModel<S>,
  prompts: readonly Prompt[],
  options: Omit<GenerateOptions<S>, 'sequence'> = {},
): AsyncGenerator<GenerateStep, void, undefined> {
  return run(model, prompts, options, true);
}

async function* run<S extends Sequence>(
  model: LanguageModel<S>,
  prompts: readonly Prompt[],
  options: GenerateOptions<S>,
  batch: boolean,
): AsyncGenerator<GenerateStep, void, undefined> {
  // Before an abort is looked at: a wrong option is one whether or not somebody waits for the answer.
  const { encoded, limits } = readPrompts(model, prompts, options);
  const { sampler = greedySampler, signal, stop = [] } = options;
  signal?.throwIfAborted();
  if (limits.maxNewTokens === 0) return;
  const lanes: Lane<S>[] = [];
  try {
    for (const [number, ids] of encoded.entries()) {
      const own = batch && prompts.length > 1 ? fork(sampler, number) : sampler;
      const speculator =
        batch && prompts.length > 1 && options.speculator
          ? fork(options.speculator, number)
          : options.speculator;
      for (let i = 0; i < ids.length; i++) (speculator ?? own).accept?.(ids[i]);
      const sequence = options.sequence ?? model.newSequence();
      const text = limits.codec === undefined ? undefined : streamText(stop);
      const shared = options.sequence === undefined ? 0 : sharedPrefix(sequence, ids);
      lanes.push({
        number,
        sequence,
        sampler: own,
        speculator,
        text,
        next: Array.prototype.slice.call(ids, shared),
        made: 0,
      });
    }
    let live = [...lanes];
    for (const [i, lane] of lanes.entries()) {
      const forced = takeForced(lane, encoded[i].length, limits);
      if (forced.at(-1)?.finishReason !== undefined) live = live.filter((other) => other !== lane);
      yield* forced;
    }
    for (const lane of live) await prefill(model, lane, signal);
    while (live.length > 0) {
      signal?.throwIfAborted();
      const results = await stepLanes(
        model,
        live,
        (lane) => guessRoom(limits, lane.made, lane.sequence.length, lane.next.length),
        () => limits.logprobs,
      );
      for (const [i, lane] of live.entries()) {
        const steps: GenerateStep[] = [];
        for (const one of results[i].draws) {
          const step = drawStep(lane, one, limits);
          steps.push(step);
          lane.next = [step.id];
          if (steps[steps.length - 1].finishReason !== undefined) break;
        }
        results[i].keep(steps.length);
        if (steps[steps.length - 1].finishReason === undefined)
          steps.push(...takeForced(lane, lane.sequence.length + 1, limits));
        if (steps[steps.length - 1].finishReason !== undefined) {
          if (options.sequence === undefined) lane.sequence.dispose();
          live = live.filter((other) => other !== lane);
        }
        yield* steps;
      }
      await nextTurn();
    }
  } finally {
    if (options.sequence === undefined) for (const lane of lanes) lane.sequence.dispose();
  }
}

/** The steps of what must come next, `length` ids before it; they are computed with the next pass. */
function takeForced<S extends Sequence>(lane: Lane<S>, length: number, limits: Limits): GenerateStep[] {
  if (lane.speculator !== undefined) return [];
  const steps = forcedSteps(lane, lane.sampler, length, limits);
  if (steps.length > 0) lane.next = [...Array.from(lane.next), ...steps.map(({ id }) => id)];
  return steps;
}

/** Reads a long prompt in pieces, all but the last, so that an abort and the host's events need not wait for the whole. */
async function prefill<S extends Sequence>(
  model: LanguageModel<S>,
  lane: Lane<S>,
  signal: AbortSignal | undefined,
): Promise<void> {
  while (lane.next.length > piece) {
    signal?.throwIfAborted();
    const ids = Array.prototype.slice.call(lane.next, 0, piece) as number[];
    const request = { sequence: lane.sequence, ids, read: 'nothing' } as const;
    await (model.readStep === undefined ? model.step([request]) : model.readStep([request]));
    lane.next = Array.prototype.slice.call(lane.next, piece) as number[];
    await nextTurn();
  }
}

function fork<T extends { fork?(lane: number): T }>(sampler: T, lane: number): T {
  if (sampler.fork === undefined) throw new TypeError('sampler: expected one with fork() for a batch');
  return sampler.fork(lane);
}

/** Cuts the sequence down to what it shares with the prompt, but for at least one id to compute logits from; answers the length. */
function sharedPrefix(sequence: Sequence, ids: ArrayLike<number>): number {
  const { ids: own } = sequence;
  let shared = 0;
  while (shared < own.length && shared < ids.length - 1 && own[shared] === ids[shared]) shared++;
  try {
    sequence.truncate(shared);
    return shared;
  } catch (error) {
    // A window has passed over what would be needed: start again from nothing.
    if (!(error instanceof RangeError)) throw error;
    sequence.truncate(0);
    return 0;
  }
}
