// tfjs's expm1 is exp(x) - 1 on webgl and webgpu, which loses all digits of a small x.
import * as tf from '@tensorflow/tfjs-core';
import { polynomial } from './atanh-series.ts';

const coefficients = Array.from({ length: 9 }, (_, n) => 1 / factorial(n + 1));

function factorial(n: number): number {
  return n <= 1 ? 1 : n * factorial(n - 1);
}

/**
 * e^x - 1 elementwise, right to float32's last bits near 0 on every backend; gradient e^x.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import '@tensorflow/tfjs-backend-cpu';
 * import { expm1 } from '@ashlar/core';
 * expm1(tf.scalar(1e-10)).dataSync()[0].toExponential(3) // => '1.000e-10'
 * ```
 */
export function expm1(x: tf.Tensor): tf.Tensor {
  const op = tf.customGrad((input, save) => {
    const given = input as tf.Tensor;
    (save as (tensors: tf.Tensor[]) => void)([given]);
    const value = tf.tidy(() => {
      const near = tf.clipByValue(given, -0.5, 0.5);
      const series = tf.mul(near, polynomial(near, coefficients)); // x (1 + x/2 + x^2/6 + ...)
      return tf.where(tf.equal(near, given), series, tf.sub(tf.exp(given), 1));
    });
    return { value, gradFunc: (dy, saved) => tf.mul(dy as tf.Tensor, tf.exp((saved as tf.Tensor[])[0])) };
  });
  return op(x);
}
