// Cross-entropy of given logits with label smoothing (Szegedy et al. 2016) and z-loss (PaLM, Chowdhery et al. 2022: coefficient x log(Z)^2). The gradient is the
// closed form, (1 + 2 z lse) softmax - (1 - eps) onehot - eps / V, so nothing but the logits and their log-sum-exp is kept.
import * as tf from '@tensorflow/tfjs-core';
import { checkedLabels } from './linear-cross-entropy.ts';

/** Options of {@link crossEntropy}. */
export interface CrossEntropyOptions {
  /** Weight of the uniform distribution over all V classes, 0 <= eps < 1; default 0. */
  readonly labelSmoothing?: number;
  /** Coefficient of log(sum e^z)^2; default 0. */
  readonly zLossCoefficient?: number;
  /** Rows with this label (or any negative one) do not count; default -100. */
  readonly ignoreIndex?: number;
  /** 'mean' (default) over the rows that count, 'sum', or 'none': [N] with 0 at ignored rows. */
  readonly reduction?: 'mean' | 'sum' | 'none';
}

const known = ['labelSmoothing', 'zLossCoefficient', 'ignoreIndex', 'reduction'];

/**
 * mean over counted rows of (1 - eps)(lse - z_label) + eps (lse - mean z) + zLossCoefficient lse^2, in nats.
 *
 * `logits` [N, V] get gradients; `labels` int32 [N] or an array. No counted row gives 0, not NaN.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import '@tensorflow/tfjs-backend-cpu';
 * import { crossEntropy } from '@ashlar/core';
 * crossEntropy(tf.zeros([2, 4]), [3, -100]).dataSync()[0].toFixed(4) // => '1.3863'
 * ```
 */
export function crossEntropy(
  logits: tf.Tensor2D,
  labels: ArrayLike<number> | tf.Tensor1D,
  options: CrossEntropyOptions = {},
): tf.Tensor {
  for (const name of Object.keys(options))
    if (!known.includes(name))
      throw new TypeError(`crossEntropy: unknown option ${name}, expected one of ${known.join(', ')}`);
  const { labelSmoothing = 0, zLossCoefficient = 0, ignoreIndex = -100, reduction = 'mean' } = options;
  if (!(labelSmoothing >= 0 && labelSmoothing < 1))
    throw new RangeError(`labelSmoothing: expected 0 <= eps < 1, got ${labelSmoothing}`);
  const [rows, vocabulary] = logits.shape;
  const given = Int32Array.from(labels instanceof tf.Tensor ? labels.dataSync() : labels, (id) =>
    id === ignoreIndex ? -1 : id,
  );
  const targets = checkedLabels(given, rows, vocabulary);
  const counted = targets.reduce((n, id) => n + (id >= 0 ? 1 : 0), 0);

  return tf.tidy(() => {
    const weights = tf.tensor2d(
      Float32Array.from(targets, (id) => (id >= 0 ? 1 : 0)),
      [rows, 1],
    );
    const oneHot = tf.mul(
      tf.oneHot(
        tf.tensor1d(
          Int32Array.from(targets, (id) => Math.max(id, 0)),
          'int32',
        ),
        vocabulary,
      ),
      weights,
    );
    const op = tf.customGrad((input, save) => {
      const z = input as tf.Tensor2D;
      const lse = tf.logSumExp(z, 1, true); // [N, 1]
      (save as (tensors: tf.Tensor[]) => void)([z, lse, oneHot, weights]);
      const picked = tf.sum(tf.mul(z, oneHot), 1, true);
      const smooth = labelSmoothing === 0 ? 0 : tf.mul(labelSmoothing, tf.mean(z, 1, true));
      const likelihood = tf.sub(tf.sub(lse, tf.mul(1 - labelSmoothing, picked)), smooth);
      const loss = tf.mul(weights, tf.add(likelihood, tf.mul(zLossCoefficient, tf.square(lse))));
      const gradFunc = (dy: tf.Tensor | tf.Tensor[], saved: tf.Tensor[]): tf.Tensor => {
        const [logit, total, hot, counts] = saved as tf.Tensor2D[];
        const p = tf.mul(tf.exp(tf.sub(logit, total)), tf.add(1, tf.mul(2 * zLossCoefficient, total)));
        const target = tf.add(tf.mul(1 - labelSmoothing, hot), tf.mul(labelSmoothing / vocabulary, counts));
        const slope = tf.sub(tf.mul(p, counts), target);
        return tf.mul(slope, tf.reshape(dy as tf.Tensor, [rows, 1]));
      };
      return { value: tf.reshape(loss, [rows]), gradFunc };
    });
    const losses = op(logits);
    if (reduction === 'none') return losses;
    return reduction === 'sum' ? tf.sum(losses) : tf.div(tf.sum(losses), Math.max(1, counted));
  });
}

/** log softmax(logits)[label] a row: [N, V] and int32 [N] (none may be negative) to [N], with gradient. */
export function tokenLogProbs(logits: tf.Tensor2D, labels: ArrayLike<number> | tf.Tensor1D): tf.Tensor1D {
  return tf.tidy(() => tf.neg(crossEntropy(logits, labels, { reduction: 'none' })) as tf.Tensor1D);
}

/** Entropy of softmax(logits) a row, [N, V] to [N], nats: lse - sum softmax(z) z, with gradient. */
export function tokenEntropy(logits: tf.Tensor2D): tf.Tensor1D {
  return tf.tidy(() => {
    const logp = tf.logSoftmax(logits);
    return tf.neg(tf.sum(tf.mul(tf.exp(logp), logp), 1)) as tf.Tensor1D;
  });
}
