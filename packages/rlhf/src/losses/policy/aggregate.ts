// One place that turns a matrix of token losses into a scalar. Which mean is taken is the whole difference between GRPO, DAPO and Dr. GRPO:
// 'sequence-mean' weighs every answer alike (long wrong answers are punished less a token), 'token-mean' every token, and
// 'sum-over-max-length' divides by a constant, so that length changes nothing.
import * as tf from '@tensorflow/tfjs-core';

/** How token losses become one number. */
export type Aggregate = 'sequence-mean' | 'token-mean' | 'sum-over-max-length' | 'sequence-sum' | 'token-sum';

/** Denominators of a whole accumulated batch, so that micro-batches add up to exactly the batch's loss. */
export interface GlobalCounts {
  /** Completion tokens in all micro-batches ('token-mean'). */
  readonly tokens?: number;
  /** Sequences in all micro-batches (the other means). */
  readonly sequences?: number;
  /** The constant of 'sum-over-max-length'; default: the width of the mask. */
  readonly maxLength?: number;
}

/**
 * The aggregate of `losses` [B, T] over `mask` [B, T] (0/1); a fully masked row contributes 0, never NaN.
 *
 * sequence-mean: 1/B sum_b (sum_t l m / sum_t m); token-mean: sum l m / sum m; sum-over-max-length: sum l m / (B maxLength);
 * sequence-sum: 1/B sum l m; token-sum: sum l m.
 */
export function aggregate(
  losses: tf.Tensor,
  mask: tf.Tensor,
  mode: Aggregate,
  counts: GlobalCounts = {},
): tf.Tensor {
  const [batch, width] = mask.shape;
  return tf.tidy(() => {
    const kept = tf.mul(losses, mask);
    const sequences = counts.sequences ?? batch;
    if (mode === 'sequence-mean') {
      const lengths = tf.maximum(tf.sum(mask, 1), 1);
      return tf.div(tf.sum(tf.div(tf.sum(kept, 1), lengths)), sequences);
    }
    const total = tf.sum(kept);
    if (mode === 'token-mean') return tf.div(total, counts.tokens ?? tf.maximum(tf.sum(mask), 1));
    if (mode === 'sum-over-max-length') return tf.div(total, sequences * (counts.maxLength ?? width));
    if (mode === 'sequence-sum') return tf.div(total, sequences);
    if (mode === 'token-sum') return total;
    throw new RangeError(
      `aggregate: expected sequence-mean, token-mean, sum-over-max-length, sequence-sum or token-sum, got ${String(mode)}`,
    );
  });
}
