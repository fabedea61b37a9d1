// log(1 - e^x) for x < 0, right to float32's last bits on every backend. tfjs's log1p is naive on wasm, webgl and webgpu and its expm1 on the last two,
// so neither is used: near 0 a series of log((1 - e^x) / -x), elsewhere log1p(-t) = -2 atanh(t / (2 - t)) by its odd series (t <= 1/2).
import * as tf from '@tensorflow/tfjs-core';
import { polynomial, twiceAtanh } from './atanh-series.ts';

/** x above this counts as this: log(1 - e^0) is -infinity. */
const nearestZero = -1e-7;

/**
 * log(1 - e^x) for x < 0, with gradient -e^x / (1 - e^x); any shape; x >= -1e-7 is taken as -1e-7.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import '@tensorflow/tfjs-backend-cpu';
 * import { log1mexp } from '@ashlar/core';
 * log1mexp(tf.scalar(-Math.log(2))).dataSync()[0].toFixed(6) // => '-0.693147'
 * ```
 */
export function log1mexp(x: tf.Tensor): tf.Tensor {
  const op = tf.customGrad((input, save) => {
    const bounded = tf.minimum(input as tf.Tensor, nearestZero);
    (save as (tensors: tf.Tensor[]) => void)([bounded]);
    return {
      value: logOneMinusExp(bounded),
      gradFunc: (dy, saved) => tf.mul(dy as tf.Tensor, slopeOf((saved as tf.Tensor[])[0])),
    };
  });
  return op(x);
}

function logOneMinusExp(x: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const isNear = tf.greater(x, -Math.LN2);
    // x/2 + x^2/24 - x^4/2880 + x^6/181440: the next term is below 6e-9 on [-ln 2, 0]
    const near = tf.maximum(x, -1);
    const square = tf.square(near);
    const even = polynomial(square, [0, 1 / 24, -1 / 2880, 1 / 181440]);
    const series = tf.add(tf.log(tf.neg(near)), tf.add(tf.mul(near, 0.5), even));
    const t = tf.exp(tf.minimum(x, -Math.LN2));
    const z = tf.div(t, tf.sub(2, t)); // at most 1/3
    return tf.where(isNear, series, tf.neg(twiceAtanh(z)));
  });
}

function slopeOf(x: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const isNear = tf.greater(x, -Math.LN2);
    // -1 / expm1(y), y = -x: 1/y - 1/2 + y/12 - y^3/720 + y^5/30240
    const y = tf.neg(tf.maximum(x, -1));
    const odd = tf.mul(y, polynomial(tf.square(y), [1 / 12, -1 / 720, 1 / 30240, -1 / 1209600]));
    const near = tf.neg(tf.add(tf.sub(tf.reciprocal(y), 0.5), odd));
    const t = tf.exp(tf.minimum(x, -Math.LN2));
    return tf.where(isNear, near, tf.neg(tf.div(t, tf.sub(1, t))));
  });
}
