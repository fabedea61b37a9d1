// log1p without log1p: log(1 + t) = 2 atanh(t / (2 + t)). tfjs's log1p is log(1 + t) on wasm, webgl and webgpu, which loses all digits of a small t.
import * as tf from '@tensorflow/tfjs-core';

/** 2 atanh(z) = 2 (z + z^3/3 + z^5/5 + ...) for |z| <= 1/3, to float32's last bits. */
export function twiceAtanh(z: tf.Tensor): tf.Tensor {
  const odd = polynomial(tf.square(z), [1, 1 / 3, 1 / 5, 1 / 7, 1 / 9, 1 / 11, 1 / 13]);
  return tf.mul(tf.mul(z, odd), 2);
}

/** c0 + c1 x + c2 x^2 + ..., by Horner. */
export function polynomial(x: tf.Tensor, coefficients: readonly number[]): tf.Tensor {
  let sum: tf.Tensor = tf.fill(x.shape, coefficients[coefficients.length - 1]);
  for (let i = coefficients.length - 2; i >= 0; i--) sum = tf.add(tf.mul(sum, x), coefficients[i]);
  return sum;
}
