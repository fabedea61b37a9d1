// x W + b with W stored [in, out]: the one layout in which tfjs's fast paths apply (XNNPACK takes matMul without transpose flags only).
import { add, matMul, reshape, type Tensor, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';

/** x [..., in] times weight [in, out] plus bias [out]; gives [..., out]. */
export function linear<T extends Tensor>(x: T, weight: Tensor2D, bias?: Tensor1D): T {
  const inputs = x.shape.at(-1) as number;
  const flat = reshape(x, [-1, inputs]) as Tensor2D;
  const product = matMul(flat, weight);
  const biased = bias === undefined ? product : add(product, bias);
  return reshape(biased, [...x.shape.slice(0, -1), weight.shape[1]]) as T;
}
