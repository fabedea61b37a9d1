// Rows of a table by id, trainable on every backend. tf.gather's own gradient needs UnsortedSegmentSum, which wasm lacks and which on the CPU costs
// vocabulary x tokens; where tensors are in host memory we add the rows in one loop instead.
import * as tf from '@tensorflow/tfjs-core';
import { isHostBackend } from './host-backend.ts';

/** table[ids]: `table` [V, C], `ids` int32 of any shape S; result [...S, C]. The gradient of row i is the sum of dy where ids = i. */
export function embedding(table: tf.Tensor2D, ids: tf.Tensor): tf.Tensor {
  const [rows, width] = table.shape;
  const flat = tf.tidy(() => tf.cast(tf.reshape(ids, [-1]), 'int32'));
  const op = tf.customGrad((weights, save) => {
    (save as (tensors: tf.Tensor[]) => void)([flat]);
    const gradFunc = (dy: tf.Tensor | tf.Tensor[], saved: tf.Tensor[]): tf.Tensor => {
      const grad = dy as tf.Tensor2D;
      const index = saved[0] as tf.Tensor1D;
      if (isHostBackend()) return scatterAdd(grad, index, rows, width);
      return tf.unsortedSegmentSum(grad, index, rows);
    };
    return { value: tf.gather(weights as tf.Tensor2D, flat), gradFunc };
  });
  return tf.reshape(op(table), [...ids.shape, width]);
}

function scatterAdd(grad: tf.Tensor2D, ids: tf.Tensor, rows: number, width: number): tf.Tensor2D {
  const from = grad.dataSync<'float32'>();
  const index = ids.dataSync<'int32'>();
  const sum = new Float32Array(rows * width);
  for (let i = 0; i < index.length; i++) {
    const to = index[i] * width;
    for (let c = 0, at = i * width; c < width; c++, at++) sum[to + c] += from[at];
  }
  return tf.tensor2d(sum, [rows, width]);
}
