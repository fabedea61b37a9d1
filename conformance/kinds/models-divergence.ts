/** How far one row of logits is from the reference's. */
export interface Divergence {
  /** KL(reference, ours) in nats. */
  readonly kl: number;
  readonly sameArgMax: boolean;
}

/** Compares two rows in float64. */
export function divergence(reference: Float32Array, ours: Float32Array): Divergence {
  const p = logSoftmax(reference);
  const q = logSoftmax(ours);
  let kl = 0;
  for (let i = 0; i < p.length; i++) kl += Math.exp(p[i]) * (p[i] - q[i]);
  return { kl, sameArgMax: argMax(reference) === argMax(ours) };
}

function logSoftmax(row: Float32Array): Float64Array {
  const max = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const sum = row.reduce((total, x) => total + Math.exp(x - max), 0);
  return Float64Array.from(row, (x) => x - max - Math.log(sum));
}

function argMax(row: Float32Array): number {
  return row.reduce((best, x, i) => (x > row[best] ? i : best), 0);
}
