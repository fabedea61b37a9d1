// Top-n-sigma (Tang et al. 2024, arXiv 2411.07641): a cut on the logits themselves, so that the kept set does not
// depend on a temperature before it.
import { checkKnown, checkNumber } from '../check.ts';
import type { Processor } from '../processor.ts';
import { keepAtLeast, topSlot } from '../row.ts';

/** Options of {@link topNSigma}. */
export interface TopNSigmaOptions {
  /** How many standard deviations below the maximum still count, > 0. */
  readonly n: number;
}

/**
 * Keeps `l >= max l - n sigma`, sigma the population standard deviation of the finite logits.
 *
 * @throws RangeError when n is not > 0.
 */
export function topNSigma(options: TopNSigmaOptions): Processor {
  checkKnown('topNSigma', options, ['n']);
  const n = checkNumber('topNSigma', options.n, '0 < n < Infinity', (x) => x > 0 && x < Infinity);
  return {
    name: 'topNSigma',
    options: { n },
    argmaxInvariant: true,
    process(row) {
      const { values } = row;
      const top = values[topSlot(row)];
      let count = 0;
      let sum = 0;
      for (let slot = 0; slot < row.n; slot++)
        if (values[slot] > -Infinity) {
          count++;
          sum += values[slot] - top;
        }
      const mean = sum / count;
      let squares = 0;
      for (let slot = 0; slot < row.n; slot++)
        if (values[slot] > -Infinity) squares += (values[slot] - top - mean) ** 2;
      keepAtLeast(row, top - n * Math.sqrt(squares / count));
    },
  };
}
