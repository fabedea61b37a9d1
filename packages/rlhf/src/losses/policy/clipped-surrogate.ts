// The clipped importance-weighted objective of PPO (Schulman et al. 2017, eq. 7) as a loss a token, with DAPO's separate upper bound.
import * as tf from '@tensorflow/tfjs-core';

/** max(-A rho, -A clip(rho, 1 - low, 1 + high)), rho = e^{logRatio}; `advantages` broadcasts against `logRatio`. */
export function clippedSurrogate(
  logRatio: tf.Tensor,
  advantages: tf.Tensor,
  epsilonLow: number,
  epsilonHigh: number,
): tf.Tensor {
  // Ratios of stored log-probabilities are bounded so that one bad token cannot make the batch infinite.
  const ratio = tf.exp(tf.clipByValue(logRatio, -20, 20));
  const clipped = tf.clipByValue(ratio, 1 - epsilonLow, 1 + epsilonHigh);
  return tf.neg(tf.minimum(tf.mul(ratio, advantages), tf.mul(clipped, advantages)));
}
