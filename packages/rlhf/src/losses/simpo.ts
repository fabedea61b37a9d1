// SimPO, Meng et al. 2024 (arXiv 2405.14734): the reward is the mean token log-probability, no reference, and a target margin gamma.
// The authors tune gamma as a ratio to beta (0.1 to 0.8); TRL's defaults (beta 0.1, gamma 0.5) are a ratio of 5. Ours: 2 and 1.
import { logSigmoid } from '@ashlar/core';
import * as tf from '@tensorflow/tfjs-core';
import { checkOptions } from '../check-options.ts';
import { need, type PairLogProbs } from './pair-log-probs.ts';

/** Options of {@link simpoLoss}. */
export interface SimpoOptions {
  /** beta > 0; default 2. */
  readonly beta?: number;
  /** Target reward margin in units of reward; default beta / 2. */
  readonly gamma?: number;
  /** 'mean' (default) or 'none'. */
  readonly reduction?: 'mean' | 'none';
}

/** -log sigma(beta (log pi(chosen)/|chosen| - log pi(rejected)/|rejected|) - gamma); [B] sums and lengths in, scalar out. */
export function simpoLoss(pair: PairLogProbs, options: SimpoOptions = {}): tf.Tensor {
  checkOptions(options, ['beta', 'gamma', 'reduction'], 'simpoLoss');
  const { beta = 2, gamma = beta / 2, reduction } = options;
  if (!(beta > 0)) throw new RangeError(`beta: expected > 0, got ${beta}`);
  return tf.tidy(() => {
    const chosen = tf.div(pair.policyChosenLogps, need(pair, 'chosenLengths'));
    const rejected = tf.div(pair.policyRejectedLogps, need(pair, 'rejectedLengths'));
    const losses = tf.neg(logSigmoid(tf.sub(tf.mul(beta, tf.sub(chosen, rejected)), gamma)));
    return reduction === 'none' ? losses : tf.mean(losses);
  });
}
