// One round of speculation for any number of sequences: all guesses of all rows are scored in one pass of the target,
// then each row keeps what the acceptance rule lets it keep. The processors act on both sides: p is the target
// sampler's law with its own history and memory, q the proposer's (vLLM leaves min-p and logit bias out of its
// rejection path and must refuse them). Guess, acceptance, replacement and bonus read streams of their own.
import type { Sampler } from '../sampler.ts';
import { logitsAfter, type SequenceModel } from '../search/sequence-model.ts';
import type { Proposal, Proposer } from './proposer.ts';
import { drawFrom, drawResidual, keepsDraft } from './verify-draft.ts';

/** One sequence under speculation. */
export interface SpeculativeRow {
  /** The target's sampler; it knows the ids so far (`accept` the prompt first). */
  readonly sampler: Sampler;
  /** Who guesses; it has observed the same ids. */
  readonly proposer: Proposer;
  /** The most guesses of this round, >= 0; 0 is an ordinary step. */
  readonly draft: number;
  /** Ids after which the row ends: nothing is drawn behind an accepted end. Default none. */
  readonly eosTokenIds?: readonly number[];
}

/** What one round gave a row. */
export interface SpeculativeResult {
  /** The new ids: the accepted guesses and one id of the target's own (except after an end). */
  readonly ids: readonly number[];
  /** How many ids were guessed. */
  readonly proposed: number;
  /** How many guesses stayed. */
  readonly accepted: number;
  /** The natural logarithm of each new id's probability under the sampler's law. */
  readonly logprobs: readonly number[];
}

/**
 * One round: guess, score, accept. The ids have exactly the law of `sampler` alone.
 *
 * @throws RangeError when a proposer gives other than one law a guess; what model, samplers and proposers throw.
 */
export async function speculativeStep(
  target: SequenceModel,
  rows: readonly SpeculativeRow[],
): Promise<SpeculativeResult[]> {
  const proposals = await Promise.all(
    rows.map(
      async ({ proposer, draft }): Promise<Proposal> => (draft > 0 ? proposer.propose(draft) : { ids: [] }),
    ),
  );
  const prefixes = rows.flatMap(({ sampler }, r) => {
    const ids = sampler.ids();
    return Array.from({ length: proposals[r].ids.length + 1 }, (_, i) => [
      ...ids,
      ...proposals[r].ids.slice(0, i),
    ]);
  });
  const logits = await logitsAfter(target, prefixes);
  let from = 0;
  return rows.map((row, r) => {
    const { ids: guesses, laws } = proposals[r];
    if (laws !== undefined && laws.length !== guesses.length)
      throw new RangeError(`propose: expected ${guesses.length} laws, got ${laws.length}`);
    const own = logits.slice(from, from + guesses.length + 1);
    from += guesses.length + 1;
    const result = acceptGuesses(row, own, guesses, laws);
    row.proposer.observe(result.ids);
    return result;
  });
}

/** What stays of the guesses of one row, and the id that follows; `logits[i]` are those behind the first i guesses. */
export function acceptGuesses(
  { sampler, eosTokenIds = [] }: SpeculativeRow,
  logits: readonly (Float32Array | Float64Array)[],
  guesses: readonly number[],
  laws: readonly Float64Array[] | undefined,
): SpeculativeResult {
  const ids: number[] = [];
  const logprobs: number[] = [];
  const settle = (id: number, p: Float64Array): void => {
    ids.push(id);
    logprobs.push(Math.log(p[id]));
    sampler.accept(id, p[id]);
  };
  for (let i = 0; i < guesses.length; i++) {
    const guess = guesses[i];
    const p = sampler.law(logits[i]);
    const q = laws?.[i];
    if (!keepsDraft(sampler.uniform('accept'), p[guess], q === undefined ? 1 : q[guess])) {
      const other = drawResidual(sampler.uniform('residual'), p, q ?? guess);
      settle(other < 0 ? guess : other, p);
      return { ids, proposed: guesses.length, accepted: other < 0 ? i + 1 : i, logprobs };
    }
    settle(guess, p);
    if (eosTokenIds.includes(guess)) return { ids, proposed: guesses.length, accepted: i + 1, logprobs };
  }
  const p = sampler.law(logits[guesses.length]);
  settle(drawFrom(sampler.uniform('draw'), p), p);
  return { ids, proposed: guesses.length, accepted: guesses.length, logprobs };
}

/** sum min(p, q) = 1 - TV(p, q): how likely one guess is to stay. */
export function expectedAcceptance(p: ArrayLike<number>, q: ArrayLike<number>): number {
  let sum = 0;
  for (let id = 0; id < p.length; id++) sum += Math.min(p[id], q[id]);
  return sum;
}
