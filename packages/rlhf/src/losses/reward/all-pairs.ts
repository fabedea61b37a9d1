// InstructGPT's K-way loss (Ouyang et al. 2022): a ranking of K answers is C(K,2) comparisons of one prompt, averaged as ONE batch
// element; shuffling the pairs over batches instead overfits.
import { logSigmoid } from '@ashlar/core';
import * as tf from '@tensorflow/tfjs-core';

/** -1/C(K,2) sum over i < j of log sigma(r_i - r_j); `rankedRewards` [K] or [B, K], best first; scalar out (mean over B). */
export function allPairsLoss(rankedRewards: tf.Tensor): tf.Tensor {
  const size = rankedRewards.shape[rankedRewards.rank - 1];
  if (size < 2) throw new RangeError(`rankedRewards: expected at least 2 answers, got ${size}`);
  return tf.tidy(() => {
    const rows = tf.reshape(rankedRewards, [-1, size]); // [B, K]
    const lead = tf.sub(tf.expandDims(rows, 2), tf.expandDims(rows, 1)); // [B, K, K], r_i - r_j
    const upper = tf.tensor2d(
      Array.from({ length: size }, (_, i) => Array.from({ length: size }, (__, j) => (j > i ? 1 : 0))),
    );
    const pairs = (size * (size - 1)) / 2;
    const total = tf.sum(tf.mul(logSigmoid(lead), upper));
    return tf.div(total, -pairs * rows.shape[0]);
  });
}
