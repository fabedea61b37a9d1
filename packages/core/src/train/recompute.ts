// Activation recomputation (Chen et al. 2016, arXiv 1604.06174): the forward pass keeps only the input of every layer; the backward pass runs the layer again to get what its gradient needs. Memory for
// activations falls from all layers to one, for about a third more work.
import * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../models/model-config.ts';
import { listParameters } from '../models/parameters.ts';
import { decodeLayer, embed, finalNorm, untapped, type WeightSource } from '../models/transformer.ts';
import { batchContext } from './packed-sequence.ts';
import type { TokenBatch } from './token-batch.ts';

/**
 * f(inputs) with a gradient that calls f again instead of keeping its intermediate tensors.
 *
 * `f` must be a function of its inputs alone, use every one of them, and make its own constants each time it is called.
 */
export function recomputed(f: (inputs: tf.Tensor[]) => tf.Tensor, inputs: readonly tf.Tensor[]): tf.Tensor {
  const op = tf.customGrad((...given) => {
    const save = given[given.length - 1] as unknown as (tensors: tf.Tensor[]) => void;
    const xs = given.slice(0, -1) as tf.Tensor[];
    save(xs);
    return {
      value: tf.tidy(() => f(xs)),
      gradFunc: (dy, saved) => gradientsInside(f, saved as tf.Tensor[], dy as tf.Tensor),
    };
  });
  return op(...inputs);
}

/** tf.grads while another gradient is under way: tfjs has one tape, which the inner one would end and forget (its tensors with it). */
function gradientsInside(
  f: (inputs: tf.Tensor[]) => tf.Tensor,
  inputs: tf.Tensor[],
  dy: tf.Tensor,
): tf.Tensor[] {
  const { state } = tf.engine();
  const outer = state.activeTape;
  try {
    return tf.grads((...ys: tf.Tensor[]) => f(ys))(inputs, dy);
  } finally {
    state.activeTape = outer;
  }
}

/** `decodeHidden` of a batch, every layer recomputed in the backward pass. Call it inside a tidy or a gradient function. */
export function recomputedHiddenStates(
  config: ModelConfig,
  weights: WeightSource,
  batch: TokenBatch,
): tf.Tensor3D {
  const names = listParameters(config).map((spec) => spec.name);
  const ids = tf.tensor2d(batch.ids, [batch.rows, batch.length], 'int32');
  let x: tf.Tensor = embed(config, weights, ids, batchContext(batch));
  config.layers.forEach((layer, i) => {
    const own = names.filter((name) => name.startsWith(`layers.${i}.`));
    // A weight with an adapter beside it is frozen: the layer asks for it again, and a packed one is whole only then.
    const terms = own.flatMap((name) => {
      const term = weights.beside?.(name);
      return term === undefined ? [] : [{ name, ...term }];
    });
    const free = own.filter((name) => !terms.some((term) => term.name === name));
    x = recomputed(
      ([input, ...values]) => {
        const byName = new Map(free.map((name, k) => [name, values[k]]));
        const parts = values.slice(free.length);
        const source: WeightSource = {
          has: (name) => own.includes(name),
          get: (name) => byName.get(name) ?? weights.get(name),
          beside(name) {
            const k = terms.findIndex((term) => term.name === name);
            return k < 0 ? undefined : { ...terms[k], a: parts[2 * k], b: parts[2 * k + 1] };
          },
        };
        return decodeLayer(config, layer, i, source, input as tf.Tensor3D, batchContext(batch), untapped);
      },
      [x, ...free.map((name) => weights.get(name)), ...terms.flatMap(({ a, b }) => [a, b])],
    );
  });
  return finalNorm(config, weights, x as tf.Tensor3D);
}
