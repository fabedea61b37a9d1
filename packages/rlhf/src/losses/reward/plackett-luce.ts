// Plackett-Luce: the likelihood of a whole ranking, drawing the best, then the best of the rest, and so on (Plackett 1975, Luce 1959).
// For K = 2 it is Bradley-Terry.
import * as tf from '@tensorflow/tfjs-core';

/** -sum over i of [r_i - log sum_{j >= i} e^{r_j}]; `rankedRewards` [K] or [B, K], best first; scalar out (mean over B). */
export function plackettLuceLoss(rankedRewards: tf.Tensor): tf.Tensor {
  const size = rankedRewards.shape[rankedRewards.rank - 1];
  if (size < 2) throw new RangeError(`rankedRewards: expected at least 2 answers, got ${size}`);
  return tf.tidy(() => {
    const rows = tf.reshape(rankedRewards, [-1, size]); // [B, K]
    const excluded = tf.tensor2d(
      Array.from({ length: size }, (_, i) => Array.from({ length: size }, (__, j) => (j < i ? -1e9 : 0))),
    );
    const rest = tf.logSumExp(tf.add(tf.expandDims(rows, 1), excluded), 2); // [B, K]: over j >= i
    return tf.div(tf.sum(tf.sub(rest, rows)), rows.shape[0]);
  });
}
