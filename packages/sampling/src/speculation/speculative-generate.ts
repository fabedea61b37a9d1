// Rounds of speculation until the text ends, as a stream of ids.
import { checkInteger, checkKnown } from '../check.ts';
import type { Sampler } from '../sampler.ts';
import type { SequenceModel } from '../search/sequence-model.ts';
import type { Proposer } from './proposer.ts';
import { speculativeStep } from './speculative-step.ts';

/** Options of {@link speculativeGenerate}. */
export interface SpeculativeGenerateOptions {
  /** The target's sampler, fresh. */
  readonly sampler: Sampler;
  /** Who guesses, fresh. */
  readonly proposer: Proposer;
  /** The longest text, in new ids. */
  readonly maxNewTokens: number;
  /** Guesses a round; default 4. */
  readonly draft?: number;
  /** Ids that end the text (the last id given); default none. */
  readonly eosTokenIds?: readonly number[];
  /** Ends the stream with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** One id of a stream. */
export interface SpeculativeToken {
  /** The id. */
  readonly id: number;
  /** True when it was a guess that stayed. */
  readonly guessed: boolean;
  /** How many guesses there have been so far. */
  readonly proposed: number;
  /** How many of them stayed. */
  readonly accepted: number;
}

/**
 * Continues a prompt by speculation: the ids have the law of `sampler` on `target` alone.
 *
 * @throws TypeError or RangeError for options; the signal's reason when aborted.
 * @example
 * ```ts
 * import { promptLookup, sampler, speculativeGenerate } from '@ashlar/sampling';
 * const next = (prefix: readonly number[]) => Float32Array.from([0, 1, 2], (id) => (id === prefix.length % 3 ? 9 : 0));
 * const model = { nextLogits: next };
 * const ids: number[] = [];
 * const options = { sampler: sampler({ greedy: true }), proposer: promptLookup(), maxNewTokens: 5 };
 * for await (const { id } of speculativeGenerate(model, [0, 1, 2, 0], options)) ids.push(id);
 * ids // => [1, 2, 0, 1, 2]
 * ```
 */
export async function* speculativeGenerate(
  target: SequenceModel,
  prompt: readonly number[],
  options: SpeculativeGenerateOptions,
): AsyncGenerator<SpeculativeToken, void, undefined> {
  checkKnown('speculativeGenerate', options, [
    'sampler',
    'proposer',
    'maxNewTokens',
    'draft',
    'eosTokenIds',
    'signal',
  ]);
  const { sampler, proposer, eosTokenIds = [], signal } = options;
  const draft = checkInteger('draft', options.draft ?? 4, 0);
  let left = checkInteger('maxNewTokens', options.maxNewTokens, 0);
  for (const id of prompt) sampler.accept(id);
  proposer.observe(prompt);
  let proposed = 0;
  let accepted = 0;
  while (left > 0) {
    signal?.throwIfAborted();
    const row = { sampler, proposer, draft: Math.min(draft, left - 1), eosTokenIds };
    const [result] = await speculativeStep(target, [row]);
    proposed += result.proposed;
    accepted += result.accepted;
    for (const [i, id] of result.ids.entries()) {
      yield { id, guessed: i < result.accepted, proposed, accepted };
      if (eosTokenIds.includes(id)) return;
    }
    left -= result.ids.length;
  }
}
