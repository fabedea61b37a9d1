// Choice among K answers, as lm-human-preferences (Ziegler et al. 2019) trained: softmax cross-entropy of the chosen one.
import * as tf from '@tensorflow/tfjs-core';

/** -[r_best - log sum_j e^{r_j}]; `rewards` [B, K], `best` [B] int32 indices; scalar out (mean over B). */
export function bestOfLoss(rewards: tf.Tensor2D, best: tf.Tensor1D): tf.Tensor {
  const [, size] = rewards.shape;
  return tf.tidy(() => {
    const picked = tf.sum(tf.mul(rewards, tf.oneHot(tf.cast(best, 'int32') as tf.Tensor1D, size)), 1);
    return tf.mean(tf.sub(tf.logSumExp(rewards, 1), picked));
  });
}
