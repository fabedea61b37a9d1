// tfjs's log1p is log(1 + x) on wasm, webgl and webgpu, which gives 0 for 1e-10.
import * as tf from '@tensorflow/tfjs-core';
import { twiceAtanh } from './atanh-series.ts';

/**
 * log(1 + x) elementwise for x > -1, right to float32's last bits near 0 on every backend; gradient 1 / (1 + x).
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import '@tensorflow/tfjs-backend-cpu';
 * import { log1p } from '@ashlar/core';
 * log1p(tf.scalar(1e-10)).dataSync()[0].toExponential(3) // => '1.000e-10'
 * ```
 */
export function log1p(x: tf.Tensor): tf.Tensor {
  const op = tf.customGrad((input, save) => {
    const given = input as tf.Tensor;
    (save as (tensors: tf.Tensor[]) => void)([given]);
    const value = tf.tidy(() => {
      const near = tf.clipByValue(given, -0.5, 1); // x / (2 + x) is then at most 1/3
      const small = tf.equal(near, given);
      return tf.where(small, twiceAtanh(tf.div(near, tf.add(near, 2))), tf.log(tf.add(given, 1)));
    });
    return {
      value,
      gradFunc: (dy, saved) => tf.div(dy as tf.Tensor, tf.add((saved as tf.Tensor[])[0], 1)),
    };
  });
  return op(x);
}
