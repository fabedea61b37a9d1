// A sigmoid whose gradient keeps its digits where it saturates: y (1 - y), tfjs's own, is 0 or all rounding there in float32.
import * as tf from '@tensorflow/tfjs-core';

/** sigma(x) elementwise, with the gradient sigma(x) sigma(-x). */
export function saturatingSigmoid(x: tf.Tensor): tf.Tensor {
  const op = tf.customGrad((input, save) => {
    const given = input as tf.Tensor;
    (save as (tensors: tf.Tensor[]) => void)([given]);
    return {
      value: tf.sigmoid(given),
      gradFunc: (dy, saved) => {
        const [kept] = saved as tf.Tensor[];
        return tf.mul(dy as tf.Tensor, tf.mul(tf.sigmoid(kept), tf.sigmoid(tf.neg(kept))));
      },
    };
  });
  return op(x);
}
