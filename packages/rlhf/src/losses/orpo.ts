// ORPO, Hong et al. 2024 (arXiv 2403.07691): SFT on the chosen answer plus a penalty on the odds ratio of chosen against rejected. No
// reference model. Odds use the mean token log-probability; log odds = l - log(1 - e^l), where 1 - e^l near l = 0 cancels, hence log1mexp.
import { log1mexp, logSigmoid } from '@ashlar/core';
import * as tf from '@tensorflow/tfjs-core';
import { checkOptions } from '../check-options.ts';
import { need, type PairLogProbs } from './pair-log-probs.ts';

/** Options of {@link orpoOddsRatioLoss} and {@link orpoLoss}. */
export interface OrpoOptions {
  /** Weight of the odds-ratio term (lambda in the paper), > 0; default 0.1. */
  readonly beta?: number;
  /** 'mean' (default) or 'none'. */
  readonly reduction?: 'mean' | 'none';
}

/** -beta log sigma(log odds(chosen) - log odds(rejected)), log odds = l - log(1 - e^l), l = mean token log-probability < 0. */
export function orpoOddsRatioLoss(pair: PairLogProbs, options: OrpoOptions = {}): tf.Tensor {
  checkOptions(options, ['beta', 'reduction'], 'orpoOddsRatioLoss');
  const { beta = 0.1, reduction } = options;
  if (!(beta > 0)) throw new RangeError(`beta: expected > 0, got ${beta}`);
  return tf.tidy(() => {
    const chosen = tf.div(pair.policyChosenLogps, need(pair, 'chosenLengths'));
    const rejected = tf.div(pair.policyRejectedLogps, need(pair, 'rejectedLengths'));
    const logOddsRatio = tf.sub(logOdds(chosen), logOdds(rejected));
    const losses = tf.mul(-beta, logSigmoid(logOddsRatio));
    return reduction === 'none' ? losses : tf.mean(losses);
  });
}

/** ORPO's whole loss: the negative log-likelihood of the chosen answer (a scalar, over prompt and answer) plus the odds-ratio term. */
export function orpoLoss(
  pair: PairLogProbs,
  negativeLogLikelihood: tf.Scalar,
  options: OrpoOptions = {},
): tf.Tensor {
  return tf.tidy(() => tf.add(negativeLogLikelihood, orpoOddsRatioLoss(pair, options)));
}

const logOdds = (l: tf.Tensor): tf.Tensor => tf.sub(l, log1mexp(l));
