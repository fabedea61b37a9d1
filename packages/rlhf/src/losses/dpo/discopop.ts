// DiscoPOP, Lu et al. 2024 (arXiv 2406.08414): a loss found by an LLM, log-ratio modulated: a sigmoid gate blends the logistic and the
// exponential loss.
import { logSigmoid } from '@ashlar/core';
import * as tf from '@tensorflow/tfjs-core';
import type { PairLogRatios } from '../pair-log-probs.ts';

/** -log sigma(z)(1 - m) + e^{-z} m with z = beta (c - r), m = sigma(z / tau), for every pair, [B]. */
export function discopopPairs({ chosen, rejected }: PairLogRatios, beta: number, tau: number): tf.Tensor {
  if (!(tau > 0)) throw new RangeError(`discopopTau: expected tau > 0, got ${tau}`);
  const z = tf.mul(beta, tf.sub(chosen, rejected));
  const logistic = tf.mul(logSigmoid(z), tf.sigmoid(tf.div(z, -tau)));
  return tf.sub(tf.mul(tf.exp(tf.neg(z)), tf.sigmoid(tf.div(z, tau))), logistic);
}
