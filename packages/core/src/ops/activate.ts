// The non-linearities of MLPs, of stock tfjs ops.
import { add, erf, mul, relu, sigmoid, square, type Tensor, tanh } from '@tensorflow/tfjs-core';
import type { Activation } from '../models/model-config.ts';

const rootHalf = Math.SQRT1_2;
const rootTwoByPi = Math.sqrt(2 / Math.PI);

/** Applies `kind` element by element; GELU is exact (erf) or, as `gelu-tanh`, the approximation of arXiv:1606.08415. */
export function activate<T extends Tensor>(x: T, kind: Activation): T {
  switch (kind) {
    case 'silu':
      return mul(x, sigmoid(x));
    case 'gelu':
      return mul(mul(x, 0.5), add(erf(mul(x, rootHalf)), 1));
    case 'gelu-tanh': {
      const inner = mul(mul(x, rootTwoByPi), add(mul(square(x), 0.044715), 1));
      return mul(mul(x, 0.5), add(tanh(inner), 1));
    }
    case 'quick-gelu':
      return mul(x, sigmoid(mul(x, 1.702)));
    case 'relu':
      return relu(x);
    case 'relu-squared':
      return square(relu(x));
  }
}
