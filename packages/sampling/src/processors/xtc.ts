// Exclude top choices (oobabooga PR 6335; no paper): with a probability, remove all tokens that reach the threshold
// but the least likely of them. Its coin is a stream of its own: llama.cpp seeds it like the draw, and the two
// sequences overlap.
import { checkInteger, checkKnown, checkNumber } from '../check.ts';
import type { Processor } from '../processor.ts';
import { idAt, keepSelected, weigh } from '../row.ts';

/** Options of {@link xtc}. */
export interface XtcOptions {
  /** How often it acts, 0 <= probability <= 1. */
  readonly probability: number;
  /**
   * From which probability a token is a top choice, 0 < threshold <= 1; above 0.5 there are never two. Default 0.1.
   */
  readonly threshold?: number;
  /** It does not act when fewer would be left; default 1. */
  readonly minKeep?: number;
}

/**
 * With `probability`: removes every token with `p >= threshold` except the least likely of them (the highest id
 * among equals).
 *
 * @throws RangeError when probability or threshold is outside its range.
 */
export function xtc(options: XtcOptions): Processor {
  checkKnown('xtc', options, ['probability', 'threshold', 'minKeep']);
  const probability = checkNumber(
    'probability',
    options.probability,
    '0 <= probability <= 1',
    (x) => x >= 0 && x <= 1,
  );
  const threshold = checkNumber(
    'threshold',
    options.threshold ?? 0.1,
    '0 < threshold <= 1',
    (x) => x > 0 && x <= 1,
  );
  const minKeep = checkInteger('minKeep', options.minKeep ?? 1, 1);
  return {
    name: 'xtc',
    options: { probability, threshold, minKeep },
    argmaxInvariant: false,
    process(row, context) {
      if (probability === 0 || threshold > 0.5 || row.n < 2) return;
      if (context.uniform('xtc') > probability) return;
      const cut = weigh(row) * threshold;
      const { values, weights, order, n } = row;
      let tops = 0;
      let least = -1;
      for (let slot = 0; slot < n; slot++) {
        if (weights[slot] < cut) continue;
        tops++;
        if (least < 0 || values[slot] < values[least]) least = slot;
        else if (values[slot] === values[least] && idAt(row, slot) > idAt(row, least)) least = slot;
      }
      if (tops < 2 || n - tops + 1 < minKeep) return;
      let m = 0;
      for (let slot = 0; slot < n; slot++) if (weights[slot] < cut || slot === least) order[m++] = slot;
      keepSelected(row, m, true);
    },
  };
}
