// Vector-Jacobian products of reductions, softmax and the matrix product.
import * as tf from '@tensorflow/tfjs-core';
import { matMul } from '../mat-mul.ts';
import { type Gradient, unbroadcast } from './gradient.ts';

const axesOf = (attrs: Readonly<Record<string, unknown>>, name: string, rank: number): number[] => {
  const given = attrs[name] as number | readonly number[] | undefined;
  if (given === undefined || given === null) return Array.from({ length: rank }, (_, i) => i);
  const list = typeof given === 'number' ? [given] : [...given];
  return (list.length === 0 ? Array.from({ length: rank }, (_, i) => i) : list).map((a) => (a + rank) % rank);
};

const keepingDims = (dy: tf.Tensor, x: tf.Tensor, axes: readonly number[]): tf.Tensor =>
  tf.reshape(
    dy,
    x.shape.map((size, i) => (axes.includes(i) ? 1 : size)),
  );

/** `grad` broadcast to the shape of `x`: a product with ones, because tfjs's CPU tile goes entry by entry through index arrays. */
const spread = (grad: tf.Tensor, x: tf.Tensor): tf.Tensor => tf.mul(grad, tf.ones(x.shape));

/** An extreme value's gradient goes to every entry that equals it, as in tfjs. */
const extreme = (name: string): Gradient => ({
  inputs: ['x'],
  output: true,
  backward: (dy, [x, y], attrs) => ({
    x: () => {
      const axes = axesOf(attrs, name, x.rank);
      const hit = tf.cast(tf.equal(x, keepingDims(y, x, axes)), 'float32');
      return tf.mul(hit, keepingDims(dy, x, axes));
    },
  }),
});

/** Gradients of reductions and products by kernel name. */
export const reducingGradients: Readonly<Record<string, Gradient>> = {
  Sum: {
    inputs: ['x'],
    backward: (dy, [x], attrs) => ({
      x: () => spread(keepingDims(dy, x, axesOf(attrs, 'axis', x.rank)), x),
    }),
  },
  Mean: {
    inputs: ['x'],
    backward: (dy, [x], attrs) => ({
      x: () => {
        const axes = axesOf(attrs, 'axis', x.rank);
        const count = axes.reduce((n, a) => n * x.shape[a], 1);
        return spread(keepingDims(tf.div(dy, count), x, axes), x);
      },
    }),
  },
  Max: extreme('reductionIndices'),
  Min: extreme('axis'),
  Softmax: {
    output: true,
    backward: (dy, [y]) => ({
      logits: () => {
        const weighted = tf.mul(dy, y);
        return tf.sub(weighted, tf.mul(tf.sum(weighted, -1, true), y));
      },
    }),
  },
  LogSoftmax: {
    output: true,
    backward: (dy, [y]) => ({
      logits: () => tf.sub(dy, tf.mul(tf.sum(dy, -1, true), tf.exp(y))),
    }),
  },
  AddN: {
    allInputs: true,
    backward: (dy, saved) => Object.fromEntries(saved.map((_, i) => [i, () => tf.clone(dy)])),
  },
  BatchMatMul: {
    inputs: ['a', 'b'],
    backward: (dy, [a, b], attrs) => {
      const ta = attrs['transposeA'] as boolean;
      const tb = attrs['transposeB'] as boolean;
      return {
        a: () => unbroadcast(ta ? product(b, dy, tb, true) : product(dy, b, false, !tb), a),
        b: () => unbroadcast(tb ? product(dy, a, true, ta) : product(a, dy, !ta, false), b),
      };
    },
  },
};

/** A product of matrices or stacks of them; single matrices take the path that suits the backend. */
function product(x: tf.Tensor, y: tf.Tensor, tx: boolean, ty: boolean): tf.Tensor {
  const batch =
    x.shape.slice(0, -2).reduce((n, s) => n * s, 1) * y.shape.slice(0, -2).reduce((n, s) => n * s, 1);
  if (x.rank === 2 && y.rank === 2) return matMul(x as tf.Tensor2D, y as tf.Tensor2D, tx, ty);
  if (batch !== 1) return tf.matMul(x, y, tx, ty);
  const single = (t: tf.Tensor): tf.Tensor2D => tf.reshape(t, t.shape.slice(-2) as [number, number]);
  const result = matMul(single(x), single(y), tx, ty);
  return tf.reshape(result, [...new Array<number>(Math.max(x.rank, y.rank) - 2).fill(1), ...result.shape]);
}
