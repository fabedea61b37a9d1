// Locally typical sampling (Meister et al. 2022, arXiv 2202.00666): tokens whose surprise is nearest to the entropy,
// until their mass reaches p. It may remove the most likely token. Entropy and order are computed so that
// probabilities of 0 do no harm (entropy.ts).
import { checkInteger, checkKnown, checkNumber } from '../check.ts';
import { entropyOf } from '../entropy.ts';
import type { Processor } from '../processor.ts';
import { keepSelected, topSlot } from '../row.ts';
import { keepMass, selectByWeight } from '../select.ts';
import { massTolerance } from './top-p.ts';

/** Options of {@link typicalP}. */
export interface TypicalPOptions {
  /** The mass to keep, 0 < p <= 1; 1 keeps all. */
  readonly p: number;
  /**
   * Keep also what is exactly as typical as the last one kept (Hugging Face does); default false: the lowest id
   * first.
   */
  readonly keepTies?: boolean;
  /** Keep at least so many; default 1. */
  readonly minKeep?: number;
}

/**
 * Keeps the shortest run by ascending `|-ln p_i - H|` whose mass is >= p.
 *
 * @throws RangeError when p is outside (0, 1].
 */
export function typicalP(options: TypicalPOptions): Processor {
  checkKnown('typicalP', options, ['p', 'keepTies', 'minKeep']);
  const p = checkNumber('typicalP', options.p, '0 < p <= 1', (x) => x > 0 && x <= 1);
  const keepTies = options.keepTies ?? false;
  const minKeep = checkInteger('minKeep', options.minKeep ?? 1, 1);
  return {
    name: 'typicalP',
    options: { p, keepTies, minKeep },
    argmaxInvariant: false,
    process(row) {
      if (p === 1) return;
      const entropy = entropyOf(row);
      const { values, weights, keys, total } = row;
      const offset = values[topSlot(row)] + Math.log(total) - entropy;
      // Surprise minus entropy is offset - l; the nearest to 0 comes first, so the key is its negative distance.
      for (let slot = 0; slot < row.n; slot++) keys[slot] = -Math.abs(offset - values[slot]);
      const need = Math.max(p - massTolerance, Number.MIN_VALUE) * total;
      if (minKeep === 1) keepMass(row, weights, need, keepTies, true);
      else {
        let m = selectByWeight(row, weights, need, keepTies, true);
        if (m < minKeep) m = selectByWeight(row, undefined, Math.min(minKeep, row.n), keepTies, true);
        keepSelected(row, m);
      }
    },
  };
}
