// The end becomes more likely with every id after `start` (Hugging Face's exponential_decay_length_penalty).
import { checkIds, checkInteger, checkKnown, checkNumber } from '../check.ts';
import type { Processor } from '../processor.ts';
import { checkInVocabulary, setValue, slotOf } from '../row.ts';

/** Options of {@link exponentialDecayLength}. */
export interface ExponentialDecayLengthOptions {
  /** After how many generated ids it begins, >= 0. */
  readonly start: number;
  /** The growth for each further id, > 0. */
  readonly factor: number;
  /** The ids that end a text, at least one. */
  readonly eosTokenIds: ArrayLike<number>;
}

/**
 * `l[eos] += |l[eos]| (factor^(generated - start) - 1)` once more than `start` ids have been generated.
 *
 * @throws RangeError when start is negative, factor is not > 0 or no end id is given.
 */
export function exponentialDecayLength(options: ExponentialDecayLengthOptions): Processor {
  checkKnown('exponentialDecayLength', options, ['start', 'factor', 'eosTokenIds']);
  const start = checkInteger('start', options.start, 0);
  const factor = checkNumber('factor', options.factor, '0 < factor < Infinity', (x) => x > 0 && x < Infinity);
  const ids = checkIds('eosTokenIds', options.eosTokenIds);
  if (ids.length === 0) throw new RangeError('eosTokenIds: expected at least one id, got none');
  return {
    name: 'exponentialDecayLength',
    options: { start, factor, eosTokenIds: ids },
    argmaxInvariant: false,
    process(row, { history }) {
      const over = history.length - history.promptLength - start;
      if (over <= 0) return;
      // A long text would overflow to +Infinity: the largest finite value forces the end as well.
      const growth = Math.min(factor ** over - 1, 1e30);
      for (let i = 0; i < ids.length; i++) {
        checkInVocabulary('exponentialDecayLength', ids[i], row);
        const slot = slotOf(row, ids[i]);
        if (slot < 0 || row.values[slot] === -Infinity) continue;
        setValue(row, slot, row.values[slot] + Math.abs(row.values[slot]) * growth);
      }
    },
  };
}
