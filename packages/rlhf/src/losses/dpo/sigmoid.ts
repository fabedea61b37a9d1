// DPO, Rafailov et al. 2023 (arXiv 2305.18290), eq. 7: a Bradley-Terry likelihood whose rewards are beta times the log-ratios.
import { logSigmoid } from '@ashlar/core';
import * as tf from '@tensorflow/tfjs-core';
import type { PairLogRatios } from '../pair-log-probs.ts';

/** -log sigma(beta (c - r)) for every pair, [B]. */
export function sigmoidPairs({ chosen, rejected }: PairLogRatios, beta: number): tf.Tensor {
  return tf.neg(logSigmoid(tf.mul(beta, tf.sub(chosen, rejected))));
}
