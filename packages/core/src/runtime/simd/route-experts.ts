// Experts of one layer: the host reads the router's scores, gathers each expert's rows, runs its feed-forward on them and adds what they are worth.

/** The rows that go to one expert, with their weights. */
export interface ExpertRows {
  readonly expert: number;
  readonly rows: readonly { readonly row: number; readonly weight: number }[];
}

/** Rows by expert, those without rows left out. `scores` is [rows, count]. */
export function routeExperts(
  scores: Float32Array,
  count: number,
  perToken: number,
  normalize: boolean,
): ExpertRows[] {
  const lists = Array.from({ length: count }, () => [] as { row: number; weight: number }[]);
  for (let row = 0; row * count < scores.length; row++) {
    for (const { expert, weight } of chooseExperts(
      scores.subarray(row * count, (row + 1) * count),
      perToken,
      normalize,
    ))
      lists[expert].push({ row, weight });
  }
  return lists.flatMap((rows, expert) => (rows.length === 0 ? [] : [{ expert, rows }]));
}

/** The experts of one row and their weights: softmax, the largest `perToken`, scaled to sum to 1 when the family does. */
function chooseExperts(
  scores: Float32Array,
  perToken: number,
  normalize: boolean,
): { expert: number; weight: number }[] {
  const top = Math.max(...scores);
  const exps = Array.from(scores, (s) => Math.exp(s - top));
  const sum = exps.reduce((a, b) => a + b, 0);
  const order = exps
    .map((e, expert) => ({ expert, weight: e / sum }))
    .sort((a, b) => b.weight - a.weight || a.expert - b.expert);
  const kept = order.slice(0, perToken);
  const total = normalize ? kept.reduce((a, b) => a + b.weight, 0) : 1;
  return kept.map(({ expert, weight }) => ({ expert, weight: weight / total }));
}
