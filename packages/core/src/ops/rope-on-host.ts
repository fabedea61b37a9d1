// Rotary positions in one loop over host memory, forward and backward: the gradient of a rotation is the rotation back. In stock ops the slices and their gradients' paddings
// took more time than all matrix products of a training step.
import * as tf from '@tensorflow/tfjs-core';

/** x [B, H, T, d] with its first 2 `half` components rotated by tables [B or 1, 1, T, half]. */
export function ropeOnHost(
  x: tf.Tensor4D,
  half: number,
  interleaved: boolean,
  cos: tf.Tensor4D,
  sin: tf.Tensor4D,
): tf.Tensor4D {
  const c = cos.dataSync<'float32'>();
  const s = sin.dataSync<'float32'>();
  const rows = cos.shape[0];
  const turn = (input: tf.Tensor, sign: 1 | -1): tf.Tensor4D =>
    tf.tensor4d(rotate(input.dataSync<'float32'>(), x.shape, half, interleaved, rows, c, s, sign), x.shape);
  const op = tf.customGrad((input) => ({
    value: turn(input as tf.Tensor, 1),
    gradFunc: (dy) => turn(dy as tf.Tensor, -1),
  }));
  return op(x) as tf.Tensor4D;
}

function rotate(
  x: Float32Array,
  [batch, heads, length, size]: readonly number[],
  half: number,
  interleaved: boolean,
  rows: number,
  cos: Float32Array,
  sin: Float32Array,
  sign: 1 | -1,
): Float32Array {
  const out = new Float32Array(x);
  const step = interleaved ? 2 : 1;
  const apart = interleaved ? 1 : half;
  for (let b = 0; b < batch; b++) {
    const table = rows === 1 ? 0 : b * length * half;
    for (let h = 0; h < heads; h++) {
      for (let t = 0; t < length; t++) {
        let at = ((b * heads + h) * length + t) * size;
        const from = table + t * half;
        for (let i = 0; i < half; i++, at += step) {
          const c = cos[from + i];
          const s = sign * sin[from + i];
          const p = x[at];
          const q = x[at + apart];
          out[at] = p * c - q * s;
          out[at + apart] = q * c + p * s;
        }
      }
    }
  }
  return out;
}
