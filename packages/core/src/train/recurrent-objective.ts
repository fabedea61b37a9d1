// The character RNN as a task of the trainer: the older answer to the transformer's question, trained by the same function on the same batches. State is carried along a row and starts at
// zero in each.
import * as tf from '@tensorflow/tfjs-core';
import { listRnnParameters, type RnnConfig, runRnn } from '../models/rnn.ts';
import { crossEntropy } from '../ops/cross-entropy.ts';
import type { Objective } from './objective.ts';
import { countSupervised, isSupervised, type TokenBatch } from './token-batch.ts';
import { sourceOf } from './token-log-probs.ts';
import { type UniformSource, uniforms } from './uniform-source.ts';

/** Fresh parameters of a recurrent model as PyTorch starts them, uniform in +-1/sqrt(hiddenSize) (embeddings +-1), kept: a function of the configuration and the source. */
export function initRecurrentParameters(config: RnnConfig, random: UniformSource): Map<string, tf.Tensor> {
  return new Map(
    listRnnParameters(config).map((spec, lane) => {
      const size = spec.shape.reduce((product, n) => product * n, 1);
      const bound = spec.role === 'embedding' ? 1 : 1 / Math.sqrt(config.hiddenSize);
      const values = uniforms(random, 'init', lane, size, bound);
      return [spec.name, tf.keep(tf.tensor(values, [...spec.shape], 'float32'))];
    }),
  );
}

/** Next-token cross-entropy of a recurrent model in nats, over the same batches as `languageModelObjective`. */
export function recurrentObjective(config: RnnConfig): Objective<TokenBatch> {
  return {
    weight: countSupervised,
    tokens: (batch) => batch.rows * batch.length,
    loss(parameters, batch) {
      const { rows, length } = batch;
      const { logits } = runRnn(
        config,
        sourceOf(parameters),
        tf.tensor2d(batch.ids, [rows, length], 'int32'),
      );
      const targets = new Int32Array(rows * length).fill(-1);
      for (let r = 0; r < rows; r++)
        for (let t = 1; t < length; t++)
          if (isSupervised(batch, r, t)) targets[r * length + t - 1] = batch.labels[r * length + t];
      const flat = tf.reshape(logits, [rows * length, config.vocabSize]) as tf.Tensor2D;
      return crossEntropy(flat, targets, { reduction: 'sum' });
    },
  };
}
