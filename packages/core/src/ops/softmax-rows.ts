// The row loops of the chunked cross-entropy: a running (max, sum of exponentials) a row, kept in float64, and the gradient of the logits. They read the
// logits' values, so on a device backend each chunk is one download; the host backends share memory.
import * as tf from '@tensorflow/tfjs-core';

/** Running log-sum-exp and target logit of every row. */
export interface RunningRows {
  readonly top: Float64Array;
  readonly sum: Float64Array;
  readonly target: Float64Array;
  readonly labels: Int32Array;
  /** The losses (0 at ignored rows) and log-sum-exp of all chunks folded so far. */
  finish(): { losses: Float32Array; logSumExp: Float64Array };
}

/** Starts with nothing seen. */
export function newRunningRows(labels: Int32Array): RunningRows {
  const rows = labels.length;
  const top = new Float64Array(rows).fill(Number.NEGATIVE_INFINITY);
  const sum = new Float64Array(rows);
  const target = new Float64Array(rows);
  const finish = (): { losses: Float32Array; logSumExp: Float64Array } => {
    const logSumExp = new Float64Array(rows);
    const losses = new Float32Array(rows);
    for (let i = 0; i < rows; i++) {
      logSumExp[i] = top[i] + Math.log(sum[i]);
      losses[i] = labels[i] < 0 ? 0 : logSumExp[i] - target[i];
    }
    return { losses, logSumExp };
  };
  return { top, sum, target, labels, finish };
}

/** Folds the logits [N, W] of columns start .. start + W into the running rows; ignored rows are skipped. */
export function foldChunk(running: RunningRows, logits: tf.Tensor2D, start: number): void {
  const [rows, width] = logits.shape;
  const z = logits.dataSync<'float32'>();
  for (let i = 0; i < rows; i++) {
    const label = running.labels[i];
    if (label < 0) continue;
    const base = i * width;
    let high = z[base];
    for (let j = 1; j < width; j++) if (z[base + j] > high) high = z[base + j];
    const top = Math.max(running.top[i], high);
    let sum = running.sum[i] === 0 ? 0 : running.sum[i] * Math.exp(running.top[i] - top);
    for (let j = 0; j < width; j++) sum += Math.exp(z[base + j] - top);
    running.top[i] = top;
    running.sum[i] = sum;
    const column = label - start;
    if (column >= 0 && column < width) running.target[i] = z[base + column];
  }
}

/** scale[i] (softmax(z)[i, j] - [label_i = j]) for one chunk of columns; 0 in ignored rows. */
export function softmaxMinusTarget(
  logits: tf.Tensor2D,
  logSumExp: Float64Array,
  labels: Int32Array,
  start: number,
  scale: ArrayLike<number>,
): tf.Tensor2D {
  const [rows, width] = logits.shape;
  const z = logits.dataSync<'float32'>();
  const out = new Float32Array(rows * width);
  for (let i = 0; i < rows; i++) {
    const weight = scale[i];
    if (labels[i] < 0 || weight === 0) continue;
    const base = i * width;
    const shift = logSumExp[i];
    for (let j = 0; j < width; j++) out[base + j] = weight * Math.exp(z[base + j] - shift);
    const column = labels[i] - start;
    if (column >= 0 && column < width) out[base + column] -= weight;
  }
  return tf.tensor2d(out, [rows, width]);
}

/** What one whole chunk of logits gives in a single pass: losses, and e^{z - max} with its sums, from which the gradient needs no further exponential. */
export interface WholeRows {
  readonly losses: Float32Array;
  readonly exponentials: Float32Array;
  /** 1 / sum of a row's exponentials; 0 at ignored rows. */
  readonly inverse: Float64Array;
}

/** Losses (0 at ignored rows) of logits [N, V] that are all there. */
export function foldWhole(logits: tf.Tensor2D, labels: Int32Array): WholeRows {
  const [rows, width] = logits.shape;
  const z = logits.dataSync<'float32'>();
  const losses = new Float32Array(rows);
  const exponentials = new Float32Array(rows * width);
  const inverse = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    if (labels[i] < 0) continue;
    const base = i * width;
    let top = z[base];
    for (let j = 1; j < width; j++) if (z[base + j] > top) top = z[base + j];
    let sum = 0;
    for (let j = 0; j < width; j++) {
      const e = Math.exp(z[base + j] - top);
      exponentials[base + j] = e;
      sum += e;
    }
    losses[i] = top + Math.log(sum) - z[base + labels[i]];
    inverse[i] = 1 / sum;
  }
  return { losses, exponentials, inverse };
}

/** scale[i] (e[i, j] inverse[i] - [label_i = j]): `softmaxMinusTarget` from what `foldWhole` kept. */
export function scaledMinusTarget(
  exponentials: Float32Array,
  inverse: Float64Array,
  labels: Int32Array,
  width: number,
  scale: ArrayLike<number>,
): tf.Tensor2D {
  const rows = labels.length;
  const out = new Float32Array(rows * width);
  for (let i = 0; i < rows; i++) {
    const weight = scale[i];
    if (labels[i] < 0 || weight === 0) continue;
    const base = i * width;
    const factor = weight * inverse[i];
    for (let j = 0; j < width; j++) out[base + j] = factor * exponentials[base + j];
    out[base + labels[i]] -= weight;
  }
  return tf.tensor2d(out, [rows, width]);
}
