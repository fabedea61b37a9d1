// A reward model is a decoder whose head is one number, read at the last token that is not padding (Stiennon et al. 2020). The last token is found by the row's length, never by a pad id, which may
// also stand inside (trl PR 5303), so scores do not depend on how a batch is padded.

import {
  type ModelConfig,
  type Objective,
  padRows,
  sourceOf,
  type TokenRow,
  tokenHiddenStates,
  type UniformSource,
} from '@ashlar/core';
import * as tf from '@tensorflow/tfjs-core';
import { checkOptions } from '../check-options.ts';
import { allPairsLoss } from '../losses/reward/all-pairs.ts';
import {
  type BradleyTerryOptions,
  bradleyTerryLoss,
  bradleyTerryOptions,
} from '../losses/reward/bradley-terry.ts';
import { plackettLuceLoss } from '../losses/reward/plackett-luce.ts';
import type { PairBatch } from './pair-batch.ts';

/** Name of the reward head [C, 1] among the parameters. */
export const rewardHead = 'reward.weight';

/** A decoder's parameters without its language head and with a fresh reward head, N(0, 1/sqrt(C + 1)). Clones: the two may be trained and disposed apart. */
export function rewardModelParameters(
  config: ModelConfig,
  parameters: ReadonlyMap<string, tf.Tensor>,
  random: UniformSource,
): Map<string, tf.Tensor> {
  const own = new Map<string, tf.Tensor>();
  for (const [name, tensor] of parameters)
    if (!/^head(Projection)?\./.test(name)) own.set(name, tf.keep(tf.clone(tensor)));
  const width = config.hiddenSize;
  const values = Float32Array.from({ length: width }, (_, i) => {
    const radius = Math.sqrt((-2 * Math.log(random.uniform('reward-head', 0, 0, 2 * i))) / (width + 1));
    return radius * Math.cos(2 * Math.PI * random.uniform('reward-head', 0, 0, 2 * i + 1));
  });
  own.set(rewardHead, tf.keep(tf.tensor2d(values, [width, 1])));
  return own;
}

/** Scores [rows] of padded rows of true lengths `lengths`; differentiable. Call it inside a tidy or a gradient function. */
export function rewardScores(
  config: ModelConfig,
  parameters: ReadonlyMap<string, tf.Tensor>,
  tokens: PairBatch['tokens'],
  lengths: ArrayLike<number>,
): tf.Tensor1D {
  const hidden = tokenHiddenStates(config, sourceOf(parameters), tokens);
  const flat = tf.reshape(hidden, [tokens.rows * tokens.length, config.hiddenSize]);
  const last = Int32Array.from(
    lengths,
    (length, r) => r * tokens.length + Math.min(length, tokens.length) - 1,
  );
  const ends = tf.gather(flat, tf.tensor1d(last, 'int32')) as tf.Tensor2D;
  return tf.reshape(tf.matMul(ends, parameters.get(rewardHead) as tf.Tensor2D), [-1]) as tf.Tensor1D;
}

/** Scores of rows as numbers, `batchSize` at a time. */
export async function scoreRows(
  config: ModelConfig,
  parameters: ReadonlyMap<string, tf.Tensor>,
  rows: readonly TokenRow[],
  batchSize = 16,
): Promise<number[]> {
  const scores: number[] = [];
  for (let at = 0; at < rows.length; at += batchSize) {
    const part = rows.slice(at, at + batchSize);
    const batch = padRows(part);
    const values = tf.tidy(() =>
      rewardScores(
        config,
        parameters,
        batch,
        part.map((r) => r.ids.length),
      ),
    );
    scores.push(...(await values.data()));
    values.dispose();
  }
  return scores;
}

/** Trains a reward model on pairs: Bradley-Terry, with margin and centring as asked. */
export function rewardObjective(
  config: ModelConfig,
  options: BradleyTerryOptions = {},
): Objective<PairBatch> {
  checkOptions(options, bradleyTerryOptions, 'rewardObjective');
  return {
    weight: (batch) => batch.pairs,
    tokens: (batch) => batch.tokens.rows * batch.tokens.length,
    loss(parameters, { tokens, lengths, pairs }) {
      const scores = rewardScores(config, parameters, tokens, lengths);
      const half = (k: number): tf.Tensor1D => tf.slice(scores, [k * pairs], [pairs]) as tf.Tensor1D;
      return tf.mul(bradleyTerryLoss(half(0), half(1), options), pairs);
    },
  };
}

/** Rankings of one size K: answers best first, [prompts x K] rows. */
export interface RankingBatch {
  readonly tokens: PairBatch['tokens'];
  readonly lengths: Int32Array;
  readonly answers: number;
}

/** Rankings of equal size as a batch, every ranking best first. */
export function rankingBatch(rankings: readonly (readonly TokenRow[])[]): RankingBatch {
  const answers = rankings[0]?.length ?? 0;
  rankings.forEach((r, i) => {
    if (r.length !== answers)
      throw new RangeError(`rankings[${i}]: expected ${answers} answers, got ${r.length}`);
  });
  const rows = rankings.flat();
  return { tokens: padRows(rows), lengths: Int32Array.from(rows, (r) => r.ids.length), answers };
}

/** Trains a reward model on K-way rankings without ties: all pairs of a prompt as one element (InstructGPT) or Plackett-Luce. */
export function rankingObjective(
  config: ModelConfig,
  loss: 'all-pairs' | 'plackett-luce' = 'all-pairs',
): Objective<RankingBatch> {
  const lossOf = loss === 'all-pairs' ? allPairsLoss : plackettLuceLoss;
  return {
    weight: (batch) => batch.tokens.rows / batch.answers,
    tokens: (batch) => batch.tokens.rows * batch.tokens.length,
    loss(parameters, { tokens, lengths, answers }) {
      const scores = rewardScores(config, parameters, tokens, lengths);
      const prompts = tokens.rows / answers;
      return tf.mul(lossOf(tf.reshape(scores, [prompts, answers])), prompts);
    },
  };
}
