// REINFORCE, Williams 1992: the score function times an advantage. With leave-one-out advantages this is RLOO (Ahmadian et al. 2024,
// arXiv 2402.14740), where the whole answer is one action.
import * as tf from '@tensorflow/tfjs-core';
import { type Aggregate, aggregate, type GlobalCounts } from './aggregate.ts';
import { type PolicyBatch, perToken } from './grpo.ts';

/** aggregate of -A log pi(token) over masked tokens; on-policy, so `oldLogps` is not read. 'sequence-sum' is RLOO's. */
export function reinforceLoss(
  batch: Omit<PolicyBatch, 'oldLogps'>,
  mode: Aggregate = 'sequence-sum',
  counts: GlobalCounts = {},
): tf.Tensor {
  return tf.tidy(() =>
    aggregate(tf.neg(tf.mul(batch.logps, perToken(batch.advantages))), batch.mask, mode, counts),
  );
}
