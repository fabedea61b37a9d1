// What an adapter adds to a linear layer, x A B, as its own two thin products beside x W: the weight is neither copied nor changed, gets no gradient, and may be packed; and every row of a
// batch may have another adapter (as S-LoRA does, Sheng et al. 2023, arXiv 2311.03285).
import {
  gather,
  matMul,
  mul,
  reshape,
  type Tensor,
  type Tensor1D,
  type Tensor3D,
  tensor1d,
} from '@tensorflow/tfjs-core';
import { linear } from './linear.ts';

/** A term scale x A B. */
export interface LowRank {
  /** [in, r]; with `rows` a stack of them, [n, in, r]. */
  readonly a: Tensor;
  /** [r, out]; with `rows` a stack of them, [n, r, out]. */
  readonly b: Tensor;
  /** One number, or with `rows` one of each of the stack. */
  readonly scale: number | readonly number[];
  /** Which of the stack each batch row takes; -1 for none. */
  readonly rows?: readonly number[];
}

/** scale x A B for x [..., in], [..., out]; with `rows`, x is [B, T, in] or the same flattened to [B T, in]. */
export function lowRank(x: Tensor, { a, b, scale, rows }: LowRank): Tensor {
  const width = x.shape[x.shape.length - 1];
  if (rows === undefined) return mul(linear(linear(x, a as never), b as never), scale as number);
  const scales = scale as readonly number[];
  const place = tensor1d(
    rows.map((row) => Math.max(row, 0)),
    'int32',
  );
  const factors = reshape(tensor1d(rows.map((row) => (row < 0 ? 0 : scales[row]))) as Tensor1D, [-1, 1, 1]);
  const own = reshape(x, [rows.length, -1, width]) as Tensor3D;
  const product = mul(matMul(matMul(own, gather(a, place)), gather(b, place)), factors);
  return reshape(product, [...x.shape.slice(0, -1), b.shape[b.shape.length - 1]]);
}
