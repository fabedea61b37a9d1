// KTO, Ethayarajh et al. 2024 (arXiv 2402.01306): labels "desirable" or not, no pairs. The value of an answer is a sigmoid of its reward
// against a reference point z0, an estimate of KL(pi || ref) from mismatched (prompt, answer) rows that carries no gradient.
import * as tf from '@tensorflow/tfjs-core';
import { checkOptions } from '../check-options.ts';
import { saturatingSigmoid } from './saturating-sigmoid.ts';

/** Log-ratios log pi - log ref of desirable [M] and undesirable [N] answers; either may be empty, not both. */
export interface KtoInputs {
  readonly desirable: tf.Tensor1D;
  readonly undesirable: tf.Tensor1D;
}

/** Options of {@link ktoLoss}. */
export interface KtoOptions {
  /** beta > 0; default 0.1. */
  readonly beta?: number;
  /** lambda_D; default 1. */
  readonly desirableWeight?: number;
  /** lambda_U; default 1. */
  readonly undesirableWeight?: number;
  /** z0 in nats, see {@link ktoReferencePoint}; default 0, which is the loss TRL calls apo_zero_unpaired. */
  readonly referencePoint?: number;
  /** 'mean' (default) over all M + N answers, or 'none': desirable ones first. */
  readonly reduction?: 'mean' | 'none';
}

/** The names of `KtoOptions`. */
export const ktoOptions: readonly string[] = [
  'beta',
  'desirableWeight',
  'undesirableWeight',
  'referencePoint',
  'reduction',
];

/**
 * mean of lambda_D (1 - sigma(beta (c - z0))) over desirable and lambda_U (1 - sigma(beta (z0 - r))) over undesirable answers.
 *
 * Inputs are log-ratios in nats; scalar result (or [M + N] with `reduction: 'none'`).
 */
export function ktoLoss(inputs: KtoInputs, options: KtoOptions = {}): tf.Tensor {
  checkOptions(options, ktoOptions, 'ktoLoss');
  const { beta = 0.1, desirableWeight = 1, undesirableWeight = 1, referencePoint = 0 } = options;
  if (!(beta > 0)) throw new RangeError(`beta: expected > 0, got ${beta}`);
  if (inputs.desirable.size + inputs.undesirable.size === 0)
    throw new RangeError('ktoLoss: expected at least one answer, got none');
  return tf.tidy(() => {
    // 1 - sigma(x) = sigma(-x)
    const good = tf.mul(
      desirableWeight,
      saturatingSigmoid(tf.mul(-beta, tf.sub(inputs.desirable, referencePoint))),
    );
    const bad = tf.mul(
      undesirableWeight,
      saturatingSigmoid(tf.mul(beta, tf.sub(inputs.undesirable, referencePoint))),
    );
    const all =
      inputs.desirable.size === 0
        ? bad
        : inputs.undesirable.size === 0
          ? good
          : tf.concat1d([good as tf.Tensor1D, bad as tf.Tensor1D]);
    return options.reduction === 'none' ? all : tf.mean(all);
  });
}

/** z0 = max(0, mean of log-ratios over mismatched pairs), a plain number: the reference point has no gradient. */
export function ktoReferencePoint(mismatchedLogRatios: ArrayLike<number>): number {
  if (mismatchedLogRatios.length === 0)
    throw new RangeError('ktoReferencePoint: expected at least one mismatched row, got none');
  let sum = 0;
  for (let i = 0; i < mismatchedLogRatios.length; i++) sum += mismatchedLogRatios[i];
  return Math.max(0, sum / mismatchedLogRatios.length);
}
