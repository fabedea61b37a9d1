// CISPO, MiniMax 2025 (arXiv 2506.13585): clip the importance weight, not the objective, and keep every token's gradient.
import * as tf from '@tensorflow/tfjs-core';
import { type Aggregate, aggregate, type GlobalCounts } from './aggregate.ts';
import { type PolicyBatch, perToken } from './grpo.ts';

/** aggregate of -min(rho, 1 + epsilonHigh) A log pi(token), the weight rho without gradient. */
export function cispoLoss(
  batch: PolicyBatch,
  epsilonHigh = 0.28,
  mode: Aggregate = 'token-mean',
  counts: GlobalCounts = {},
): tf.Tensor {
  return tf.tidy(() => {
    const weight = detached(tf.sub(batch.logps, batch.oldLogps), (x) =>
      tf.minimum(tf.exp(x), 1 + epsilonHigh),
    );
    const losses = tf.neg(tf.mul(tf.mul(weight, perToken(batch.advantages)), batch.logps));
    return aggregate(losses, batch.mask, mode, counts);
  });
}

/** f(x) as a constant: tfjs has no stopGradient, so the gradient is a zero of our own. */
export function detached(x: tf.Tensor, f: (x: tf.Tensor) => tf.Tensor): tf.Tensor {
  const op = tf.customGrad((input) => ({
    value: f(input as tf.Tensor),
    gradFunc: (dy) => tf.zerosLike(dy as tf.Tensor),
  }));
  return op(x);
}
