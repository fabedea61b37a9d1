// The gradient of taking rows by id: add each row of dy to the row of its id. UnsortedSegmentSum is missing on wasm and costs rows x ids on tfjs's CPU, so where
// tensors are in host memory it is one loop.
import * as tf from '@tensorflow/tfjs-core';
import { isHostBackend } from './host-backend.ts';
import { hasKernel, runOwnKernel } from './own-kernel.ts';

/** sum over i of dy[i] at row ids[i]: dy [...ids.shape, ...rest], result `shape` = [V, ...rest]. */
export function scatterRows(dy: tf.Tensor, ids: tf.Tensor, shape: readonly number[]): tf.Tensor {
  return tf.tidy(() => {
    const rows = shape[0];
    const width = shape.slice(1).reduce((a, b) => a * b, 1);
    const grad = tf.reshape(dy, [ids.size, width]);
    const index = tf.cast(tf.reshape(ids, [-1]), 'int32');
    if (hasKernel('Ashlar/ScatterRows')) {
      const sum = runOwnKernel('Ashlar/ScatterRows', { dy: grad, ids: index }, { rows })[0];
      return tf.reshape(sum, shape as number[]);
    }
    if (!isHostBackend()) {
      const hasSum = tf.getKernel('UnsortedSegmentSum', tf.getBackend()) != null;
      const sum = hasSum
        ? tf.unsortedSegmentSum(grad, index as tf.Tensor1D, rows)
        : tf.matMul(tf.oneHot(index as tf.Tensor1D, rows) as tf.Tensor2D, grad as tf.Tensor2D, true, false);
      return tf.reshape(sum, shape as number[]);
    }
    const from = grad.dataSync<'float32'>();
    const at = index.dataSync<'int32'>();
    const sum = new Float32Array(rows * width);
    for (let i = 0, source = 0; i < at.length; i++) {
      for (let c = 0, to = at[i] * width; c < width; c++) sum[to++] += from[source++];
    }
    return tf.tensor(sum, shape as number[]);
  });
}
