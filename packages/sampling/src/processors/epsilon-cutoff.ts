// Epsilon sampling (Hewitt, Manning, Liang 2022, arXiv 2210.15191): remove what is less likely than epsilon. Suggested
// 3e-4 .. 9e-4.
import { checkInteger, checkKnown, checkNumber } from '../check.ts';
import { keepProbable } from '../keep-probable.ts';
import type { Processor } from '../processor.ts';
import { weigh } from '../row.ts';

/** Options of {@link epsilonCutoff}. */
export interface EpsilonCutoffOptions {
  /** The least probability, 0 < epsilon < 1. */
  readonly epsilon: number;
  /** Keep at least so many; default 1. */
  readonly minKeep?: number;
}

/**
 * Keeps `p >= epsilon`, and always the most likely token.
 *
 * @throws RangeError when epsilon is outside (0, 1).
 */
export function epsilonCutoff(options: EpsilonCutoffOptions): Processor {
  checkKnown('epsilonCutoff', options, ['epsilon', 'minKeep']);
  const epsilon = checkNumber('epsilon', options.epsilon, '0 < epsilon < 1', (x) => x > 0 && x < 1);
  const minKeep = checkInteger('minKeep', options.minKeep ?? 1, 1);
  return {
    name: 'epsilonCutoff',
    options: { epsilon, minKeep },
    argmaxInvariant: true,
    process(row) {
      weigh(row);
      keepProbable(row, epsilon, minKeep);
    },
  };
}
