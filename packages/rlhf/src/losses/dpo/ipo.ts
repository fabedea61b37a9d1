// IPO, Azar et al. 2023 (arXiv 2310.12036), eq. 17: regress the margin on 1 / (2 beta) instead of pushing it to infinity.
// Two losses go under this name: the paper's uses sums of log-probabilities; TRL divides each log-ratio by its answer's length.
import * as tf from '@tensorflow/tfjs-core';
import { need, type PairLogRatios } from '../pair-log-probs.ts';

/** (c - r - 1/(2 beta))^2 for every pair, [B]; with `lengthNormalize` c/|y_c| and r/|y_r| stand for c and r. */
export function ipoPairs(ratios: PairLogRatios, beta: number, lengthNormalize: boolean): tf.Tensor {
  const { chosen, rejected } = lengthNormalize ? perToken(ratios) : ratios;
  return tf.square(tf.sub(tf.sub(chosen, rejected), 1 / (2 * beta)));
}

/** The log-ratios divided by the number of completion tokens. */
export function perToken(ratios: PairLogRatios): PairLogRatios {
  return {
    chosen: tf.div(ratios.chosen, need(ratios.pair, 'chosenLengths')),
    rejected: tf.div(ratios.rejected, need(ratios.pair, 'rejectedLengths')),
    pair: ratios.pair,
  };
}
