// APO, D'Oosterlinck et al. 2024 (arXiv 2408.06266): anchored losses that say where each likelihood should go. `zero` raises the
// chosen and lowers the rejected answer (the policy is worse than the data); `down` lowers both, the rejected one more (it is better).
import { expm1 } from '@ashlar/core';
import * as tf from '@tensorflow/tfjs-core';
import type { PairLogRatios } from '../pair-log-probs.ts';
import { saturatingSigmoid } from '../saturating-sigmoid.ts';

/** 1 - sigma(beta c) + sigma(beta r) for every pair, [B]. */
export function apoZeroPairs({ chosen, rejected }: PairLogRatios, beta: number): tf.Tensor {
  return tf.add(saturatingSigmoid(tf.mul(-beta, chosen)), saturatingSigmoid(tf.mul(beta, rejected)));
}

/** sigma(beta c) + 1 - sigma(beta (c - r)) for every pair, [B]. */
export function apoDownPairs(
  { chosen, rejected }: Pick<PairLogRatios, 'chosen' | 'rejected'>,
  beta: number,
): tf.Tensor {
  const op = tf.customGrad((c, r, save) => {
    const [a, x] = [tf.mul(beta, c as tf.Tensor), tf.mul(beta, r as tf.Tensor)];
    (save as (tensors: tf.Tensor[]) => void)([a, x]);
    return {
      value: tf.add(tf.sigmoid(a), tf.sigmoid(tf.sub(x, a))),
      gradFunc: (dy, saved) => {
        const scaled = tf.mul(beta, dy as tf.Tensor);
        const [anchor, other] = saved as tf.Tensor[];
        return [tf.mul(scaled, slopeDifference(anchor, other)), tf.mul(scaled, slope(tf.sub(anchor, other)))];
      },
    };
  });
  return op(chosen, rejected);
}

/** sigma'(x) = e^-|x| / (1 + e^-|x|)^2: all its digits where sigma saturates. */
function slope(x: tf.Tensor): tf.Tensor {
  const e = tf.exp(tf.neg(tf.abs(x)));
  return tf.div(e, tf.square(tf.add(1, e)));
}

/**
 * sigma'(a) - sigma'(b) for b = a - x, whose two terms are nearly equal where x is small or a + b is. As a product it
 * keeps its digits: with sigma'(z) = 1 / (4 cosh^2(z / 2)) it is sinh(-x / 2) sinh((a + b) / 2) / (4 cosh^2(a / 2) cosh^2(b / 2)),
 * written here with exponentials of negative numbers only.
 */
function slopeDifference(a: tf.Tensor, x: tf.Tensor): tf.Tensor {
  const b = tf.sub(a, x);
  const sum = tf.add(a, b);
  const [wide, far] = [tf.abs(a), tf.abs(b)];
  const rises = (z: tf.Tensor): tf.Tensor => tf.mul(tf.sign(z), expm1(tf.neg(tf.abs(z))));
  const bell = (z: tf.Tensor): tf.Tensor => tf.square(tf.add(1, tf.exp(tf.neg(z))));
  return tf.div(
    tf.mul(tf.mul(rises(tf.neg(x)), rises(sum)), tf.exp(tf.neg(tf.minimum(wide, far)))),
    tf.mul(bell(wide), bell(far)),
  );
}
