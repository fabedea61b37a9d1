// Biases of attention scores by the distance of two tokens: T5's buckets (Raffel et al. 2020, arXiv:1910.10683), half of them for what comes later, near distances one
// by one and far ones on a logarithmic scale.
import { gather, reshape, type Tensor2D, type Tensor4D, tensor1d, transpose } from '@tensorflow/tfjs-core';

/** Distances from here on share the last bucket. */
const FARTHEST = 128;

/** The bucket of a key at `distance` behind its query (negative: before it), of `buckets` in all. In single precision, as the reference. */
export function relativeBucket(distance: number, buckets: number): number {
  const half = buckets >> 1;
  const near = half >> 1;
  const far = Math.abs(distance);
  const side = distance > 0 ? half : 0;
  if (far < near) return side + far;
  const logarithm = Math.fround(Math.fround(Math.log(far / near)) / Math.fround(Math.log(FARTHEST / near)));
  return side + Math.min(near + Math.floor(Math.fround(logarithm * (half - near))), half - 1);
}

/** Biases [1, H, T, T] of a text of `length` tokens out of their table [buckets, H]. */
export function relativeBias(table: Tensor2D, length: number): Tensor4D {
  const [buckets, heads] = table.shape;
  const rows = new Int32Array(length * length);
  const byDistance = Int32Array.from({ length: 2 * length - 1 }, (_, i) =>
    relativeBucket(i - length + 1, buckets),
  );
  for (let t = 0; t < length; t++)
    for (let s = 0; s < length; s++) rows[t * length + s] = byDistance[s - t + length - 1];
  const values = transpose(gather(table, tensor1d(rows, 'int32')));
  return reshape(values, [1, heads, length, length]);
}
