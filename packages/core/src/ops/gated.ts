// The gate of a gated MLP: activation(gate) x up (SwiGLU and its kin, Shazeer 2020, arXiv:2002.05202); for SiLU one fused kernel each way where the backend has it.
import { customGrad, mul, type Tensor } from '@tensorflow/tfjs-core';
import type { Activation } from '../models/model-config.ts';
import { activate } from './activate.ts';
import { hasKernel, runOwnKernel } from './own-kernel.ts';

/** activation(gate) up, element by element; both of one shape. */
export function gated<T extends Tensor>(gate: T, up: T, activation: Activation): T {
  if (activation !== 'silu' || gate.size === 0 || !hasKernel('Ashlar/SiluMul'))
    return mul(activate(gate, activation), up);
  const op = customGrad((a, b, save) => {
    (save as unknown as (tensors: Tensor[]) => void)([a as Tensor, b as Tensor]);
    return {
      value: runOwnKernel('Ashlar/SiluMul', { gate: a as Tensor, up: b as Tensor })[0],
      gradFunc: (dy, saved) => {
        const [x, y] = saved as Tensor[];
        return runOwnKernel('Ashlar/SiluMulGrad', { dy: dy as Tensor, gate: x, up: y });
      },
    };
  });
  return op(gate, up) as T;
}
