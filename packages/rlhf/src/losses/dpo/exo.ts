// EXO, Ji et al. 2024 (arXiv 2402.00856), eq. 16 for pairs: the reverse KL from the policy's pair distribution to the smoothed
// label distribution (1 - epsilon, epsilon); epsilon > 0 keeps the logarithm finite.
import { logSigmoid } from '@ashlar/core';
import * as tf from '@tensorflow/tfjs-core';
import type { PairLogRatios } from '../pair-log-probs.ts';

/** sigma(beta delta)(log sigma(beta delta) - log(1 - eps)) + sigma(-beta delta)(log sigma(-beta delta) - log eps), [B]. */
export function exoPairs({ chosen, rejected }: PairLogRatios, beta: number, epsilon: number): tf.Tensor {
  if (!(epsilon > 0 && epsilon < 1))
    throw new RangeError(`labelSmoothing: expected 0 < epsilon < 1 for the exo loss, got ${epsilon}`);
  const margin = tf.mul(beta, tf.sub(chosen, rejected));
  const against = tf.neg(margin);
  const win = tf.mul(tf.sigmoid(margin), tf.sub(logSigmoid(margin), Math.log(1 - epsilon)));
  const lose = tf.mul(tf.sigmoid(against), tf.sub(logSigmoid(against), Math.log(epsilon)));
  return tf.add(win, lose);
}
