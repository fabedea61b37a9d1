// Classifier-free guidance (Sanchez et al. 2023, arXiv 2306.17806): away from what the model would say without the
// prompt (or with a negative one).
import { checkKnown, checkNumber } from '../check.ts';
import type { Processor } from '../processor.ts';
import { type Logits, type Row, weigh } from '../row.ts';
import type { TokenHistory } from '../token-history.ts';

/** Options of {@link guidance}. */
export interface GuidanceOptions {
  /** s >= 0: 1 changes nothing, above 1 strengthens the prompt, 0 ignores it. */
  readonly scale: number;
  /**
   * The logits [V] of the same position without the prompt, or with the negative prompt. It is called once a step.
   */
  readonly unconditional: (history: TokenHistory) => Logits;
}

/**
 * `l = u + s (c - u)`, c and u the log-softmax of the row and of the unconditional row.
 *
 * A token that the unconditional row rules out keeps c: there is nothing to be led away from.
 *
 * @throws RangeError when scale is negative or the unconditional row has another length; TypeError when a step has
 *   already truncated the row.
 */
export function guidance(options: GuidanceOptions): Processor {
  checkKnown('guidance', options, ['scale', 'unconditional']);
  const scale = checkNumber(
    'guidance',
    options.scale,
    '0 <= scale < Infinity',
    (x) => x >= 0 && x < Infinity,
  );
  const { unconditional } = options;
  if (typeof unconditional !== 'function')
    throw new TypeError('guidance: unconditional: expected a function');
  return {
    name: 'guidance',
    options: { scale },
    companion: unconditional,
    argmaxInvariant: false,
    process(row, { history }) {
      if (!row.dense) throw new TypeError('guidance: must come before every step that truncates');
      const other = unconditional(history);
      if (other.length !== row.vocabSize)
        throw new RangeError(`guidance: expected ${row.vocabSize} unconditional logits, got ${other.length}`);
      const { values } = row;
      const own = logSumExp(row);
      row.values = other;
      const theirs = logSumExp(row);
      row.values = values;
      for (let id = 0; id < row.n; id++) {
        const c = values[id] - own;
        const u = other[id] - theirs;
        values[id] = c === -Infinity || u === -Infinity ? c : u + scale * (c - u);
      }
      row.total = 0;
    },
  };
}

function logSumExp(row: Row): number {
  const total = weigh(row);
  // weigh shifts by the maximum; any slot tells it back, and the largest weight is 1.
  let slot = 0;
  while (row.weights[slot] !== 1) slot++;
  return row.values[slot] + Math.log(total);
}
