// SLiC-HF, Zhao et al. 2023 (arXiv 2305.10425), in the form RSO (Liu et al. 2023) gave it: a hinge on the same margin as DPO.
import * as tf from '@tensorflow/tfjs-core';
import type { PairLogRatios } from '../pair-log-probs.ts';

/** max(0, 1 - beta (c - r)) for every pair, [B]. */
export function hingePairs({ chosen, rejected }: PairLogRatios, beta: number): tf.Tensor {
  return tf.relu(tf.sub(1, tf.mul(beta, tf.sub(chosen, rejected))));
}
