// Schulman's estimators of KL(pi || ref) from samples of pi (joschu.net/blog/kl-approx.html): k1 unbiased and noisy, k2 biased and calm,
// k3 unbiased and never negative. Their values estimate the KL; the gradients of k1 and k3 as losses are not the KL's gradient, that of k2 is: 'k3+' (verl) has the value of k3 and the gradient of k2.
import { expm1 } from '@ashlar/core';
import * as tf from '@tensorflow/tfjs-core';

/** Which estimator. */
export type KlEstimator = 'k1' | 'k2' | 'k3' | 'k3+';

/** k1 = l - l_ref, k2 = (l - l_ref)^2 / 2, k3 = e^{l_ref - l} - (l_ref - l) - 1, 'k3+' = k3 with the gradient of k2, entry by entry; log-probabilities in nats. */
export function klEstimate(logps: tf.Tensor, referenceLogps: tf.Tensor, estimator: KlEstimator): tf.Tensor {
  return tf.tidy(() => {
    const difference = tf.sub(logps, referenceLogps);
    if (estimator === 'k1') return difference;
    if (estimator === 'k2') return tf.mul(0.5, tf.square(difference));
    if (estimator === 'k3') return k3(difference);
    if (estimator !== 'k3+')
      throw new RangeError(`estimator: expected k1, k2, k3 or k3+, got ${String(estimator)}`);
    const op = tf.customGrad((input, save) => {
      const given = input as tf.Tensor;
      (save as (tensors: tf.Tensor[]) => void)([given]);
      return {
        value: k3(given),
        gradFunc: (dy, saved) => tf.mul(dy as tf.Tensor, (saved as tf.Tensor[])[0]),
      };
    });
    return op(difference);
  });
}

/** With expm1: e^-d - 1 + d has no digit left in float32 where a policy is near its reference. */
const k3 = (difference: tf.Tensor): tf.Tensor =>
  tf.add(expm1(tf.neg(tf.clipByValue(difference, -20, 20))), difference);
