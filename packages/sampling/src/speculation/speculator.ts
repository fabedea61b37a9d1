// Speculation as core's generate() takes it: an object that guesses, and settles what the target says to the guesses. The model's part (one pass for all
// guesses of all rows, cutting the cache) is the caller's.
import { checkInteger, checkKnown } from '../check.ts';
import type { Logits } from '../row.ts';
import type { Sampled, Sampler } from '../sampler.ts';
import type { Proposal, Proposer } from './proposer.ts';
import { acceptGuesses } from './speculative-step.ts';

/** Options of {@link speculator}. */
export interface SpeculatorOptions {
  /** The target's sampler, fresh. */
  readonly sampler: Sampler;
  /** Makes who guesses, for each lane of a batch a fresh one. */
  readonly proposer: (lane: number) => Proposer;
  /** The most guesses a pass; default 4. */
  readonly draft?: number;
}

/** Guesses ids and keeps those that the sampler's law keeps. */
export interface Speculator {
  /** How many ids have been guessed so far. */
  readonly proposed: number;
  /** How many guesses stayed. */
  readonly accepted: number;
  /** Told of the ids of the prompt. */
  accept(id: number): void;
  /** At most `most` guesses for what follows. */
  guess(most: number): Promise<readonly number[]>;
  /** The new ids, given the logits behind the first 0, 1, 2, ... guesses. The rows are not changed. */
  settle(rows: readonly Logits[]): readonly Sampled[];
  /** The same with a fresh proposer and the random numbers of another lane. */
  fork(lane: number): Speculator;
}

/**
 * Several ids a pass with exactly the law of `sampler`: the `speculator` option of core's `generate`.
 *
 * @throws TypeError or RangeError for options.
 * @example
 * ```ts
 * import { promptLookup, sampler, speculator } from '@ashlar/sampling';
 * const one = speculator({ sampler: sampler({ greedy: true }), proposer: () => promptLookup() });
 * for (const id of [0, 1, 2, 0, 1]) one.accept(id);
 * await one.guess(2) // => [2, 0]
 * const rows = [[0, 0, 9], [9, 0, 0], [0, 9, 0]].map((row) => Float32Array.from(row));
 * one.settle(rows).map((drawn) => drawn.id) // => [2, 0, 1]
 * one.accepted // => 2
 * ```
 */
export function speculator(options: SpeculatorOptions): Speculator {
  checkKnown('speculator', options, ['sampler', 'proposer', 'draft']);
  const draft = checkInteger('draft', options.draft ?? 4, 0);
  return build(options.sampler, options.proposer, draft, 0);
}

function build(
  sampler: Sampler,
  makeProposer: (lane: number) => Proposer,
  draft: number,
  lane: number,
): Speculator {
  const proposer = makeProposer(lane);
  let proposal: Proposal = { ids: [] };
  let proposed = 0;
  let accepted = 0;
  return {
    get proposed() {
      return proposed;
    },
    get accepted() {
      return accepted;
    },
    accept(id) {
      sampler.accept(id);
      proposer.observe([id]);
    },
    async guess(most) {
      const count = Math.min(draft, most);
      proposal = count > 0 ? await proposer.propose(count) : { ids: [] };
      return proposal.ids;
    },
    settle(rows) {
      const { ids: guesses, laws } = proposal;
      if (rows.length !== guesses.length + 1)
        throw new RangeError(`settle: expected ${guesses.length + 1} rows, got ${rows.length}`);
      proposal = { ids: [] };
      const result = acceptGuesses({ sampler, proposer, draft }, rows, guesses, laws);
      proposed += result.proposed;
      accepted += result.accepted;
      proposer.observe(result.ids);
      return result.ids.map((id, i) => ({ id, logprob: result.logprobs[i] }));
    },
    fork: (other) => build(sampler.fork(other), makeProposer, draft, other),
  };
}
