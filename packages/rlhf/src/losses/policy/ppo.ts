// PPO, Schulman et al. 2017 (arXiv 1707.06347), as Ziegler et al. and InstructGPT use it on text: a clipped policy loss and a clipped value loss.
import * as tf from '@tensorflow/tfjs-core';
import { checkOptions } from '../../check-options.ts';
import { type Aggregate, aggregate, type GlobalCounts } from './aggregate.ts';
import { clippedSurrogate } from './clipped-surrogate.ts';
import { type PolicyBatch, perToken } from './grpo.ts';

/** Options of {@link ppoPolicyLoss}. */
export interface PpoPolicyOptions {
  /** Default 0.2. */
  readonly clipRange?: number;
  /** Default 'token-mean'. */
  readonly aggregate?: Aggregate;
  readonly counts?: GlobalCounts;
}

/** aggregate of max(-A rho, -A clip(rho, 1 - c, 1 + c)) over masked tokens, rho = e^{l - l_old}; scalar out. */
export function ppoPolicyLoss(batch: PolicyBatch, options: PpoPolicyOptions = {}): tf.Tensor {
  checkOptions(options, ['clipRange', 'aggregate', 'counts'], 'ppoPolicyLoss');
  const { clipRange = 0.2, counts } = options;
  return tf.tidy(() => {
    const logRatio = tf.sub(batch.logps, batch.oldLogps);
    const losses = clippedSurrogate(logRatio, perToken(batch.advantages), clipRange, clipRange);
    return aggregate(losses, batch.mask, options.aggregate ?? 'token-mean', counts);
  });
}

/** What the value loss reads: all [B, T]. */
export interface ValueBatch {
  readonly values: tf.Tensor2D;
  readonly oldValues: tf.Tensor2D;
  readonly returns: tf.Tensor2D;
  readonly mask: tf.Tensor2D;
}

/** Options of {@link ppoValueLoss}. */
export interface PpoValueOptions {
  /** How far a value may move from its old one before the loss is the clipped one's; default 0.2. */
  readonly clipRangeValue?: number;
  readonly counts?: GlobalCounts;
}

/** token mean of 1/2 max((V - R)^2, (V_old + clip(V - V_old) - R)^2); scalar out. */
export function ppoValueLoss(batch: ValueBatch, options: PpoValueOptions = {}): tf.Tensor {
  checkOptions(options, ['clipRangeValue', 'counts'], 'ppoValueLoss');
  const { clipRangeValue = 0.2, counts } = options;
  return tf.tidy(() => {
    const moved = tf.clipByValue(tf.sub(batch.values, batch.oldValues), -clipRangeValue, clipRangeValue);
    const plain = tf.square(tf.sub(batch.values, batch.returns));
    const clipped = tf.square(tf.sub(tf.add(batch.oldValues, moved), batch.returns));
    return aggregate(tf.mul(0.5, tf.maximum(plain, clipped)), batch.mask, 'token-mean', counts);
  });
}
