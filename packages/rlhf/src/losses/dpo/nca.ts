// NCA, Chen et al. 2024 (arXiv 2402.05369), the pair case: noise contrastive estimation that fits each answer's reward on its own,
// so the chosen answer's likelihood need not fall as it may under DPO.
import { logSigmoid } from '@ashlar/core';
import * as tf from '@tensorflow/tfjs-core';
import type { PairLogRatios } from '../pair-log-probs.ts';

/** -log sigma(beta c) - 1/2 log sigma(-beta c) - 1/2 log sigma(-beta r) for every pair, [B]. */
export function ncaPairs({ chosen, rejected }: PairLogRatios, beta: number): tf.Tensor {
  const rewardChosen = tf.mul(beta, chosen);
  const noise = tf.add(logSigmoid(tf.neg(rewardChosen)), logSigmoid(tf.mul(-beta, rejected)));
  return tf.neg(tf.add(logSigmoid(rewardChosen), tf.mul(0.5, noise)));
}
