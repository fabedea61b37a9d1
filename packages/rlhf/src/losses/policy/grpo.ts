// GRPO, Shao et al. 2024 (arXiv 2402.03300): PPO's clipped objective with advantages from a group of answers and a k3 penalty to the reference.
// The aggregate makes its relatives: 'sequence-mean' GRPO, 'token-mean' with epsilonHigh 0.28 DAPO (arXiv 2503.14476), 'sum-over-max-length'
// Dr. GRPO (arXiv 2503.20783).
import * as tf from '@tensorflow/tfjs-core';
import { checkOptions } from '../../check-options.ts';
import { type Aggregate, aggregate, type GlobalCounts } from './aggregate.ts';
import { clippedSurrogate } from './clipped-surrogate.ts';
import { type KlEstimator, klEstimate } from './kl-estimator.ts';

/** Rows of rollouts: log-probabilities [B, T] of the sampled tokens, 0/1 mask [B, T], advantages [B] or [B, T]. */
export interface PolicyBatch {
  readonly logps: tf.Tensor2D;
  /** Log-probabilities when the tokens were sampled; no gradient. */
  readonly oldLogps: tf.Tensor2D;
  /** Under the frozen reference; needed when beta > 0. */
  readonly referenceLogps?: tf.Tensor2D;
  readonly advantages: tf.Tensor;
  readonly mask: tf.Tensor2D;
}

/** Options of {@link grpoLoss}. */
export interface GrpoOptions {
  /** Lower clip; default 0.2. */
  readonly epsilonLow?: number;
  /** Upper clip; default epsilonLow. */
  readonly epsilonHigh?: number;
  /** Weight of the penalty; default 0: no reference is needed. */
  readonly beta?: number;
  /** Of the penalty; default 'k3'. */
  readonly estimator?: KlEstimator;
  /** Default 'token-mean' (DAPO), TRL's default too. */
  readonly aggregate?: Aggregate;
  /** Denominators of the accumulated batch. */
  readonly counts?: GlobalCounts;
}

/** aggregate of max(-A rho, -A clip(rho)) + beta KL(pi, ref) by the estimator over the masked tokens; scalar out. */
export function grpoLoss(batch: PolicyBatch, options: GrpoOptions = {}): tf.Tensor {
  checkOptions(
    options,
    ['epsilonLow', 'epsilonHigh', 'beta', 'estimator', 'aggregate', 'counts'],
    'grpoLoss',
  );
  const { epsilonLow = 0.2, epsilonHigh = epsilonLow, beta = 0, counts } = options;
  return tf.tidy(() => {
    const logRatio = tf.sub(batch.logps, batch.oldLogps);
    const policy = clippedSurrogate(logRatio, perToken(batch.advantages), epsilonLow, epsilonHigh);
    const losses =
      beta === 0 ? policy : tf.add(policy, tf.mul(beta, penalty(batch, options.estimator ?? 'k3')));
    return aggregate(losses, batch.mask, options.aggregate ?? 'token-mean', counts);
  });
}

/** Advantages of whole answers [B] as a column [B, 1]; those of tokens stay. */
export function perToken(advantages: tf.Tensor): tf.Tensor {
  return advantages.rank === 1 ? tf.expandDims(advantages, 1) : advantages;
}

function penalty(batch: PolicyBatch, estimator: KlEstimator): tf.Tensor {
  if (batch.referenceLogps === undefined)
    throw new TypeError('referenceLogps: expected a tensor [B, T] when beta > 0, got undefined');
  return klEstimate(batch.logps, batch.referenceLogps, estimator);
}
