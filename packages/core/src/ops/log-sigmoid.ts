// log sigma(x) = min(x, 0) - log1p(e^-|x|). tfjs's own keeps its input only in a closure, so its gradient fails inside a tf.tidy; this one saves it.
import * as tf from '@tensorflow/tfjs-core';
import { twiceAtanh } from './atanh-series.ts';

/** log sigma(x) elementwise, finite for every finite x, gradient sigma(-x). */
export function logSigmoid(x: tf.Tensor): tf.Tensor {
  const op = tf.customGrad((input, save) => {
    const given = input as tf.Tensor;
    (save as (tensors: tf.Tensor[]) => void)([given]);
    const value = tf.tidy(() => {
      const t = tf.exp(tf.neg(tf.abs(given))); // at most 1, so t / (2 + t) at most 1/3
      return tf.sub(tf.minimum(given, 0), twiceAtanh(tf.div(t, tf.add(2, t))));
    });
    return {
      value,
      gradFunc: (dy, saved) => tf.mul(dy as tf.Tensor, tf.sigmoid(tf.neg((saved as tf.Tensor[])[0]))),
    };
  });
  return op(x);
}
