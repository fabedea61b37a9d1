// log softmax of one row in float64, for the drawn id and the n most probable ones.

/** An id and the natural logarithm of its probability. */
export interface TokenLogprob {
  readonly id: number;
  readonly logprob: number;
}

/** log(sum(exp(row))), computed in float64 around the maximum. */
export function logSumExp(row: ArrayLike<number>): number {
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < row.length; i++) if (row[i] > max) max = row[i];
  if (!Number.isFinite(max)) return max;
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum += Math.exp(row[i] - max);
  return max + Math.log(sum);
}

/** The `count` most probable ids of a row of logits, most probable first; of equal ones the smaller id. */
export function topLogprobs(row: ArrayLike<number>, count: number): TokenLogprob[] {
  const best: number[] = [];
  for (let id = 0; id < row.length; id++) {
    if (best.length === count && !(row[id] > row[best[count - 1]])) continue;
    let at = best.length;
    while (at > 0 && row[id] > row[best[at - 1]]) at--;
    best.splice(at, 0, id);
    if (best.length > count) best.pop();
  }
  const normaliser = logSumExp(row);
  return best.map((id) => ({ id, logprob: row[id] - normaliser }));
}
