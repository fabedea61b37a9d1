// Additive masks made on the host from the positions of queries and keys: causal, sliding window, attention sinks, padding.
import { type Tensor4D, tensor4d } from '@tensorflow/tfjs-core';

/** What hides a key: finite, so that a row of padding, which sees nothing, stays free of NaN. */
export const hidden = -1e9;

/** Which keys a query may see. */
export interface MaskOptions {
  /** Keys seen, the query's own included. */
  readonly window?: number;
  /** First positions that stay visible whatever the window is (arXiv:2309.17453). */
  readonly sinks?: number;
  /** Later keys are seen too; the window is then the largest distance. */
  readonly bidirectional?: boolean;
}

/** [B or 1, 1, T, S]: 0 where the key at `keys[b][s]` is seen from `queries[b][t]`, else `hidden`. A key position below 0 is padding. */
export function attentionMask(
  queries: readonly (readonly number[])[],
  keys: readonly (readonly number[])[],
  { window = Number.POSITIVE_INFINITY, sinks = 0, bidirectional = false }: MaskOptions = {},
): Tensor4D {
  const rows = queries.length;
  const length = queries[0].length;
  const seen = keys[0].length;
  const values = new Float32Array(rows * length * seen);
  let at = 0;
  for (let b = 0; b < rows; b++) {
    for (let t = 0; t < length; t++) {
      const query = queries[b][t];
      for (let s = 0; s < seen; s++, at++) {
        const key = keys[b][s];
        const near = bidirectional ? Math.abs(query - key) <= window : key > query - window || key < sinks;
        const visible = key >= 0 && near && (bidirectional || key <= query);
        if (!visible) values[at] = hidden;
      }
    }
  }
  return tensor4d(values, [rows, 1, length, seen]);
}

/** Slopes of ALiBi, a geometric series over the heads (arXiv:2108.12409; for other counts than powers of two as its authors do). */
export function alibiSlopes(heads: number): Float32Array {
  const power = 2 ** Math.floor(Math.log2(heads));
  const slopes = new Float32Array(heads);
  const base = 2 ** -(2 ** -(Math.log2(power) - 3));
  const between = 2 ** -(2 ** -(Math.log2(2 * power) - 3));
  for (let h = 0; h < heads; h++) slopes[h] = h < power ? base ** (h + 1) : between ** (2 * (h - power) + 1);
  return slopes;
}

/** [B or 1, H, 1, S]: slope times key position; softmax does not see what is the same for all keys of a query. */
export function alibiBias(heads: number, keys: readonly (readonly number[])[]): Tensor4D {
  const slopes = alibiSlopes(heads);
  const values = keys
    .flatMap((row) => Array.from(slopes, (slope) => row.map((key) => slope * Math.max(key, 0))))
    .flat();
  return tensor4d(values, [keys.length, heads, 1, keys[0].length]);
}
