// The loop of reinforcement from verifiable rewards: draw groups of answers, judge them, turn rewards into advantages, step. The model that draws shares the trained tensors, so it is always the current policy.
import {
  type Model,
  type Optimizer,
  type Schedule,
  type StepReport,
  sourceOf,
  type TrainState,
  tokenNegativeLogProbs,
  trainStep,
} from '@ashlar/core';
import type { UniformSource } from '@ashlar/sampling';
import * as tf from '@tensorflow/tfjs-core';
import { groupRelativeAdvantages } from '../advantages/group-relative.ts';
import { leaveOneOutAdvantages } from '../advantages/leave-one-out.ts';
import { checkOptions } from '../check-options.ts';
import { type Rollout, rollouts } from '../rollout/rollout.ts';
import {
  type PolicyObjectiveOptions,
  policyObjective,
  type RolloutBatch,
  rolloutTokens,
} from './policy-objective.ts';

import { type PpoBatchOptions, ppoBatch } from './ppo-batch.ts';

/** What a round of training says. */
export interface PolicyReport extends StepReport {
  readonly round: number;
  /** Mean reward of the round's answers. */
  readonly reward: number;
  /** Share of groups whose rewards are all equal: they teach nothing. */
  readonly fractionEqual: number;
  readonly meanLength: number;
  /** Share of answers cut at their longest. */
  readonly cut: number;
  /** Mean k3 estimate of KL(policy || reference) a token, when there is a reference. */
  readonly kl?: number;
  /** The KL penalty's weight in this round, when `klCoefficient` sets it. */
  readonly klCoefficient?: number;
}

/** Options of {@link trainPolicy}. */
export interface TrainPolicyOptions {
  /** Draws and is kept in step with the state's parameters. */
  readonly model: Model;
  readonly optimizer: Optimizer;
  readonly schedule: Schedule;
  /** Round to end at, counted from the very beginning of the run. */
  readonly rounds: number;
  /** Round to begin with, when the state is that of an interrupted run: rounds keep their prompts and random numbers; default 0. */
  readonly firstRound?: number;
  /** Prompts of a round: their ids and a judge of each answer's ids. */
  readonly promptsAt: (round: number) => readonly {
    readonly ids: readonly number[];
    /** The reward of an answer to this prompt. */
    readonly reward: (ids: readonly number[]) => number | Promise<number>;
  }[];
  readonly groupSize: number;
  readonly maxNewTokens: number;
  readonly random: UniformSource;
  /** How rewards become advantages; default 'group-relative'. With `objective.loss` 'ppo' it is GAE over the value head. */
  readonly advantage?: 'group-relative' | 'mean-only' | 'leave-one-out';
  /** GAE and the KL penalty in the rewards, for PPO. */
  readonly ppo?: PpoBatchOptions;
  /**
   * The KL penalty's weight of every round, in place of `ppo.klCoefficient` and `objective.beta`: a number from the round before's report, which is undefined in the first round. With
   * `nextKlCoefficient` it is Ziegler's adaptive controller. A run that is resumed hands in the last report as `previous`.
   */
  readonly klCoefficient?: (previous: PolicyReport | undefined, round: number) => number;
  /** The report of the round before `firstRound`, for `klCoefficient`. */
  readonly previous?: PolicyReport;
  /** The loss; default GRPO with token mean and no penalty. */
  readonly objective?: PolicyObjectiveOptions;
  /** The frozen reference's parameters, needed when `objective.beta` > 0. */
  readonly reference?: ReadonlyMap<string, tf.Tensor>;
  /** Steps on the same rollouts; default 1. */
  readonly epochs?: number;
  readonly maxNorm?: number;
  /** Called after every round with what it measured and the state, which may be saved there. */
  readonly onRound?: (report: PolicyReport, state: TrainState) => void | Promise<void>;
  readonly signal?: AbortSignal;
}

const knownOptions = [
  'model',
  'optimizer',
  'schedule',
  'rounds',
  'firstRound',
  'promptsAt',
  'groupSize',
  'maxNewTokens',
  'random',
  'advantage',
  'ppo',
  'klCoefficient',
  'previous',
  'objective',
  'reference',
  'epochs',
  'maxNorm',
  'onRound',
  'signal',
];

/** Trains the policy up to `rounds` rounds and returns the state; consumes the one given. */
export async function trainPolicy(state: TrainState, options: TrainPolicyOptions): Promise<TrainState> {
  checkOptions(options, knownOptions, 'trainPolicy');
  const { model, groupSize, advantage = 'group-relative', epochs = 1, maxNorm = 1, firstRound = 0 } = options;
  if (!(Number.isInteger(firstRound) && firstRound >= 0))
    throw new RangeError(`firstRound: expected an integer >= 0, got ${firstRound}`);
  const fixed = policyObjective(model.config, options.objective);
  const steered = options.klCoefficient !== undefined;
  const needsReference = steered || (options.objective?.beta ?? 0) > 0;
  if (needsReference && options.reference === undefined)
    throw new TypeError(
      'reference: expected parameters when objective.beta > 0 or klCoefficient is given, got none',
    );
  if (steered && !['grpo', 'ppo', undefined].includes(options.objective?.loss))
    throw new TypeError(
      `klCoefficient: expected objective.loss grpo or ppo, which have a penalty, got ${options.objective?.loss}`,
    );
  let previous = options.previous;
  let current = state;
  syncModel(model, current.parameters);
  for (let round = firstRound; round < options.rounds && options.signal?.aborted !== true; round++) {
    const coefficient = options.klCoefficient?.(previous, round);
    if (coefficient !== undefined && !(coefficient >= 0 && Number.isFinite(coefficient)))
      throw new RangeError(`klCoefficient: expected a number >= 0 in round ${round}, got ${coefficient}`);
    const isPpo = options.objective?.loss === 'ppo';
    const objective =
      coefficient === undefined || isPpo
        ? fixed
        : policyObjective(model.config, { ...options.objective, beta: coefficient });
    const prompts = options.promptsAt(round);
    const drawn = await rollouts(
      model,
      prompts.map((p) => p.ids),
      {
        groupSize,
        maxNewTokens: options.maxNewTokens,
        random: options.random,
        round,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      },
    );
    const rewards = await Promise.all(drawn.map((r) => prompts[r.prompt].reward(r.ids)));
    const advantages =
      advantage === 'leave-one-out'
        ? leaveOneOutAdvantages(rewards, { groupSize })
        : groupRelativeAdvantages(rewards, { groupSize, normalizeByStd: advantage === 'group-relative' });
    const tokens = rolloutTokens(drawn);
    const known =
      options.reference === undefined
        ? tokens
        : { ...tokens, referenceLogps: await logpsOf(model, options.reference, tokens) };
    const batch: RolloutBatch = isPpo
      ? await ppoBatch(model.config, current.parameters, known, rewards, {
          ...options.ppo,
          ...(coefficient === undefined ? {} : { klCoefficient: coefficient }),
        })
      : { ...known, advantages: Float32Array.from(advantages) };
    let report: StepReport | undefined;
    for (let epoch = 0; epoch < epochs; epoch++) {
      const result = await trainStep(current, [batch], objective, {
        optimizer: options.optimizer,
        learningRate: options.schedule(current.optimizer.step + 1),
        maxNorm,
      });
      current = result.state;
      report = result.report;
    }
    syncModel(model, current.parameters);
    previous = {
      ...report!,
      round,
      ...summary(drawn, rewards, groupSize, batch),
      ...(coefficient === undefined ? {} : { klCoefficient: coefficient }),
    };
    await options.onRound?.(previous, current);
  }
  return current;
}

/** Puts trained tensors into a model that draws, sharing their memory. */
export function syncModel(model: Model, parameters: ReadonlyMap<string, tf.Tensor>): void {
  for (const [name, tensor] of parameters)
    if (model.parameters.has(name)) model.setParameter(name, tf.clone(tensor));
}

async function logpsOf(
  model: Model,
  parameters: ReadonlyMap<string, tf.Tensor>,
  batch: Pick<RolloutBatch, 'tokens'>,
): Promise<Float32Array> {
  const losses = tf.tidy(() => tokenNegativeLogProbs(model.config, sourceOf(parameters), batch.tokens));
  const values = Float32Array.from(await losses.data(), (x) => -x);
  losses.dispose();
  return values;
}

function summary(
  drawn: readonly Rollout[],
  rewards: readonly number[],
  groupSize: number,
  batch: RolloutBatch,
) {
  let equal = 0;
  for (let at = 0; at < rewards.length; at += groupSize)
    if (rewards.slice(at, at + groupSize).every((r) => r === rewards[at])) equal++;
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const { mask, oldLogps, referenceLogps } = batch;
  let [kl, tokens] = [0, 0];
  if (referenceLogps !== undefined)
    mask.forEach((m, i) => {
      if (m === 0) return;
      const d = referenceLogps[i] - oldLogps[i];
      kl += Math.exp(d) - 1 - d;
      tokens++;
    });
  return {
    reward: mean(rewards),
    fractionEqual: equal / (rewards.length / groupSize),
    meanLength: mean(drawn.map((r) => r.ids.length)),
    cut: mean(drawn.map((r) => (r.ended ? 0 : 1))),
    ...(referenceLogps === undefined ? {} : { kl: kl / Math.max(1, tokens) }),
  };
}
