// f-DPO, Wang et al. 2023 (arXiv 2309.16240): other divergences than the reverse KL replace the log-ratio u = log pi/ref by f'(pi/ref).
// The alpha divergence (alpha other than 1) uses e^{(alpha-1) u}/(alpha-1), as TRL does.
import { logSigmoid } from '@ashlar/core';
import * as tf from '@tensorflow/tfjs-core';
import type { PairLogRatios } from '../pair-log-probs.ts';

/** The divergence that keeps the policy near the reference; `alpha` takes its order, not 1. */
export type Divergence = 'reverse-kl' | 'forward-kl' | 'jensen-shannon' | { readonly alpha: number };

/** Exponents are clamped here: e^80 is finite in float32. */
const largestExponent = 80;

/** Scores that stand for c and r: u (reverse KL), -e^{-u} (forward KL), log sigma(u) (JS), e^{(alpha-1) u}/(alpha-1). */
export function divergenceScores(ratios: PairLogRatios, divergence: Divergence): PairLogRatios {
  if (divergence === 'reverse-kl') return ratios;
  const score = scoreOf(divergence);
  return { chosen: score(ratios.chosen), rejected: score(ratios.rejected), pair: ratios.pair };
}

function scoreOf(divergence: Exclude<Divergence, 'reverse-kl'>): (u: tf.Tensor) => tf.Tensor {
  if (divergence === 'forward-kl') return (u) => tf.neg(boundedExp(tf.neg(u)));
  if (divergence === 'jensen-shannon') return (u) => logSigmoid(u);
  const order = divergence.alpha - 1;
  if (!Number.isFinite(order) || order === 0)
    throw new RangeError(`divergence: expected alpha other than 1, got ${divergence.alpha}`);
  return (u) => tf.div(boundedExp(tf.mul(order, u)), order);
}

const boundedExp = (x: tf.Tensor): tf.Tensor => tf.exp(tf.minimum(x, largestExponent));
