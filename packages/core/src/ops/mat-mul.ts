// tfjs's wasm matMul is fast (XNNPACK) only when neither factor is transposed and there is no batch; with a flag it is a scalar loop 10 to 20 times slower, and
// tfjs's own gradient uses the flags. There we transpose explicitly, forward and backward. Every other backend reads a transposed factor as fast as a plain
// one, so it keeps the flags.
import * as tf from '@tensorflow/tfjs-core';

/**
 * op(a) op(b) for matrices [M, K] x [K, N], with gradients; `transposeA`, `transposeB` as in tf.matMul.
 *
 * For stacks of matrices use tf.matMul; flatten x [..., K] to [rows, K] first, which is also the fastest on every backend.
 */
export function matMul(a: tf.Tensor2D, b: tf.Tensor2D, transposeA = false, transposeB = false): tf.Tensor2D {
  if (tf.getBackend() !== 'wasm') return tf.matMul(a, b, transposeA, transposeB);
  const op = tf.customGrad((x, y, save) => {
    const left = x as tf.Tensor2D;
    const right = y as tf.Tensor2D;
    (save as unknown as (tensors: tf.Tensor[]) => void)([left, right]);
    return {
      value: tf.tidy(() => tf.matMul(upright(left, transposeA), upright(right, transposeB))),
      gradFunc: (dy, saved) => {
        const [p, q] = saved as tf.Tensor2D[];
        const grad = dy as tf.Tensor2D;
        return [
          transposeA ? matMul(q, grad, transposeB, true) : matMul(grad, q, false, !transposeB),
          transposeB ? matMul(grad, p, true, transposeA) : matMul(p, grad, !transposeA, false),
        ];
      },
    };
  });
  return op(a, b) as tf.Tensor2D;
}

const upright = (matrix: tf.Tensor2D, flag: boolean): tf.Tensor2D =>
  flag ? (tf.transpose(matrix) as tf.Tensor2D) : matrix;
