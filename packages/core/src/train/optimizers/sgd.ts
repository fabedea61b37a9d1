// Stochastic gradient descent with PyTorch's momentum: the buffer starts as the first gradient and is not damped. Decay, if any, is added to the gradient (L2).
import * as tf from '@tensorflow/tfjs-core';
import { checkOptions, checkRange } from '../../check-options.ts';
import { decaysMatrices, type Optimizer, type Slots, type UpdateOutput } from './optimizer.ts';

/** Options of {@link sgd}. */
export interface SgdOptions {
  /** Default 0: plain descent, no slot. */
  readonly momentum?: number;
  /** Look ahead by one momentum step (Nesterov 1983); default false. */
  readonly nesterov?: boolean;
  /** Default 0. */
  readonly weightDecay?: number;
  /** Which parameters decay; default those of rank 2 and more. */
  readonly decays?: (name: string, shape: readonly number[]) => boolean;
}

/** b <- mu b + g; p - lr (g + mu b) with nesterov, else p - lr b. */
export function sgd(options: SgdOptions = {}): Optimizer {
  checkOptions(options, ['momentum', 'nesterov', 'weightDecay', 'decays'], 'sgd');
  const { momentum = 0, nesterov = false, weightDecay = 0, decays = decaysMatrices } = options;
  checkRange('momentum', momentum, 0, 1);
  checkRange('weightDecay', weightDecay, 0, Number.POSITIVE_INFINITY);
  if (nesterov && momentum === 0)
    throw new RangeError('nesterov: expected a momentum > 0 to look ahead by, got 0');
  return {
    name: 'sgd',
    // A zero buffer gives mu 0 + g = g at the first step: PyTorch's start.
    init: (_, shape): Slots => (momentum === 0 ? {} : { momentum: tf.zeros([...shape]) }),
    update({ name, parameter, gradient, slots, learningRate }): UpdateOutput {
      const decay = decays(name, parameter.shape) ? weightDecay : 0;
      const g = decay === 0 ? gradient : tf.add(gradient, tf.mul(parameter, decay));
      if (momentum === 0) return { parameter: tf.sub(parameter, tf.mul(g, learningRate)), slots: {} };
      const buffer = tf.add(tf.mul(slots['momentum'], momentum), g);
      const direction = nesterov ? tf.add(g, tf.mul(buffer, momentum)) : buffer;
      return {
        parameter: tf.sub(parameter, tf.mul(direction, learningRate)),
        slots: { momentum: buffer },
      };
    },
  };
}
