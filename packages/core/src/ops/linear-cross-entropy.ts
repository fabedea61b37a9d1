// -log softmax(hidden W^T)[label] without ever holding all logits: the vocabulary is walked in chunks with a running log-sum-exp (as in Liger Kernel and
// Cut Cross-Entropy, Wijmans et al. 2024, arXiv 2411.09009), and the backward pass recomputes a chunk at a time. With one chunk the logits are
// computed once and their exponentials kept for the backward pass.
import * as tf from '@tensorflow/tfjs-core';
import { isHostBackend } from './host-backend.ts';
import { linearNegativeLogProbsFused } from './linear-cross-entropy-fused.ts';
import { linearNegativeLogProbsOnDevice } from './linear-cross-entropy-on-device.ts';
import { matMul } from './mat-mul.ts';
import { hasKernel } from './own-kernel.ts';
import {
  foldChunk,
  foldWhole,
  newRunningRows,
  scaledMinusTarget,
  softmaxMinusTarget,
} from './softmax-rows.ts';

/** Options of {@link linearNegativeLogProbs}. */
export interface LinearCrossEntropyOptions {
  /** Columns of the vocabulary at a time; default 8192: memory is rows x chunk. */
  readonly vocabularyChunk?: number;
  /** 'out-in' (default): weight [V, C], as a table of embeddings; 'in-out': [C, V], as this library's linear layers. */
  readonly weightLayout?: 'out-in' | 'in-out';
}

/**
 * -log softmax(hidden weight^T)[label] for every row, [N], in nats; 0 for rows whose label is negative.
 *
 * `hidden` [N, C] and `weight` [V, C] (or [C, V], see `weightLayout`) get gradients; `labels` is int32 [N] or an array. A caller that only wants log-probabilities negates.
 */
export function linearNegativeLogProbs(
  hidden: tf.Tensor2D,
  weight: tf.Tensor2D,
  labels: ArrayLike<number> | tf.Tensor1D,
  options: LinearCrossEntropyOptions = {},
): tf.Tensor1D {
  for (const name of Object.keys(options))
    if (name !== 'vocabularyChunk' && name !== 'weightLayout')
      throw new TypeError(
        `linearNegativeLogProbs: unknown option ${name}, expected vocabularyChunk or weightLayout`,
      );
  const turned = options.weightLayout === 'in-out'; // the vocabulary is the second axis
  const size = options.vocabularyChunk ?? 8192;
  if (!Number.isInteger(size) || size < 1)
    throw new RangeError(`vocabularyChunk: expected a positive integer, got ${size}`);
  const vocabulary = weight.shape[turned ? 1 : 0];
  const targets = checkedLabels(labels, hidden.shape[0], vocabulary);
  const starts = Array.from({ length: Math.ceil(vocabulary / size) }, (_, i) => i * size);
  const chunkOf = (w: tf.Tensor2D, start: number): tf.Tensor2D => {
    if (starts.length === 1) return w;
    const width = Math.min(size, vocabulary - start);
    return turned ? tf.slice2d(w, [0, start], [-1, width]) : tf.slice2d(w, [start, 0], [width, -1]);
  };

  if (hasKernel('Ashlar/RowCrossEntropy'))
    return linearNegativeLogProbsFused(hidden, weight, targets, { starts, of: chunkOf, turned });
  if (!isHostBackend())
    return linearNegativeLogProbsOnDevice(hidden, weight, targets, { starts, of: chunkOf, turned });

  const product = (h: tf.Tensor2D, part: tf.Tensor2D): tf.Tensor2D => matMul(h, part, false, !turned);
  const slopes = (x: tf.Tensor2D, part: tf.Tensor2D, dz: tf.Tensor2D): [tf.Tensor2D, tf.Tensor2D] => [
    matMul(dz, part, false, turned),
    turned ? matMul(x, dz, true, false) : matMul(dz, x, true, false),
  ];

  const op = tf.customGrad((h, w, saveTensors) => {
    const save = saveTensors as unknown as (tensors: tf.Tensor[]) => void;
    const rows = h as tf.Tensor2D;
    const table = w as tf.Tensor2D;
    save([rows, table]);
    if (starts.length === 1) {
      const logits = product(rows, table);
      // The exponentials stay in a plain array until the backward pass has used them.
      const whole = foldWhole(logits, targets);
      logits.dispose();
      const gradFunc = (dy: tf.Tensor | tf.Tensor[], saved: tf.Tensor[]): tf.Tensor[] => {
        const scale = (dy as tf.Tensor).dataSync<'float32'>();
        const dz = scaledMinusTarget(whole.exponentials, whole.inverse, targets, vocabulary, scale);
        return slopes(saved[0] as tf.Tensor2D, saved[1] as tf.Tensor2D, dz);
      };
      return { value: tf.tensor1d(whole.losses), gradFunc };
    }
    const running = newRunningRows(targets);
    for (const start of starts) {
      const logits = tf.tidy(() => product(rows, chunkOf(table, start)));
      foldChunk(running, logits, start);
      logits.dispose();
    }
    const { losses, logSumExp } = running.finish();
    const gradFunc = (dy: tf.Tensor | tf.Tensor[], saved: tf.Tensor[]): tf.Tensor[] => {
      const [x, t] = saved as tf.Tensor2D[];
      const scale = (dy as tf.Tensor).dataSync<'float32'>();
      let dx: tf.Tensor2D | undefined;
      const dw: tf.Tensor2D[] = [];
      for (const start of starts) {
        const part = chunkOf(t, start);
        const dz = softmaxMinusTarget(product(x, part), logSumExp, targets, start, scale); // [N, chunk]
        const [stepX, stepW] = slopes(x, part, dz);
        dx = dx === undefined ? stepX : tf.add(dx, stepX);
        dw.push(stepW);
      }
      return [dx!, tf.concat2d(dw, turned ? 1 : 0)];
    };
    return { value: tf.tensor1d(losses), gradFunc };
  });
  return op(hidden, weight) as tf.Tensor1D;
}

/** The labels as int32, checked to lie under the vocabulary; negative ones are ignored rows. */
export function checkedLabels(
  labels: ArrayLike<number> | tf.Tensor1D,
  rows: number,
  vocabulary: number,
): Int32Array {
  const targets = Int32Array.from(labels instanceof tf.Tensor ? labels.dataSync() : labels);
  if (targets.length !== rows) throw new RangeError(`labels: expected ${rows}, got ${targets.length}`);
  for (const id of targets)
    if (id >= vocabulary) throw new RangeError(`labels: expected ids under ${vocabulary}, got ${id}`);
  return targets;
}
