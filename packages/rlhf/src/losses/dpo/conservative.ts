// Conservative DPO, Mitchell 2023 (ericmitchell.ai/cdpo.pdf): labels are flipped with probability epsilon, so the loss is the
// cross-entropy against (1 - epsilon, epsilon). It stops pushing once sigma(beta delta) = 1 - epsilon.
import { logSigmoid } from '@ashlar/core';
import * as tf from '@tensorflow/tfjs-core';
import type { PairLogRatios } from '../pair-log-probs.ts';

/** -(1 - eps) log sigma(beta delta) - eps log sigma(-beta delta) for every pair, [B]. */
export function conservativePairs(
  { chosen, rejected }: PairLogRatios,
  beta: number,
  epsilon: number,
): tf.Tensor {
  const margin = tf.mul(beta, tf.sub(chosen, rejected));
  const agree = tf.mul(epsilon - 1, logSigmoid(margin));
  return tf.sub(agree, tf.mul(epsilon, logSigmoid(tf.neg(margin))));
}
