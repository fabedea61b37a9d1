// Eta sampling (Hewitt, Manning, Liang 2022, arXiv 2210.15191): epsilon that falls when the distribution is flat.
// Suggested 3e-4 .. 4e-3. The formula is the paper's and Hugging Face's code's (its docstring shows another one).
import { checkInteger, checkKnown, checkNumber } from '../check.ts';
import { entropyOf } from '../entropy.ts';
import { keepProbable } from '../keep-probable.ts';
import type { Processor } from '../processor.ts';

/** Options of {@link etaCutoff}. */
export interface EtaCutoffOptions {
  /** The parameter, 0 < epsilon < 1. */
  readonly epsilon: number;
  /** Keep at least so many; default 1. */
  readonly minKeep?: number;
}

/**
 * Keeps `p >= min(epsilon, sqrt(epsilon) exp(-H))`, and always the most likely token.
 *
 * @throws RangeError when epsilon is outside (0, 1).
 */
export function etaCutoff(options: EtaCutoffOptions): Processor {
  checkKnown('etaCutoff', options, ['epsilon', 'minKeep']);
  const epsilon = checkNumber('epsilon', options.epsilon, '0 < epsilon < 1', (x) => x > 0 && x < 1);
  const minKeep = checkInteger('minKeep', options.minKeep ?? 1, 1);
  return {
    name: 'etaCutoff',
    options: { epsilon, minKeep },
    argmaxInvariant: true,
    process(row) {
      const entropy = entropyOf(row);
      keepProbable(row, Math.min(epsilon, Math.sqrt(epsilon) * Math.exp(-entropy)), minKeep);
    },
  };
}
