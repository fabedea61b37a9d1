// The shape of a gradient here, and the broadcasting step they share.
import * as tf from '@tensorflow/tfjs-core';

/** Gradient of one tfjs kernel: which inputs and outputs it keeps, and the vector-Jacobian product of every input. */
export interface Gradient {
  readonly inputs?: readonly string[];
  /** True when the first output is kept; it comes after the kept inputs. */
  readonly output?: boolean;
  /** For kernels with a list of inputs (Concat, Pack, AddN). */
  readonly allInputs?: boolean;
  readonly backward: (
    dy: tf.Tensor,
    saved: tf.Tensor[],
    attrs: Readonly<Record<string, unknown>>,
  ) => Readonly<Record<string, () => tf.Tensor>>;
}

/** Sums `grad` over the axes along which `like` was broadcast, so that it has the shape of `like`. */
export function unbroadcast(grad: tf.Tensor, like: tf.Tensor): tf.Tensor {
  const axes = tf.broadcast_util.getReductionAxes(like.shape, grad.shape);
  return tf.reshape(axes.length > 0 ? tf.sum(grad, axes) : grad, like.shape);
}
