// Logarithms of probabilities with ranks, of one row in either form. `raw` reads the model's own row, which compares
// models; `processed` reads the law that was drawn from, which is what policy gradients need (raw ones are wrong under
// top-p).
import { idAt, type Row, slotOf, topSlot, weigh } from './row.ts';
import { selectByWeight } from './select.ts';

/** A token and the natural logarithm of its probability. */
export interface TokenLogprob {
  /** The token. */
  readonly id: number;
  /** ln p. */
  readonly logprob: number;
}

/** The place of one token in a row. */
export interface RankedLogprob extends TokenLogprob {
  /** 1 + how many tokens are likelier. */
  readonly rank: number;
  /** The most likely tokens, likeliest first, as many as were asked for. */
  readonly top: readonly TokenLogprob[];
}

/**
 * ln p and rank of one id, and the `count` most likely ids; `logSumExp` is the row's own unless it is part of a
 * larger one.
 */
export function rankedLogprob(row: Row, id: number, count: number, logSumExp?: number): RankedLogprob {
  const normaliser = logSumExp ?? row.values[topSlot(row)] + Math.log(row.total > 0 ? row.total : weigh(row));
  const slot = slotOf(row, id);
  const value = slot < 0 ? -Infinity : row.values[slot];
  let rank = 1;
  for (let other = 0; other < row.n; other++) if (row.values[other] > value) rank++;
  const top: TokenLogprob[] = [];
  if (count > 0) {
    const m = selectByWeight(row, undefined, Math.min(count, row.n));
    for (let i = 0; i < m; i++) {
      const at = row.order[i];
      if (row.values[at] > -Infinity) top.push({ id: idAt(row, at), logprob: row.values[at] - normaliser });
    }
    top.sort((a, b) => b.logprob - a.logprob || a.id - b.id);
  }
  return { id, logprob: value - normaliser, rank, top };
}
