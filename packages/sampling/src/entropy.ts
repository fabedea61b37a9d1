// H = -sum p ln p of a row in nats, without a p ln p of p = 0: the terms are taken from the weights, ln p = (l - max)
// - ln Z. (llama.cpp's typical sampler computes 0 ln 0 = NaN once a probability underflows, and then sorts by NaN.)
import { type Logits, type Row, topSlot, weigh } from './row.ts';

/** The entropy of softmax(row) in nats; fills `row.weights` and `row.total`. */
export function entropyOf(row: Row): number {
  const total = weigh(row);
  const max = row.values[topSlot(row)];
  const sum = weightedSum(row.dense ? row.values : row.sparse, row.weights, max, row.n);
  return Math.max(0, Math.log(total) - sum / total);
}

function weightedSum(values: Logits, weights: Float64Array, max: number, n: number): number {
  let sum = 0;
  for (let slot = 0; slot < n; slot++) {
    const weight = weights[slot];
    if (weight > 0) sum += weight * (values[slot] - max);
  }
  return sum;
}
