// GSPO, Zheng et al. 2025 (arXiv 2507.18071): the importance ratio of a whole answer, its length-normalised (geometric mean) ratio, is clipped,
// instead of one ratio a token. Clip ranges are therefore hundreds of times smaller.
import * as tf from '@tensorflow/tfjs-core';
import { checkOptions } from '../../check-options.ts';
import { clippedSurrogate } from './clipped-surrogate.ts';
import type { PolicyBatch } from './grpo.ts';

/** Options of {@link gspoLoss}. */
export interface GspoOptions {
  /** Default 3e-4. */
  readonly epsilonLow?: number;
  /** Default 4e-4. */
  readonly epsilonHigh?: number;
}

/** 1/B sum_b max(-A s, -A clip(s)), s = exp(sum_t (l - l_old) m / sum_t m); advantages [B]; scalar out. */
export function gspoLoss(batch: PolicyBatch, options: GspoOptions = {}): tf.Tensor {
  checkOptions(options, ['epsilonLow', 'epsilonHigh'], 'gspoLoss');
  const { epsilonLow = 3e-4, epsilonHigh = 4e-4 } = options;
  return tf.tidy(() => {
    const lengths = tf.maximum(tf.sum(batch.mask, 1), 1);
    const logRatio = tf.div(tf.sum(tf.mul(tf.sub(batch.logps, batch.oldLogps), batch.mask), 1), lengths);
    return tf.mean(clippedSurrogate(logRatio, batch.advantages, epsilonLow, epsilonHigh));
  });
}
