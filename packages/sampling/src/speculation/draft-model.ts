// Guesses of a smaller model, drawn from its law after the same processors as the target's. The noise of the guesses
// is a stream of its own, so the verifier never reuses it.
import { checkKnown } from '../check.ts';
import type { Sampler } from '../sampler.ts';
import type { SequenceModel } from '../search/sequence-model.ts';
import type { Proposer } from './proposer.ts';
import { drawFrom } from './verify-draft.ts';

/** Options of {@link draftModel}. */
export interface DraftModelOptions {
  /** Ids after which no more is guessed; default none. */
  readonly eosTokenIds?: readonly number[];
  /**
   * Stop guessing once the guess's own probability falls below this; default 0, never. Exactness does not depend on
   * it.
   */
  readonly minProbability?: number;
}

/**
 * Guesses drawn from `model` under `sampler`, which must be a fresh sampler with the target's options (and seed and
 * lane).
 *
 * The sampler is fed by `observe`; guesses are taken back after each proposal.
 */
export function draftModel(
  model: SequenceModel,
  sampler: Sampler,
  options: DraftModelOptions = {},
): Proposer {
  checkKnown('draftModel', options, ['eosTokenIds', 'minProbability']);
  const { eosTokenIds = [], minProbability = 0 } = options;
  return {
    async propose(count) {
      const ids: number[] = [];
      const laws: Float64Array[] = [];
      const base = sampler.ids();
      while (ids.length < count) {
        const law = sampler.law(await model.nextLogits([...base, ...ids]));
        const id = drawFrom(sampler.uniform('draft'), law);
        ids.push(id);
        laws.push(law);
        sampler.accept(id, law[id]);
        if (eosTokenIds.includes(id) || law[id] < minProbability) break;
      }
      sampler.rollback(ids.length);
      return { ids, laws };
    },
    observe(ids) {
      for (const id of ids) sampler.accept(id);
    },
  };
}
