// Direct preference training as an objective of core's trainer: any loss on pairs of log-probabilities, DPO and its family, CPO, SimPO, ORPO, KTO.

import {
  type ModelConfig,
  type Objective,
  type ParameterView,
  sourceOf,
  tokenNegativeLogProbs,
} from '@ashlar/core';
import * as tf from '@tensorflow/tfjs-core';
import { checkOptions } from '../check-options.ts';
import { type KtoOptions, ktoLoss, ktoOptions } from '../losses/kto.ts';
import type { PairLogProbs } from '../losses/pair-log-probs.ts';
import type { PairBatch } from './pair-batch.ts';
import { learnedLengths } from './sequence-log-probs.ts';

/** The mean loss of B pairs; `likelihood` is the mean negative log-likelihood of a chosen token, for the losses that add it. */
export type PairLoss = (pair: PairLogProbs, likelihood: tf.Scalar) => tf.Tensor;

/** Options of {@link preferenceObjective}. */
export interface PreferenceObjectiveOptions {
  /** How trained tensors become the decoder's parameters; default: as they are. */
  readonly view?: ParameterView;
}

/**
 * Minimises `loss` over pairs. Batches without reference log-probabilities work for losses that need none.
 *
 * `preferenceObjective(config, (pair) => dpoLoss(pair, { beta: 0.1 }))` is DPO; `(pair, nll) => orpoLoss(pair, nll)` is ORPO.
 */
export function preferenceObjective(
  config: ModelConfig,
  loss: PairLoss,
  options: PreferenceObjectiveOptions = {},
): Objective<PairBatch> {
  checkOptions(options, ['view'], 'preferenceObjective');
  const { view = sourceOf } = options;
  return {
    weight: (batch) => batch.pairs,
    tokens: (batch) => batch.tokens.rows * batch.tokens.length,
    loss(parameters, batch) {
      const { pair, likelihood } = pairLogProbs(config, view(parameters), batch);
      return tf.mul(loss(pair, likelihood), batch.pairs);
    },
  };
}

/** What the losses read of a batch under some parameters. */
export function pairLogProbs(
  config: ModelConfig,
  weights: ReturnType<ParameterView>,
  batch: PairBatch,
): { readonly pair: PairLogProbs; readonly likelihood: tf.Scalar } {
  const { pairs, tokens, reference } = batch;
  const losses = tokenNegativeLogProbs(config, weights, tokens);
  const sums = tf.neg(tf.sum(losses, 1));
  const lengths = learnedLengths(tokens);
  const half = (t: tf.Tensor, k: number): tf.Tensor1D => tf.slice(t, [k * pairs], [pairs]) as tf.Tensor1D;
  const chosenTokens = lengths.subarray(0, pairs).reduce((a, b) => a + b, 0);
  return {
    pair: {
      policyChosenLogps: half(sums, 0),
      policyRejectedLogps: half(sums, 1),
      chosenLengths: tf.tensor1d(lengths.slice(0, pairs)),
      rejectedLengths: tf.tensor1d(lengths.slice(pairs)),
      ...(reference === undefined
        ? {}
        : {
            referenceChosenLogps: tf.tensor1d(reference.slice(0, pairs)),
            referenceRejectedLogps: tf.tensor1d(reference.slice(pairs)),
          }),
    },
    likelihood: tf.div(tf.neg(tf.sum(half(sums, 0))), chosenTokens) as tf.Scalar,
  };
}

/** KTO over a pair batch: chosen answers are desirable, rejected ones undesirable. */
export function ktoOnPairs(options: KtoOptions = {}): PairLoss {
  checkOptions(options, ktoOptions, 'ktoOnPairs');
  return (pair) =>
    ktoLoss(
      {
        desirable: tf.sub(pair.policyChosenLogps, pair.referenceChosenLogps!) as tf.Tensor1D,
        undesirable: tf.sub(pair.policyRejectedLogps, pair.referenceRejectedLogps!) as tf.Tensor1D,
      },
      options,
    );
}

/** Metrics of a batch: implicit rewards, how often the chosen one leads, the margin. */
export interface PreferenceMetrics {
  readonly accuracy: number;
  readonly margin: number;
  readonly chosenReward: number;
  readonly rejectedReward: number;
}

/** beta-scaled implicit rewards of pairs with reference log-probabilities, averaged over batches. */
export async function preferenceMetrics(
  config: ModelConfig,
  parameters: ReadonlyMap<string, tf.Tensor>,
  batches: readonly PairBatch[],
  beta = 0.1,
): Promise<PreferenceMetrics> {
  let [count, right, chosen, rejected] = [0, 0, 0, 0];
  for (const batch of batches) {
    if (batch.reference === undefined) throw new TypeError('reference: expected log-probabilities, got none');
    const sums = tf.tidy(() =>
      tf.neg(tf.sum(tokenNegativeLogProbs(config, sourceOf(parameters), batch.tokens), 1)),
    );
    const values = await sums.data();
    sums.dispose();
    for (let i = 0; i < batch.pairs; i++) {
      const c = beta * (values[i] - batch.reference[i]);
      const r = beta * (values[batch.pairs + i] - batch.reference[batch.pairs + i]);
      count++;
      right += c > r ? 1 : 0;
      chosen += c;
      rejected += r;
    }
  }
  return {
    accuracy: right / count,
    margin: (chosen - rejected) / count,
    chosenReward: chosen / count,
    rejectedReward: rejected / count,
  };
}
