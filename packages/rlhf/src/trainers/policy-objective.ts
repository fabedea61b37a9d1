// Policy-gradient training as an objective of core's trainer: GRPO and its relatives, RLOO, REINFORCE, PPO with a value head. A batch holds rollouts with all that was known when they were drawn.

import {
  type ModelConfig,
  type Objective,
  type ParameterView,
  padRows,
  sourceOf,
  supervisedLosses,
  type TokenBatch,
  tokenHiddenStates,
} from '@ashlar/core';
import * as tf from '@tensorflow/tfjs-core';
import { checkOptions } from '../check-options.ts';
import type { Aggregate } from '../losses/policy/aggregate.ts';
import { grpoLoss } from '../losses/policy/grpo.ts';
import { gspoLoss } from '../losses/policy/gspo.ts';
import type { KlEstimator } from '../losses/policy/kl-estimator.ts';
import { ppoPolicyLoss, ppoValueLoss } from '../losses/policy/ppo.ts';
import { reinforceLoss } from '../losses/policy/reinforce.ts';
import type { Rollout } from '../rollout/rollout.ts';

/** Name of the value head [C, 1] among the parameters, for PPO. */
export const valueHead = 'value.weight';

/** Rollouts as padded rows; matrices are [rows, length] aligned to the drawn token's own position. */
export interface RolloutBatch {
  readonly tokens: TokenBatch;
  /** 1 at drawn tokens. */
  readonly mask: Float32Array;
  readonly oldLogps: Float32Array;
  readonly referenceLogps?: Float32Array;
  /** [rows], or [rows, length] for PPO. */
  readonly advantages: Float32Array;
  /** PPO only. */
  readonly oldValues?: Float32Array;
  readonly returns?: Float32Array;
}

/** Rows of prompt and answer; drawn tokens are learned, the prompt is not. */
export function rolloutTokens(rollouts: readonly Rollout[]): {
  tokens: TokenBatch;
  mask: Float32Array;
  oldLogps: Float32Array;
} {
  const tokens = padRows(
    rollouts.map((r) => ({
      ids: [...r.promptIds, ...r.ids],
      mask: [...r.promptIds.map(() => 0), ...r.ids.map(() => 1)],
    })),
  );
  const mask = new Float32Array(tokens.rows * tokens.length);
  const oldLogps = new Float32Array(mask.length);
  rollouts.forEach((r, row) => {
    r.logps.forEach((logp, t) => {
      const at = row * tokens.length + r.promptIds.length + t;
      mask[at] = 1;
      oldLogps[at] = logp;
    });
  });
  return { tokens, mask, oldLogps };
}

/** Options of {@link policyObjective}. */
export interface PolicyObjectiveOptions {
  /** Default 'grpo'. */
  readonly loss?: 'grpo' | 'gspo' | 'reinforce' | 'ppo';
  /** Default 'token-mean' (for 'reinforce' and RLOO rather 'sequence-sum'). */
  readonly aggregate?: Aggregate;
  readonly epsilonLow?: number;
  readonly epsilonHigh?: number;
  /** Weight of the penalty to the reference; grpo only. */
  readonly beta?: number;
  /** Of the penalty; default 'k3'. */
  readonly estimator?: KlEstimator;
  /** Weight of the value loss; ppo only, default 0.1. */
  readonly valueWeight?: number;
  readonly clipRangeValue?: number;
  /** The constant of 'sum-over-max-length'. */
  readonly maxLength?: number;
  readonly view?: ParameterView;
}

const known = [
  'loss',
  'aggregate',
  'epsilonLow',
  'epsilonHigh',
  'beta',
  'estimator',
  'valueWeight',
  'clipRangeValue',
  'maxLength',
  'view',
];

/** Minimises a policy-gradient loss over rollouts; micro-batches add up to exactly the window's aggregate. */
export function policyObjective(
  config: ModelConfig,
  options: PolicyObjectiveOptions = {},
): Objective<RolloutBatch> {
  checkOptions(options, known, 'policyObjective');
  const { loss = 'grpo', view = sourceOf, beta = 0, estimator = 'k3', valueWeight = 0.1 } = options;
  const mode = options.aggregate ?? (loss === 'reinforce' ? 'sequence-sum' : 'token-mean');
  const { epsilonLow = loss === 'gspo' ? 3e-4 : 0.2 } = options;
  const epsilonHigh = options.epsilonHigh ?? (loss === 'gspo' ? 4e-4 : epsilonLow);
  // With unit denominators the aggregates are sums; the trainer divides by the window's weight.
  const counts = {
    tokens: 1,
    sequences: 1,
    ...(options.maxLength === undefined ? {} : { maxLength: options.maxLength }),
  };
  const byToken = loss !== 'gspo' && mode === 'token-mean';
  return {
    weight: (batch) =>
      mode === 'token-sum' ? 1 : byToken ? batch.mask.reduce((a, m) => a + m, 0) : batch.tokens.rows,
    tokens: (batch) => batch.tokens.rows * batch.tokens.length,
    loss(parameters, batch) {
      const { rows, length } = batch.tokens;
      const matrix = (values: Float32Array): tf.Tensor2D => tf.tensor2d(values, [rows, length]);
      const source = view(parameters);
      const hidden = tokenHiddenStates(config, source, batch.tokens);
      const logps = tf.neg(supervisedLosses(config, source, hidden, batch.tokens)) as tf.Tensor2D;
      const mask = matrix(batch.mask);
      const shared = {
        logps,
        oldLogps: matrix(batch.oldLogps),
        mask,
        advantages:
          batch.advantages.length === rows ? tf.tensor1d(batch.advantages) : matrix(batch.advantages),
        ...(batch.referenceLogps === undefined ? {} : { referenceLogps: matrix(batch.referenceLogps) }),
      };
      if (loss === 'grpo')
        return grpoLoss(shared, { epsilonLow, epsilonHigh, beta, estimator, aggregate: mode, counts });
      if (loss === 'gspo') return tf.mul(gspoLoss(shared, { epsilonLow, epsilonHigh }), rows);
      if (loss === 'reinforce') return reinforceLoss(shared, mode, counts);
      const policy = ppoPolicyLoss(shared, { clipRange: epsilonLow, aggregate: mode, counts });
      if (batch.oldValues === undefined || batch.returns === undefined)
        throw new TypeError('ppo: expected oldValues and returns in the batch, got none');
      const value = ppoValueLoss(
        {
          values: valuesOf(config, parameters, hidden, rows, length),
          oldValues: matrix(batch.oldValues),
          returns: matrix(batch.returns),
          mask,
        },
        {
          ...(options.clipRangeValue === undefined ? {} : { clipRangeValue: options.clipRangeValue }),
          counts: { tokens: 1 },
        },
      );
      return tf.add(policy, tf.mul(valueWeight, value));
    },
  };
}

/** V(state before token t) at t, [rows, length]; 0 at t = 0. */
export function valuesOf(
  config: ModelConfig,
  parameters: ReadonlyMap<string, tf.Tensor>,
  hidden: tf.Tensor,
  rows: number,
  length: number,
): tf.Tensor2D {
  const head = parameters.get(valueHead);
  if (head === undefined)
    throw new TypeError(`${valueHead}: expected a value head among the parameters, got none`);
  const flat = tf.reshape(hidden, [rows * length, config.hiddenSize]) as tf.Tensor2D;
  const values = tf.reshape(tf.matMul(flat, head as tf.Tensor2D), [rows, length]);
  return tf.concat([tf.zeros([rows, 1]), tf.slice(values, [0, 0], [-1, length - 1])], 1) as tf.Tensor2D;
}
