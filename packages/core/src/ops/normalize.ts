// RMSNorm (arXiv:1910.07467), LayerNorm (arXiv:1607.06450), with or without weight and bias, over the last axis: one fused kernel each way where the backend has it, else
// stock tfjs ops.
import { add, customGrad, mean, mul, rsqrt, square, sub, type Tensor } from '@tensorflow/tfjs-core';
import type { NormConfig } from '../models/model-config.ts';
import { hasKernel, runOwnKernel } from './own-kernel.ts';

/** (x - mean) / sqrt(variance + eps) * weight + bias; kind `rms` leaves the mean in and divides by the root of the mean square. */
export function normalize<T extends Tensor>(x: T, norm: NormConfig, weight?: Tensor, bias?: Tensor): T {
  const width = x.shape.at(-1);
  const vectors = [weight, bias].every((t) => t === undefined || t.size === width);
  if (vectors && weight !== undefined && x.size > 0 && hasKernel('Ashlar/Norm'))
    return fused(x, norm, weight, bias);
  return normalizeInOps(x, norm, weight, bias);
}

/** The same in stock ops, on any backend. */
export function normalizeInOps<T extends Tensor>(x: T, norm: NormConfig, weight?: Tensor, bias?: Tensor): T {
  const centred = norm.kind === 'layer' ? sub(x, mean(x, -1, true)) : x;
  const scaled = mul(centred, rsqrt(add(mean(square(centred), -1, true), norm.eps)));
  const weighted = weight === undefined ? scaled : mul(scaled, norm.unitOffset ? add(weight, 1) : weight);
  return (bias === undefined ? weighted : add(weighted, bias)) as T;
}

function fused<T extends Tensor>(x: T, norm: NormConfig, weight: Tensor, bias: Tensor | undefined): T {
  const attrs = { layer: norm.kind === 'layer', eps: norm.eps, unitOffset: norm.unitOffset === true };
  const op = customGrad((...given) => {
    const save = given[given.length - 1] as unknown as (tensors: Tensor[]) => void;
    const [input, scale, shift] = given.slice(0, -1) as Tensor[];
    save([input, scale]);
    return {
      value: runOwnKernel('Ashlar/Norm', { x: input, weight: scale, bias: shift }, attrs)[0],
      gradFunc: (dy, saved) => {
        const [a, b] = saved as Tensor[];
        const inputs = { dy: dy as Tensor, x: a, weight: b };
        return runOwnKernel('Ashlar/NormGrad', inputs, { ...attrs, bias: shift !== undefined });
      },
    };
  });
  return op(...(bias === undefined ? [x, weight] : [x, weight, bias])) as T;
}
