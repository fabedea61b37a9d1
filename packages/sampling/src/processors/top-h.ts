// Top-H (2025, arXiv 2509.02510; here as Hugging Face has it): among the 100 most likely tokens, renormalised, the
// longest descending run whose summed -p ln p stays within topH of the whole entropy.
import { checkKnown, checkNumber } from '../check.ts';
import { entropyOf } from '../entropy.ts';
import type { Processor } from '../processor.ts';
import { keepFirst } from '../row.ts';
import { keepTop } from '../select.ts';
import { massTolerance } from './top-p.ts';

/** Options of {@link topH}. */
export interface TopHOptions {
  /** The share of the entropy to keep, 0 < topH <= 1. */
  readonly topH: number;
}

/** How many tokens the reference looks at. */
const considered = 100;

/**
 * Keeps the descending prefix with `sum -p ln p <= topH H`, and always the most likely token.
 *
 * @throws RangeError when topH is outside (0, 1].
 */
export function topH(options: TopHOptions): Processor {
  checkKnown('topH', options, ['topH']);
  const share = checkNumber('topH', options.topH, '0 < topH <= 1', (x) => x > 0 && x <= 1);
  return {
    name: 'topH',
    options: { topH: share },
    argmaxInvariant: true,
    process(row) {
      keepTop(row, considered);
      if (row.n === 0) return;
      const budget = entropyOf(row) * (share + massTolerance);
      const { values, weights, total, n } = row;
      const normaliser = values[0] + Math.log(total);
      let kept = 0;
      let used = 0;
      while (kept < n) {
        const weight = weights[kept];
        used += weight > 0 ? (weight / total) * (normaliser - values[kept]) : 0;
        if (kept > 0 && used > budget) break;
        kept++;
      }
      keepFirst(row, kept);
    },
  };
}
