// Vector-Jacobian products of the elementwise kernels. Where the output is cheaper to use than the input, the output is kept.
import * as tf from '@tensorflow/tfjs-core';
import { type Gradient, unbroadcast } from './gradient.ts';

const ofInput = (f: (dy: tf.Tensor, x: tf.Tensor) => tf.Tensor): Gradient => ({
  inputs: ['x'],
  backward: (dy, [x]) => ({ x: () => f(dy, x) }),
});
const ofOutput = (f: (dy: tf.Tensor, y: tf.Tensor) => tf.Tensor): Gradient => ({
  output: true,
  backward: (dy, [y]) => ({ x: () => f(dy, y) }),
});
const ofBoth = (
  fa: (dy: tf.Tensor, a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
  fb: (dy: tf.Tensor, a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
): Gradient => ({
  inputs: ['a', 'b'],
  backward: (dy, [a, b]) => ({
    a: () => unbroadcast(fa(dy, a, b), a),
    b: () => unbroadcast(fb(dy, a, b), b),
  }),
});
const flat: Gradient = { backward: (dy) => ({ x: () => tf.zerosLike(dy) }) };
const float = (mask: tf.Tensor): tf.Tensor => tf.cast(mask, 'float32');

/** Gradients of the elementwise kernels by kernel name. */
export const elementwiseGradients: Readonly<Record<string, Gradient>> = {
  Add: ofBoth(
    (dy) => dy,
    (dy) => dy,
  ),
  Sub: ofBoth(
    (dy) => dy,
    (dy) => tf.neg(dy),
  ),
  Multiply: ofBoth(
    (dy, _, b) => tf.mul(dy, b),
    (dy, a) => tf.mul(dy, a),
  ),
  RealDiv: ofBoth(
    (dy, _, b) => tf.div(dy, b),
    (dy, a, b) => tf.neg(tf.div(tf.mul(dy, a), tf.square(b))),
  ),
  SquaredDifference: ofBoth(
    (dy, a, b) => tf.mul(dy, tf.mul(2, tf.sub(a, b))),
    (dy, a, b) => tf.mul(dy, tf.mul(2, tf.sub(b, a))),
  ),
  // Equal entries: the first argument takes the whole gradient, as in tfjs.
  Maximum: ofBoth(
    (dy, a, b) => tf.mul(dy, float(tf.greaterEqual(a, b))),
    (dy, a, b) => tf.mul(dy, float(tf.less(a, b))),
  ),
  Minimum: ofBoth(
    (dy, a, b) => tf.mul(dy, float(tf.lessEqual(a, b))),
    (dy, a, b) => tf.mul(dy, float(tf.greater(a, b))),
  ),
  Pow: {
    inputs: ['a', 'b'],
    output: true,
    backward: (dy, [a, b, y]) => ({
      a: () => unbroadcast(tf.mul(dy, tf.mul(b, tf.pow(a, tf.sub(b, 1)))), a),
      // a <= 0 has no real logarithm; its exponent gets no gradient.
      b: () => {
        const positive = tf.greater(a, 0);
        const log = tf.where(positive, tf.log(tf.where(positive, a, tf.onesLike(a))), tf.zerosLike(a));
        return unbroadcast(tf.mul(dy, tf.mul(y, log)), b);
      },
    }),
  },
  Neg: { backward: (dy) => ({ x: () => tf.neg(dy) }) },
  Identity: { backward: (dy) => ({ x: () => tf.cast(dy, 'float32') }) },
  Cast: { backward: (dy) => ({ x: () => tf.clone(dy) }) },
  Exp: ofOutput((dy, y) => tf.mul(dy, y)),
  Expm1: ofInput((dy, x) => tf.mul(dy, tf.exp(x))),
  Log: ofInput((dy, x) => tf.div(dy, x)),
  Log1p: ofInput((dy, x) => tf.div(dy, tf.add(1, x))),
  Sqrt: ofOutput((dy, y) => tf.div(tf.mul(0.5, dy), y)),
  Rsqrt: ofOutput((dy, y) => tf.mul(tf.mul(-0.5, dy), tf.mul(y, tf.square(y)))),
  Reciprocal: ofOutput((dy, y) => tf.neg(tf.mul(dy, tf.square(y)))),
  Square: ofInput((dy, x) => tf.mul(dy, tf.mul(2, x))),
  Abs: ofInput((dy, x) => tf.mul(dy, tf.sign(x))),
  Sigmoid: ofOutput((dy, y) => tf.mul(dy, tf.mul(y, tf.sub(1, y)))),
  Tanh: ofOutput((dy, y) => tf.mul(dy, tf.sub(1, tf.square(y)))),
  Relu: ofInput((dy, x) => tf.mul(dy, tf.step(x))),
  LeakyRelu: {
    inputs: ['x'],
    backward: (dy, [x], attrs) => ({
      x: () => tf.where(tf.greater(x, 0), dy, tf.mul(dy, attrs['alpha'] as number)),
    }),
  },
  Elu: ofOutput((dy, y) => tf.mul(dy, tf.add(1, tf.minimum(y, 0)))),
  Softplus: ofInput((dy, x) => tf.mul(dy, tf.sigmoid(x))),
  Erf: ofInput((dy, x) => tf.mul(dy, tf.mul(2 / Math.sqrt(Math.PI), tf.exp(tf.neg(tf.square(x)))))),
  Sin: ofInput((dy, x) => tf.mul(dy, tf.cos(x))),
  Cos: ofInput((dy, x) => tf.neg(tf.mul(dy, tf.sin(x)))),
  ClipByValue: {
    inputs: ['x'],
    backward: (dy, [x], attrs) => ({
      x: () => {
        const { clipValueMin: low, clipValueMax: high } = attrs as Record<string, number>;
        const inside = tf.logicalAnd(tf.greaterEqual(x, low), tf.lessEqual(x, high));
        return tf.where(inside, dy, tf.zerosLike(dy));
      },
    }),
  },
  Sign: flat,
  Step: flat,
  Floor: flat,
  Ceil: flat,
  Round: flat,
  ZerosLike: flat,
  OnesLike: flat,
};
