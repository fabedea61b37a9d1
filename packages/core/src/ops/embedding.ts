// Rows of a table by id, trainable on every backend (tf.gather's own gradient is not: see scatter-rows.ts).
import * as tf from '@tensorflow/tfjs-core';
import { scatterRows } from './scatter-rows.ts';

/** table[ids]: `table` [V, C], `ids` int32 of any shape S; result [...S, C]. The gradient of row i is the sum of dy where ids = i. */
export function embedding(table: tf.Tensor2D, ids: tf.Tensor): tf.Tensor {
  const op = tf.customGrad((weights, save) => {
    const index = tf.cast(ids, 'int32');
    (save as (tensors: tf.Tensor[]) => void)([index]);
    const shape = (weights as tf.Tensor).shape;
    return {
      value: tf.gather(weights as tf.Tensor2D, index),
      gradFunc: (dy, saved) => scatterRows(dy as tf.Tensor, (saved as tf.Tensor[])[0], shape),
    };
  });
  return op(table);
}
