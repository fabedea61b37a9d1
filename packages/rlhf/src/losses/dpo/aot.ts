// AOT, Melnyk et al. 2024 (arXiv 2406.05882): optimal transport in one dimension is sorting. Whole distributions of margins are
// compared, the i-th smallest against the i-th smallest, so that chosen rewards dominate rejected ones stochastically.
import { logSigmoid } from '@ashlar/core';
import * as tf from '@tensorflow/tfjs-core';
import { need, type PairLogRatios } from '../pair-log-probs.ts';

/** -log sigma(beta [sort(lc - lr) - sort(ref c - ref r)]): paired; order statistics of policy against reference margins, [B]. */
export function aotPairs({ pair }: PairLogRatios, beta: number): tf.Tensor {
  const policy = tf.sub(pair.policyChosenLogps, pair.policyRejectedLogps);
  const reference = tf.sub(need(pair, 'referenceChosenLogps'), need(pair, 'referenceRejectedLogps'));
  return tf.neg(logSigmoid(tf.mul(beta, tf.sub(sortAscending(policy), sortAscending(reference)))));
}

/** -log sigma(beta [sort(c) - sort(r)]): unpaired; order statistics of chosen against rejected log-ratios, [B]. */
export function aotUnpaired({ chosen, rejected }: PairLogRatios, beta: number): tf.Tensor {
  return tf.neg(logSigmoid(tf.mul(beta, tf.sub(sortAscending(chosen), sortAscending(rejected)))));
}

/** Sorts a vector ascending; the gradient goes back along the permutation (tfjs has none for topk or sort). */
export function sortAscending(values: tf.Tensor): tf.Tensor {
  const op = tf.customGrad((x) => {
    const vector = x as tf.Tensor;
    const data = vector.dataSync();
    const order = Int32Array.from(data.keys()).sort((i, j) => data[i] - data[j] || i - j);
    const back = new Int32Array(order.length);
    for (let i = 0; i < order.length; i++) back[order[i]] = i;
    const permute = (t: tf.Tensor, indices: Int32Array): tf.Tensor =>
      tf.gather(t, tf.tensor1d(indices, 'int32'));
    return { value: permute(vector, order), gradFunc: (dy) => permute(dy as tf.Tensor, back) };
  });
  return op(values);
}
