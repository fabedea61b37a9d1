// Reciprocal rank fusion (Cormack et al. 2009): score = sum over lists of 1 / (k + rank). Needs no calibration between lexical and vector scores.

/** Keys by fused score, best first; ranks count from 1. */
export function fuseRanks<K>(
  lists: readonly (readonly K[])[],
  k = 60,
): { readonly key: K; readonly score: number }[] {
  const scores = new Map<K, number>();
  for (const list of lists)
    for (const [rank, key] of list.entries()) scores.set(key, (scores.get(key) ?? 0) + 1 / (k + rank + 1));
  return [...scores].map(([key, score]) => ({ key, score })).sort((a, b) => b.score - a.score);
}
