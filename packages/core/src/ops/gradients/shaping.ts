// Vector-Jacobian products of the kernels that move entries: reshape, transpose, slice, concat, gather, ...
import * as tf from '@tensorflow/tfjs-core';
import { isHostBackend } from '../host-backend.ts';
import { scatterRows } from '../scatter-rows.ts';
import type { Gradient } from './gradient.ts';

type Numbers = readonly number[];

const concat: Gradient = {
  allInputs: true,
  backward: (dy, saved, attrs) => {
    const axis = ((attrs['axis'] as number) + dy.rank) % dy.rank;
    const sizes = saved.map((t) => t.shape[axis]);
    const parts = tf.split(dy, sizes, axis); // before the thunks: each runs in a tidy of its own
    return Object.fromEntries(saved.map((_, i) => [i, () => parts[i]]));
  },
};

/** Gradients of the shaping kernels by kernel name. */
export const shapingGradients: Readonly<Record<string, Gradient>> = {
  Reshape: { inputs: ['x'], backward: (dy, [x]) => ({ x: () => tf.reshape(dy, x.shape) }) },
  ExpandDims: {
    inputs: ['input'],
    backward: (dy, [input]) => ({ input: () => tf.reshape(dy, input.shape) }),
  },
  Transpose: {
    backward: (dy, _, attrs) => ({
      x: () => {
        const perm = attrs['perm'] as Numbers;
        const undo = new Array<number>(perm.length);
        perm.forEach((from, to) => {
          undo[from] = to;
        });
        return tf.transpose(dy, undo);
      },
    }),
  },
  Concat: concat,
  Pack: {
    allInputs: true,
    backward: (dy, saved, attrs) => {
      const parts = tf.unstack(dy, attrs['axis'] as number);
      return Object.fromEntries(saved.map((_, i) => [i, () => parts[i]]));
    },
  },
  Unpack: {
    backward: (dy, _, attrs) => ({
      value: () => tf.stack(dy as unknown as tf.Tensor[], attrs['axis'] as number),
    }),
  },
  SplitV: {
    backward: (dy, _, attrs) => ({
      x: () => tf.concat(dy as unknown as tf.Tensor[], attrs['axis'] as number),
    }),
  },
  Slice: {
    inputs: ['x'],
    backward: (dy, [x], attrs) => ({
      x: () => {
        const begin = attrs['begin'] as number | Numbers;
        const from = x.shape.map((_, i) =>
          typeof begin === 'number' ? (i === 0 ? begin : 0) : (begin[i] ?? 0),
        );
        if (isHostBackend()) return placeOnHost(dy, from, x.shape);
        return tf.pad(
          dy,
          x.shape.map((size, i): [number, number] => [from[i], size - from[i] - dy.shape[i]]),
        );
      },
    }),
  },
  PadV2: {
    inputs: ['x'],
    backward: (dy, [x], attrs) => ({
      x: () =>
        tf.slice(
          dy,
          (attrs['paddings'] as [number, number][]).map((p) => p[0]),
          x.shape,
        ),
    }),
  },
  BroadcastTo: {
    inputs: ['x'],
    backward: (dy, [x]) => ({
      x: () => tf.reshape(tf.sum(dy, tf.broadcast_util.getReductionAxes(x.shape, dy.shape)), x.shape),
    }),
  },
  Tile: {
    inputs: ['x'],
    backward: (dy, [x], attrs) => ({
      x: () => {
        // [r0 s0, r1 s1, ...] -> [r0, s0, r1, s1, ...], summed over every r; tfjs handles ranks up to 6.
        const reps = attrs['reps'] as Numbers;
        const split = x.shape.flatMap((size, i) => [reps[i], size]);
        return tf.sum(
          tf.reshape(dy, split),
          x.shape.map((_, i) => 2 * i),
        );
      },
    }),
  },
  Select: {
    inputs: ['condition'],
    backward: (dy, [condition]) => ({
      // A mask, not a product: an infinite gradient in the branch that was not taken must not leak as NaN.
      condition: () => tf.zerosLike(tf.cast(condition, 'float32')),
      t: () => tf.where(condition, dy, tf.zerosLike(dy)),
      e: () => tf.where(condition, tf.zerosLike(dy), dy),
    }),
  },
  GatherV2: {
    inputs: ['x', 'indices'],
    backward: (dy, [x, indices], attrs) => ({
      x: () => {
        const axis = attrs['axis'] as number;
        if (axis !== 0 || ((attrs['batchDims'] as number | undefined) ?? 0) !== 0)
          throw new RangeError(
            `gather: expected axis 0 without batch dimensions for a gradient, got axis ${axis}`,
          );
        return scatterRows(dy, indices, x.shape);
      },
      indices: () => indices,
    }),
  },
  Cumsum: {
    backward: (dy, _, attrs) => ({
      x: () =>
        tf.cumsum(dy, attrs['axis'] as number, attrs['exclusive'] as boolean, !(attrs['reverse'] as boolean)),
    }),
  },
};

/** Zeros of `shape` with `part` at `from`, whole runs of the last axis at a time; tfjs's CPU pad goes entry by entry through index arrays. */
function placeOnHost(part: tf.Tensor, from: Numbers, shape: Numbers): tf.Tensor {
  const values = part.dataSync<'float32'>();
  const out = new Float32Array(shape.reduce((a, b) => a * b, 1));
  const width = part.shape[part.rank - 1];
  const index = new Array<number>(shape.length).fill(0);
  for (let at = 0; at < values.length; at += width) {
    let to = 0;
    for (let i = 0; i < shape.length; i++)
      to = to * shape[i] + from[i] + (i === shape.length - 1 ? 0 : index[i]);
    out.set(values.subarray(at, at + width), to);
    for (let i = shape.length - 2; i >= 0 && ++index[i] === part.shape[i]; i--) index[i] = 0;
  }
  return tf.tensor(out, [...shape]);
}
