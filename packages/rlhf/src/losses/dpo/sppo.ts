// SPPO, Wu et al. 2024 (arXiv 2405.00675), with hard win probabilities 1 and 0: each log-ratio is regressed on +-1/(2 beta).
import * as tf from '@tensorflow/tfjs-core';
import type { PairLogRatios } from '../pair-log-probs.ts';

/** (c - 1/(2 beta))^2 + (r + 1/(2 beta))^2 for every pair, [B]. */
export function sppoPairs({ chosen, rejected }: PairLogRatios, beta: number): tf.Tensor {
  const target = 1 / (2 * beta);
  return tf.add(tf.square(tf.sub(chosen, target)), tf.square(tf.add(rejected, target)));
}
