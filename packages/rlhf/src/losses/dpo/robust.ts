// Robust DPO, Chowdhury, Kini, Natarajan 2024 (arXiv 2403.00409): an unbiased estimate of the DPO loss under labels flipped with
// probability epsilon < 1/2. Unlike conservative DPO it subtracts the flipped term and divides by 1 - 2 epsilon.
import { logSigmoid } from '@ashlar/core';
import * as tf from '@tensorflow/tfjs-core';
import type { PairLogRatios } from '../pair-log-probs.ts';

/** [-(1 - eps) log sigma(beta delta) + eps log sigma(-beta delta)] / (1 - 2 eps) for every pair, [B]. */
export function robustPairs({ chosen, rejected }: PairLogRatios, beta: number, epsilon: number): tf.Tensor {
  if (!(epsilon >= 0 && epsilon < 0.5))
    throw new RangeError(`labelSmoothing: expected 0 <= epsilon < 0.5 for the robust loss, got ${epsilon}`);
  const margin = tf.mul(beta, tf.sub(chosen, rejected));
  const agree = tf.mul(epsilon - 1, logSigmoid(margin));
  return tf.div(tf.add(agree, tf.mul(epsilon, logSigmoid(tf.neg(margin)))), 1 - 2 * epsilon);
}
