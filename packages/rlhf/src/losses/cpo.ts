// CPO, Xu et al. 2024 (arXiv 2401.08417): DPO with a uniform reference, which drops out, plus a likelihood term on the chosen answer.
import { logSigmoid } from '@ashlar/core';
import * as tf from '@tensorflow/tfjs-core';
import { checkOptions } from '../check-options.ts';
import type { PairLogProbs } from './pair-log-probs.ts';

/** Options of {@link cpoLoss}. */
export interface CpoOptions {
  /** beta > 0; default 0.1. */
  readonly beta?: number;
  /** alpha: weight of the likelihood term; default 0: add it with `negativeLogLikelihood`. */
  readonly likelihoodWeight?: number;
  /** Scalar mean negative log-likelihood of the chosen answers; needed when `likelihoodWeight` is not 0. */
  readonly negativeLogLikelihood?: tf.Scalar;
  /** 'mean' (default) or 'none' (one value a pair, without the likelihood term). */
  readonly reduction?: 'mean' | 'none';
}

/** -log sigma(beta (log pi(chosen) - log pi(rejected))) + alpha NLL(chosen); [B] sums of log-probabilities in, scalar out. */
export function cpoLoss(pair: PairLogProbs, options: CpoOptions = {}): tf.Tensor {
  checkOptions(options, ['beta', 'likelihoodWeight', 'negativeLogLikelihood', 'reduction'], 'cpoLoss');
  const { beta = 0.1, likelihoodWeight = 0, negativeLogLikelihood, reduction } = options;
  if (!(beta > 0)) throw new RangeError(`beta: expected > 0, got ${beta}`);
  if (likelihoodWeight !== 0 && negativeLogLikelihood === undefined)
    throw new TypeError(
      'negativeLogLikelihood: expected a scalar when likelihoodWeight is not 0, got undefined',
    );
  return tf.tidy(() => {
    const margin = tf.sub(pair.policyChosenLogps, pair.policyRejectedLogps);
    const losses = tf.neg(logSigmoid(tf.mul(beta, margin)));
    if (reduction === 'none') return losses;
    const mean = tf.mean(losses);
    return negativeLogLikelihood === undefined
      ? mean
      : tf.add(mean, tf.mul(likelihoodWeight, negativeLogLikelihood));
  });
}
