// What the trainer minimises: a sum over a batch and the weight that the sum is to be divided by. Keeping the two apart makes accumulation exact: the window's
// sums are divided by the window's weight, however unevenly the tokens fall into micro-batches.

import * as tf from '@tensorflow/tfjs-core';
import { checkOptions } from '../check-options.ts';
import type { ModelConfig } from '../models/model-config.ts';
import type { WeightSource } from '../models/transformer.ts';
import { countSupervised, type TokenBatch } from './token-batch.ts';
import { type ForwardPassOptions, sourceOf, tokenNegativeLogProbs } from './token-log-probs.ts';

/** Something to minimise over batches of any type. */
export interface Objective<Batch> {
  /** The sum of losses over the batch, a scalar, differentiable in the parameters; runs inside a gradient function. */
  loss(parameters: ReadonlyMap<string, tf.Tensor>, batch: Batch): tf.Tensor;
  /** What the sum is divided by: supervised tokens, pairs, sequences. */
  weight(batch: Batch): number;
  /** Tokens processed, for the throughput; default: the weight. */
  tokens?(batch: Batch): number;
}

/** How trained tensors become the decoder's parameters: as they are, or added to a frozen base (`withLora`). */
export type ParameterView = (trained: ReadonlyMap<string, tf.Tensor>) => WeightSource;

/** Next-token cross-entropy of a decoder in nats a token; by default the trained tensors are those of `listParameters(config)`. */
export function languageModelObjective(
  config: ModelConfig,
  view: ParameterView = sourceOf,
  options: ForwardPassOptions = {},
): Objective<TokenBatch> {
  checkOptions(options, ['recompute'], 'languageModelObjective');
  return {
    loss: (parameters, batch) => tf.sum(tokenNegativeLogProbs(config, view(parameters), batch, options)),
    weight: countSupervised,
    tokens: (batch) => batch.rows * batch.length,
  };
}
