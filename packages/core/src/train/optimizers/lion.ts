// Lion, Chen et al. 2023 (arXiv 2302.06675): the sign of an interpolated momentum, decoupled decay. One slot; use a rate 3 to 10 times below AdamW's.
import * as tf from '@tensorflow/tfjs-core';
import { checkOptions, checkRange } from '../../check-options.ts';
import { decaysMatrices, descend, type Optimizer } from './optimizer.ts';

/** Options of {@link lion}. */
export interface LionOptions {
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.99. */
  readonly beta2?: number;
  /** Default 0. */
  readonly weightDecay?: number;
  /** Which parameters decay; default those of rank 2 and more. */
  readonly decays?: (name: string, shape: readonly number[]) => boolean;
}

/** p (1 - lr wd) - lr sign(b1 m + (1 - b1) g), then m <- b2 m + (1 - b2) g. */
export function lion(options: LionOptions = {}): Optimizer {
  checkOptions(options, ['beta1', 'beta2', 'weightDecay', 'decays'], 'lion');
  const { beta1 = 0.9, beta2 = 0.99, weightDecay = 0, decays = decaysMatrices } = options;
  checkRange('beta1', beta1, 0, 1);
  checkRange('beta2', beta2, 0, 1);
  checkRange('weightDecay', weightDecay, 0, Number.POSITIVE_INFINITY);
  return {
    name: 'lion',
    init: (_, shape) => ({ m: tf.zeros([...shape]) }),
    update({ name, parameter, gradient, slots, learningRate }) {
      const decay = learningRate * (decays(name, parameter.shape) ? weightDecay : 0);
      const direction = tf.sign(tf.add(tf.mul(slots['m'], beta1), tf.mul(gradient, 1 - beta1)));
      const m = tf.add(tf.mul(slots['m'], beta2), tf.mul(gradient, 1 - beta2));
      return { parameter: descend(parameter, decay, tf.mul(direction, learningRate)), slots: { m } };
    },
  };
}
