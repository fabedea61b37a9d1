// A gated recurrent network over characters (Cho et al. 2014, arXiv 1406.1078; Karpathy 2015 for the use): the older answer to the transformer's question, trained by the same function on
// the same batches. State is carried along a row and starts at zero in each.
import * as tf from '@tensorflow/tfjs-core';
import { linearNegativeLogProbs } from '../ops/linear-cross-entropy.ts';
import type { Objective } from './objective.ts';
import { countSupervised, isSupervised, type TokenBatch } from './token-batch.ts';
import { normals, type UniformSource } from './uniform-source.ts';

/** Sizes of the network. */
export interface CharRnnConfig {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly numLayers: number;
}

/** Fresh parameters: embedding, per layer the gates' input and state matrices [C, 3C] and biases, head [V, C]; kept. */
export function initCharRnn(config: CharRnnConfig, random: UniformSource): Map<string, tf.Tensor> {
  const { vocabSize, hiddenSize: c, numLayers } = config;
  const parameters = new Map<string, tf.Tensor>();
  const add = (name: string, shape: number[], deviation: number): void => {
    const size = shape.reduce((a, b) => a * b, 1);
    const values =
      deviation === 0 ? new Float32Array(size) : normals(random, 'init', parameters.size, size, deviation);
    parameters.set(name, tf.keep(tf.tensor(values, shape)));
  };
  add('embedding.weight', [vocabSize, c], 0.1);
  for (let i = 0; i < numLayers; i++) {
    add(`layers.${i}.input.weight`, [c, 3 * c], 1 / Math.sqrt(c));
    add(`layers.${i}.state.weight`, [c, 3 * c], 1 / Math.sqrt(c));
    add(`layers.${i}.bias`, [3 * c], 0);
  }
  add('head.weight', [vocabSize, c], 1 / Math.sqrt(c));
  return parameters;
}

/** ids [rows, length] -> hidden states [rows, length, C]; call it inside a tidy. */
export function charRnnHidden(
  config: CharRnnConfig,
  parameters: ReadonlyMap<string, tf.Tensor>,
  ids: tf.Tensor2D,
): tf.Tensor3D {
  const [rows, length] = ids.shape;
  const c = config.hiddenSize;
  const get = (name: string): tf.Tensor2D => parameters.get(name) as tf.Tensor2D;
  let x = tf.gather(get('embedding.weight'), ids) as tf.Tensor; // [B, T, C]
  for (let i = 0; i < config.numLayers; i++) {
    const flat = tf.reshape(x, [rows * length, c]) as tf.Tensor2D;
    // All inputs of a layer at once; only the state's part has to wait for the step before.
    const inputs = tf.unstack(
      tf.reshape(tf.add(tf.matMul(flat, get(`layers.${i}.input.weight`)), get(`layers.${i}.bias`)), [
        rows,
        length,
        3 * c,
      ]),
      1,
    );
    let state: tf.Tensor = tf.zeros([rows, c]);
    const states = inputs.map((input) => {
      state = gruStep(input, state as tf.Tensor2D, get(`layers.${i}.state.weight`), c);
      return state;
    });
    x = tf.stack(states, 1);
  }
  return x as tf.Tensor3D;
}

/** z = sigma(..), r = sigma(..), n = tanh(in + r state); h <- (1 - z) n + z h. */
function gruStep(input: tf.Tensor, state: tf.Tensor2D, weight: tf.Tensor2D, c: number): tf.Tensor {
  const recurrent = tf.matMul(state, weight);
  const part = (t: tf.Tensor, k: number): tf.Tensor => tf.slice(t, [0, k * c], [-1, c]);
  const z = tf.sigmoid(tf.add(part(input, 0), part(recurrent, 0)));
  const r = tf.sigmoid(tf.add(part(input, 1), part(recurrent, 1)));
  const n = tf.tanh(tf.add(part(input, 2), tf.mul(r, part(recurrent, 2))));
  return tf.add(n, tf.mul(z, tf.sub(state, n)));
}

/** Next-character cross-entropy in nats, over the same batches as `languageModelObjective`. */
export function charRnnObjective(config: CharRnnConfig): Objective<TokenBatch> {
  return {
    weight: countSupervised,
    tokens: (batch) => batch.rows * batch.length,
    loss(parameters, batch) {
      const { rows, length } = batch;
      const ids = tf.tensor2d(batch.ids, [rows, length], 'int32');
      const hidden = tf.reshape(charRnnHidden(config, parameters, ids), [rows * length, config.hiddenSize]);
      const targets = new Int32Array(rows * length).fill(-1);
      for (let r = 0; r < rows; r++)
        for (let t = 1; t < length; t++)
          if (isSupervised(batch, r, t)) targets[r * length + t - 1] = batch.labels[r * length + t];
      return tf.sum(
        linearNegativeLogProbs(hidden as tf.Tensor2D, parameters.get('head.weight') as tf.Tensor2D, targets),
      );
    },
  };
}
