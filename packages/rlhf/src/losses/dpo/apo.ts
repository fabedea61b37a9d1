// APO, D'Oosterlinck et al. 2024 (arXiv 2408.06266): anchored losses that say where each likelihood should go. `zero` raises the
// chosen and lowers the rejected answer (the policy is worse than the data); `down` lowers both, the rejected one more (it is better).
import * as tf from '@tensorflow/tfjs-core';
import type { PairLogRatios } from '../pair-log-probs.ts';
import { saturatingSigmoid } from '../saturating-sigmoid.ts';

/** 1 - sigma(beta c) + sigma(beta r) for every pair, [B]. */
export function apoZeroPairs({ chosen, rejected }: PairLogRatios, beta: number): tf.Tensor {
  return tf.add(saturatingSigmoid(tf.mul(-beta, chosen)), saturatingSigmoid(tf.mul(beta, rejected)));
}

/** sigma(beta c) + 1 - sigma(beta (c - r)) for every pair, [B]. */
export function apoDownPairs({ chosen, rejected }: PairLogRatios, beta: number): tf.Tensor {
  const margin = tf.mul(beta, tf.sub(chosen, rejected));
  return tf.add(saturatingSigmoid(tf.mul(beta, chosen)), saturatingSigmoid(tf.neg(margin)));
}
