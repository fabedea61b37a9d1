// Davidson 1970: Bradley-Terry with ties. A tie has weight nu e^{(r_a + r_b)/2}: equal rewards tie with probability nu / (2 + nu).
import * as tf from '@tensorflow/tfjs-core';

/**
 * Mean of -log P(outcome): P(a) = e^a / Z, P(b) = e^b / Z, P(tie) = nu e^{(a+b)/2} / Z.
 *
 * `rewardsA`, `rewardsB` [B]; `outcomes` [B], where 1 is that a wins, 0 that b wins, 0.5 a tie; `logTieParameter` is log nu, a scalar that may be trained.
 */
export function davidsonLoss(
  rewardsA: tf.Tensor1D,
  rewardsB: tf.Tensor1D,
  outcomes: tf.Tensor1D,
  logTieParameter: tf.Scalar,
): tf.Tensor {
  return tf.tidy(() => {
    const tie = tf.add(tf.mul(0.5, tf.add(rewardsA, rewardsB)), logTieParameter);
    const z = tf.logSumExp(tf.stack([rewardsA, rewardsB, tie], 1), 1);
    const isA = tf.cast(tf.equal(outcomes, 1), 'float32');
    const isB = tf.cast(tf.equal(outcomes, 0), 'float32');
    const isTie = tf.sub(tf.sub(1, isA), isB);
    const picked = tf.add(tf.add(tf.mul(isA, rewardsA), tf.mul(isB, rewardsB)), tf.mul(isTie, tie));
    return tf.mean(tf.sub(z, picked));
  });
}
