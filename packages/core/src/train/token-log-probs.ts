// From parameters and a batch to the loss of every predicted token. The head runs only on the rows that predict something, in vocabulary chunks, so
// neither [B, T, V] logits nor unlearned tokens cost memory.

import * as tf from '@tensorflow/tfjs-core';
import { checkOptions } from '../check-options.ts';
import type { ModelConfig } from '../models/model-config.ts';
import { decodeHidden, head, type WeightSource } from '../models/transformer.ts';
import { crossEntropy } from '../ops/cross-entropy.ts';
import { linearNegativeLogProbs } from '../ops/linear-cross-entropy.ts';
import { batchContext } from './packed-sequence.ts';
import { recomputedHiddenStates } from './recompute.ts';
import { isSupervised, type TokenBatch } from './token-batch.ts';

/** How a pass is run. */
export interface ForwardPassOptions {
  /** Keep only the input of every layer and run the layer again in the backward pass: less memory, a third more work; default false. */
  readonly recompute?: boolean;
}

/** Parameters by name as the decoder asks for them. */
export function sourceOf(parameters: ReadonlyMap<string, tf.Tensor>): WeightSource {
  return {
    has: (name) => parameters.has(name),
    get(name) {
      const found = parameters.get(name);
      if (found === undefined) throw new RangeError(`parameter: expected one of the model, got ${name}`);
      return found;
    },
  };
}

/**
 * -log p(label_t | tokens before t) at every predicted position, [rows, length] in nats; 0 elsewhere. Differentiable in the parameters.
 *
 * Call it inside a `tf.tidy` or a gradient function.
 */
export function tokenNegativeLogProbs(
  config: ModelConfig,
  weights: WeightSource,
  batch: TokenBatch,
  options: ForwardPassOptions = {},
): tf.Tensor2D {
  checkOptions(options, ['recompute'], 'tokenNegativeLogProbs');
  return supervisedLosses(config, weights, tokenHiddenStates(config, weights, batch, options), batch);
}

/** Hidden states after the final norm [rows, length, C] of a batch, packed rows with their masks. Call it inside a tidy or a gradient function. */
export function tokenHiddenStates(
  config: ModelConfig,
  weights: WeightSource,
  batch: TokenBatch,
  options: ForwardPassOptions = {},
): tf.Tensor3D {
  checkOptions(options, ['recompute'], 'tokenHiddenStates');
  const { recompute = false } = options;
  if (recompute) return recomputedHiddenStates(config, weights, batch);
  const ids = tf.tensor2d(batch.ids, [batch.rows, batch.length], 'int32');
  return decodeHidden(config, weights, ids, batchContext(batch));
}

/** The losses of `tokenNegativeLogProbs` from hidden states [rows, length, C] that are already there. */
export function supervisedLosses(
  config: ModelConfig,
  weights: WeightSource,
  hidden: tf.Tensor,
  batch: TokenBatch,
): tf.Tensor2D {
  const { rows, length } = batch;
  const sources: number[] = [];
  const targets: number[] = [];
  const place = new Int32Array(rows * length);
  for (let r = 0; r < rows; r++)
    for (let t = 1; t < length; t++)
      if (isSupervised(batch, r, t)) {
        place[r * length + t] = targets.length + 1;
        sources.push(r * length + t - 1); // the shift: the token before predicts
        targets.push(batch.labels[r * length + t]);
      }
  const flat = tf.reshape(hidden, [rows * length, config.hiddenSize]) as tf.Tensor2D;
  // Rows of ignored labels fill up: with nothing to learn one of them keeps the graph whole (loss 0, gradients 0, not NaN), and else they make the logits of different batches equally
  // large. Allocators that use freed memory again for the same size only (tfjs on WebGPU) would else keep the logits of every batch.
  for (let free = roundedUp(targets.length) - targets.length; free > 0; free--) {
    sources.push(0);
    targets.push(-1);
  }
  const chosen = tf.gather(flat, tf.tensor1d(sources, 'int32'));
  const losses = headLosses(config, weights, chosen, targets);
  const padded = tf.concat1d([tf.zeros([1]), losses]);
  return tf.reshape(tf.gather(padded, tf.tensor1d(place, 'int32')), [rows, length]);
}

/** At least 1, and a multiple of a 16th of the power of two below: at most 16 sizes an octave, at most a 16th more. */
export function roundedUp(count: number): number {
  if (count < 16) return Math.max(1, count);
  const step = 2 ** (Math.floor(Math.log2(count)) - 4);
  return Math.ceil(count / step) * step;
}

function headLosses(
  config: ModelConfig,
  weights: WeightSource,
  hidden: tf.Tensor2D,
  targets: readonly number[],
): tf.Tensor1D {
  const { tied, bias, scale, softcap } = config.head;
  const plain = !bias && scale === 1 && softcap === undefined && !weights.has('headProjection.weight');
  if (!plain)
    return crossEntropy(head(config, weights, hidden), targets, { reduction: 'none' }) as tf.Tensor1D;
  if (tied && !weights.has('head.weight'))
    return linearNegativeLogProbs(hidden, weights.get('embedding.weight') as tf.Tensor2D, targets);
  return linearNegativeLogProbs(hidden, weights.get('head.weight') as tf.Tensor2D, targets, {
    weightLayout: 'in-out',
  });
}
