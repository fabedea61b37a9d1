// RMSprop (Hinton 2012, lecture 6e), PyTorch's form: not centred, epsilon outside of the root. The optimizer of the original DPO runs.
import * as tf from '@tensorflow/tfjs-core';
import { checkOptions, checkRange } from '../../check-options.ts';
import type { Optimizer } from './optimizer.ts';

/** Options of {@link rmsprop}. */
export interface RmspropOptions {
  /** Of the running mean of squares; default 0.99. */
  readonly decay?: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
}

/** v <- d v + (1 - d) g^2; p - lr g / (sqrt(v) + eps). */
export function rmsprop(options: RmspropOptions = {}): Optimizer {
  checkOptions(options, ['decay', 'epsilon'], 'rmsprop');
  const { decay = 0.99, epsilon = 1e-8 } = options;
  checkRange('decay', decay, 0, 1);
  checkRange('epsilon', epsilon, 0, Number.POSITIVE_INFINITY);
  return {
    name: 'rmsprop',
    init: (_, shape) => ({ v: tf.zeros([...shape]) }),
    update({ parameter, gradient, slots, learningRate }) {
      const v = tf.add(tf.mul(slots['v'], decay), tf.mul(tf.square(gradient), 1 - decay));
      const step = tf.mul(tf.div(gradient, tf.add(tf.sqrt(v), epsilon)), learningRate);
      return { parameter: tf.sub(parameter, step), slots: { v } };
    },
  };
}
