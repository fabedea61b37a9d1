// BCO, Jung et al. 2024 (arXiv 2404.04656), eq. 8: a binary classifier whose logit is the implicit reward minus a running mean of
// rewards delta. On pairs without delta this is TRL's `bco_pair`.
import { logSigmoid } from '@ashlar/core';
import * as tf from '@tensorflow/tfjs-core';
import type { PairLogRatios } from '../pair-log-probs.ts';

/** -log sigma(beta c - delta) - log sigma(-(beta r - delta)) for every pair, [B]; delta in units of reward. */
export function bcoPairs({ chosen, rejected }: PairLogRatios, beta: number, delta: number): tf.Tensor {
  const good = logSigmoid(tf.sub(tf.mul(beta, chosen), delta));
  const bad = logSigmoid(tf.sub(delta, tf.mul(beta, rejected)));
  return tf.neg(tf.add(good, bad));
}
