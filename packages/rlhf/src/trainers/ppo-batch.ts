// What PPO adds to a batch of rollouts: values of the old critic, rewards a token (the answer's score at its end, minus the KL penalty everywhere), advantages by GAE and returns.

import { type ModelConfig, sourceOf, tokenHiddenStates } from '@ashlar/core';
import * as tf from '@tensorflow/tfjs-core';
import { generalizedAdvantages } from '../advantages/gae.ts';
import { tokenRewards } from '../advantages/kl-controller.ts';
import { checkOptions } from '../check-options.ts';
import { type RolloutBatch, valuesOf } from './policy-objective.ts';

/** Options of {@link ppoBatch}. */
export interface PpoBatchOptions {
  /** Discount; default 1. */
  readonly gamma?: number;
  /** Trace decay; default 0.95. */
  readonly lambda?: number;
  /** Weight of the KL penalty in the rewards, k1 a token; needs reference log-probabilities when above 0; default 0. */
  readonly klCoefficient?: number;
}

/** The batch with values, whitened advantages and returns; `scores` has one entry a row. The parameters hold the value head. */
export async function ppoBatch(
  config: ModelConfig,
  parameters: ReadonlyMap<string, tf.Tensor>,
  batch: Omit<RolloutBatch, 'advantages'>,
  scores: ArrayLike<number>,
  options: PpoBatchOptions = {},
): Promise<RolloutBatch> {
  checkOptions(options, ['gamma', 'lambda', 'klCoefficient'], 'ppoBatch');
  const { gamma = 1, lambda = 0.95, klCoefficient = 0 } = options;
  if (klCoefficient > 0 && batch.referenceLogps === undefined)
    throw new TypeError('referenceLogps: expected log-probabilities when klCoefficient > 0, got none');
  const { rows, length } = batch.tokens;
  const values = tf.tidy(() =>
    valuesOf(config, parameters, tokenHiddenStates(config, sourceOf(parameters), batch.tokens), rows, length),
  );
  const oldValues = Float32Array.from(await values.data());
  values.dispose();
  const matrix = (flat: Float32Array): number[][] =>
    Array.from({ length: rows }, (_, r) => [...flat.subarray(r * length, (r + 1) * length)]);
  const mask = matrix(batch.mask);
  const rewards = tokenRewards(
    matrix(batch.oldLogps),
    matrix(batch.referenceLogps ?? batch.oldLogps),
    mask,
    scores,
    klCoefficient,
  );
  const { advantages, returns } = generalizedAdvantages(rewards, matrix(oldValues), mask, {
    gamma,
    lambda,
    whiten: true,
  });
  return {
    ...batch,
    oldValues,
    advantages: Float32Array.from(advantages.flat()),
    returns: Float32Array.from(returns.flat()),
  };
}
