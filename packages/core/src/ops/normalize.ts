// RMSNorm (arXiv:1910.07467), LayerNorm (arXiv:1607.06450), with or without weight and bias, over the last axis, of stock tfjs ops.
import { add, mean, mul, rsqrt, square, sub, type Tensor } from '@tensorflow/tfjs-core';
import type { NormConfig } from '../models/model-config.ts';

/** (x - mean) / sqrt(variance + eps) * weight + bias; kind `rms` leaves the mean in and divides by the root of the mean square. */
export function normalize<T extends Tensor>(x: T, norm: NormConfig, weight?: Tensor, bias?: Tensor): T {
  const centred = norm.kind === 'layer' ? sub(x, mean(x, -1, true)) : x;
  const scaled = mul(centred, rsqrt(add(mean(square(centred), -1, true), norm.eps)));
  const weighted = weight === undefined ? scaled : mul(scaled, norm.unitOffset ? add(weight, 1) : weight);
  return (bias === undefined ? weighted : add(weighted, bias)) as T;
}
