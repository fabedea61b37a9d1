import '@tensorflow/tfjs-backend-cpu';
import {
  adamw,
  constantSchedule,
  createModel,
  disposeTrainState,
  initParameters,
  initTrainState,
  type Objective,
  padRows,
  parseModelConfig,
  type TrainState,
  train,
} from '@ashlar/core';
import { createRandom } from '@ashlar/sampling';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { generalizedAdvantages } from '../advantages/gae.ts';
import { nextKlCoefficient } from '../advantages/kl-controller.ts';
import { cpoLoss } from '../losses/cpo.ts';
import { dpoLoss } from '../losses/dpo.ts';
import { orpoLoss } from '../losses/orpo.ts';
import { simpoLoss } from '../losses/simpo.ts';
import { rollouts } from '../rollout/rollout.ts';
import { type EncodedPair, type PairBatch, pairBatch } from './pair-batch.ts';
import { policyObjective, rolloutTokens, valueHead } from './policy-objective.ts';
import { ktoOnPairs, type PairLoss, preferenceMetrics, preferenceObjective } from './preference-objective.ts';
import {
  rankingBatch,
  rankingObjective,
  rewardModelParameters,
  rewardObjective,
  scoreRows,
} from './reward-model.ts';
import { bestOfN, bestOfNKl, ensembleReward, normalizeReward, rewardStatistics } from './reward-use.ts';
import {
  cacheOf,
  fromCache,
  referenceKey,
  StaleReferenceError,
  withReference,
} from './sequence-log-probs.ts';
import { type PolicyReport, trainPolicy } from './train-policy.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const config = parseModelConfig({
  model_type: 'llama',
  vocab_size: 12,
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 2,
  max_position_embeddings: 32,
  rms_norm_eps: 1e-6,
  tie_word_embeddings: false,
  eos_token_id: 1,
});
const random = createRandom(5);
// A preference that can be learned: answers made of 7s over answers made of 4s.
const pairs: EncodedPair[] = [2, 3, 5, 6].map((p) => ({
  chosen: { ids: [p, 7, 7, 1], mask: [0, 1, 1, 1] },
  rejected: { ids: [p, 4, 4, 4, 1], mask: [0, 1, 1, 1, 1] },
}));

const run = (
  parameters: ReadonlyMap<string, tf.Tensor>,
  objective: Objective<PairBatch>,
  batch: PairBatch,
): Promise<TrainState> =>
  train(initTrainState(parameters, adamw()), {
    objective,
    optimizer: adamw(),
    schedule: constantSchedule({ peak: 1e-2 }),
    steps: 12,
    batchAt: () => batch,
  });

describe('direct preference training', () => {
  const losses: Record<string, PairLoss> = {
    dpo: (pair) => dpoLoss(pair),
    ipo: (pair) => dpoLoss(pair, { variant: 'ipo', beta: 0.5 }),
    kto: ktoOnPairs(),
    orpo: (pair, likelihood) => orpoLoss(pair, likelihood),
    cpo: (pair, negativeLogLikelihood) => cpoLoss(pair, { likelihoodWeight: 1, negativeLogLikelihood }),
    simpo: (pair) => simpoLoss(pair),
  };
  for (const [name, loss] of Object.entries(losses)) {
    test(`${name} puts the chosen answers above the rejected ones`, async () => {
      const reference = initParameters(config, random);
      const batch = pairBatch(await withReference(config, reference, pairs, 3));
      const before = await preferenceMetrics(config, reference, [batch]);
      expect(before.margin).toBeCloseTo(0, 6);
      const state = await run(initParameters(config, random), preferenceObjective(config, loss), batch);
      const after = await preferenceMetrics(config, state.parameters, [batch]);
      expect(after.accuracy).toBe(1);
      expect(after.margin).toBeGreaterThan(0.05);
      disposeTrainState(state);
    });
  }

  test('cached reference log-probabilities are used under their key and refused under another', async () => {
    const known = await withReference(config, initParameters(config, random), pairs);
    const key = referenceKey('model-a', pairs);
    const cache = JSON.parse(JSON.stringify(cacheOf(key, known)));
    expect(fromCache(cache, key, pairs)).toEqual(known);
    expect(() => fromCache(cache, referenceKey('model-b', pairs), pairs)).toThrow(StaleReferenceError);
    const changed = [{ ...pairs[0], chosen: { ...pairs[0].chosen, mask: [0, 1, 1, 0] } }, ...pairs.slice(1)];
    expect(() => fromCache(cache, referenceKey('model-a', changed), changed)).toThrow(StaleReferenceError);
  });
});

describe('reward model', () => {
  test('learns pairs, and its scores do not depend on the padding', async () => {
    const base = initParameters(config, random);
    const state = await run(
      rewardModelParameters(config, base, random),
      rewardObjective(config, { centerRewardsCoefficient: 0.01 }),
      pairBatch(pairs),
    );
    const chosen = await scoreRows(
      config,
      state.parameters,
      pairs.map((p) => p.chosen),
    );
    const rejected = await scoreRows(
      config,
      state.parameters,
      pairs.map((p) => p.rejected),
    );
    chosen.forEach((c, i) => {
      expect(c).toBeGreaterThan(rejected[i]);
    });
    const alone = await scoreRows(
      config,
      state.parameters,
      pairs.map((p) => p.chosen),
      1,
    );
    const wide = await scoreRows(config, state.parameters, [
      ...pairs.map((p) => p.chosen),
      { ids: new Array(20).fill(3) },
    ]);
    alone.forEach((score, i) => {
      expect(wide[i]).toBeCloseTo(score, 5);
    });
    expect(base.get('head.weight')!.isDisposed).toBe(false);
    disposeTrainState(state);
  });

  test('learns rankings of three, all pairs or Plackett-Luce', async () => {
    const rankings = [2, 3].map((p) => [{ ids: [p, 7, 1] }, { ids: [p, 8, 1] }, { ids: [p, 9, 1] }]);
    for (const loss of ['all-pairs', 'plackett-luce'] as const) {
      const state = await train(
        initTrainState(rewardModelParameters(config, initParameters(config, random), random), adamw()),
        {
          objective: rankingObjective(config, loss),
          optimizer: adamw(),
          schedule: constantSchedule({ peak: 1e-2 }),
          steps: 15,
          batchAt: () => rankingBatch(rankings),
        },
      );
      const scores = await scoreRows(config, state.parameters, rankings[1]);
      expect(scores[0]).toBeGreaterThan(scores[1]);
      expect(scores[1]).toBeGreaterThan(scores[2]);
      disposeTrainState(state);
    }
  });

  test('uses of scores', () => {
    const statistics = rewardStatistics([1, 2, 3]);
    expect([statistics.mean, statistics.deviation]).toEqual([2, 1]);
    expect(normalizeReward(3, statistics)).toBeCloseTo(1, 6);
    expect(bestOfN([0, 5, 5, 1])).toBe(1);
    expect(bestOfNKl(1)).toBe(0);
    expect(ensembleReward([1, 3])).toEqual({ reward: 1, mean: 2, disagreement: 1 });
  });
});

describe('policy', () => {
  const modelOf = (parameters: Map<string, tf.Tensor>) =>
    createModel({
      config,
      parameters,
      assets: { format: 'huggingface', file: async () => undefined },
      hash: 'tiny',
      cache: { cacheTokens: 1024, pageSize: 8 },
    });

  test('rollouts are a function of the source; their log-probabilities are those of the whole pass', async () => {
    const parameters = initParameters(config, random);
    using model = modelOf(parameters);
    const options = { groupSize: 3, maxNewTokens: 6, random };
    const drawn = await rollouts(model, [[2, 3], [5]], options);
    expect(await rollouts(model, [[2, 3], [5]], options)).toEqual(drawn);
    expect(new Set(drawn.map((r) => r.ids.join()))).not.toHaveLength(1);
    const { tokens, mask, oldLogps } = rolloutTokens(drawn);
    const logits = tf.tidy(() =>
      tf.logSoftmax(model.forward(tf.tensor2d(tokens.ids, [tokens.rows, tokens.length], 'int32'))),
    );
    const logps = (await logits.array()) as number[][][];
    for (let r = 0; r < tokens.rows; r++)
      for (let t = 1; t < tokens.length; t++) {
        const at = r * tokens.length + t;
        if (mask[at] === 1) expect(oldLogps[at]).toBeCloseTo(logps[r][t - 1][tokens.ids[at]], 4);
      }
  });

  test('GRPO on a rule raises the reward, and memory stays flat', async () => {
    using model = modelOf(initParameters(config, random));
    const reports: PolicyReport[] = [];
    const before: number[] = [];
    const state = await trainPolicy(initTrainState(initParameters(config, random), adamw()), {
      model,
      optimizer: adamw(),
      schedule: constantSchedule({ peak: 1e-2 }),
      rounds: 14,
      promptsAt: () =>
        [2, 3].map((p) => ({
          ids: [p],
          reward: (ids: readonly number[]) => ids.filter((id) => id === 7).length / 4,
        })),
      groupSize: 8,
      maxNewTokens: 4,
      random,
      onRound: (report) => {
        reports.push(report);
        before.push(tf.memory().numTensors);
      },
    });
    const mean = (part: PolicyReport[]): number => part.reduce((a, r) => a + r.reward, 0) / part.length;
    expect(mean(reports.slice(-3))).toBeGreaterThan(mean(reports.slice(0, 3)) + 0.3);
    expect(before[13]).toBe(before[3]);
    disposeTrainState(state);
  });

  test('six rounds are three, and three more from where they stopped, bit for bit', async () => {
    const run = async (state: TrainState, rounds: number, firstRound: number): Promise<TrainState> => {
      using model = modelOf(initParameters(config, random));
      return await trainPolicy(state, {
        model,
        ...{ optimizer: adamw(), schedule: constantSchedule({ peak: 1e-2 }), rounds, firstRound, random },
        promptsAt: (round) => [
          { ids: [2 + (round % 3)], reward: (ids) => ids.filter((id) => id === 7).length / 4 },
        ],
        ...{ groupSize: 6, maxNewTokens: 4 },
      });
    };
    const fresh = () => initTrainState(initParameters(config, random), adamw());
    const whole = await run(fresh(), 6, 0);
    const parts = await run(await run(fresh(), 3, 0), 6, 3);
    expect(parts.windows).toBe(6);
    for (const [name, tensor] of whole.parameters)
      expect(parts.parameters.get(name)!.dataSync()).toEqual(tensor.dataSync());
    disposeTrainState(whole);
    disposeTrainState(parts);
  });

  test('PPO with a critic raises the reward under a KL penalty to the reference', async () => {
    using model = modelOf(initParameters(config, random));
    const own = new Map([
      ...initParameters(config, random),
      [valueHead, tf.keep(tf.zeros([config.hiddenSize, 1]))] as const,
    ]);
    const rewards: number[] = [];
    const state = await trainPolicy(initTrainState(own, adamw()), {
      model,
      optimizer: adamw(),
      schedule: constantSchedule({ peak: 5e-3 }),
      rounds: 12,
      promptsAt: () =>
        [2, 3].map((p) => ({
          ids: [p],
          reward: (ids: readonly number[]) => ids.filter((id) => id === 7).length / 4,
        })),
      groupSize: 8,
      maxNewTokens: 4,
      random,
      objective: { loss: 'ppo' },
      ppo: { klCoefficient: 0.01 },
      reference: initParameters(config, random),
      epochs: 2,
      onRound: ({ reward, kl }) => {
        rewards.push(reward);
        expect(kl).toBeGreaterThanOrEqual(0);
      },
    });
    const mean = (part: number[]): number => part.reduce((a, r) => a + r, 0) / part.length;
    expect(mean(rewards.slice(-3))).toBeGreaterThan(mean(rewards.slice(0, 3)) + 0.2);
    disposeTrainState(state);
  });

  test.each(['grpo', 'ppo'] as const)(
    '%s: the KL coefficient of a round comes from the round before',
    async (loss) => {
      using model = modelOf(initParameters(config, random));
      const own = new Map([
        ...initParameters(config, random),
        ...(loss === 'ppo' ? [[valueHead, tf.keep(tf.zeros([config.hiddenSize, 1]))] as const] : []),
      ]);
      const reference = initParameters(config, random);
      const reports: PolicyReport[] = [];
      const options = {
        model,
        optimizer: adamw(),
        schedule: constantSchedule({ peak: 5e-3 }),
        promptsAt: () => [
          { ids: [2], reward: (ids: readonly number[]) => ids.filter((id) => id === 7).length },
        ],
        groupSize: 4,
        maxNewTokens: 4,
        random,
        objective: { loss },
        reference,
        klCoefficient: (previous: PolicyReport | undefined) =>
          previous === undefined
            ? 0.1
            : nextKlCoefficient(previous.klCoefficient!, previous.kl!, 4, { target: 0.01, horizon: 40 }),
        onRound: (report: PolicyReport) => void reports.push(report),
      };
      const half = await trainPolicy(initTrainState(own, adamw()), { ...options, rounds: 3 });
      const state = await trainPolicy(half, { ...options, rounds: 5, firstRound: 3, previous: reports[2] });
      expect(reports.length).toBe(5);
      reports.forEach(({ klCoefficient }, i) => {
        expect(klCoefficient).toBe(options.klCoefficient(reports[i - 1]));
      });
      expect(new Set(reports.map((r) => r.klCoefficient)).size).toBeGreaterThan(1);
      await expect(
        trainPolicy(state, { ...options, rounds: 6, firstRound: 5, klCoefficient: () => -1 }),
      ).rejects.toThrow('klCoefficient: expected a number >= 0 in round 5, got -1');
      await expect(
        trainPolicy(state, { ...options, rounds: 6, objective: { loss: 'gspo' } }),
      ).rejects.toThrow('klCoefficient: expected objective.loss grpo or ppo');
      disposeTrainState(state);
      tf.dispose([...reference.values()]);
    },
  );

  test('every policy loss has finite gradients on rollouts, PPO with a value head too', async () => {
    const parameters = initParameters(config, random);
    using model = modelOf(parameters);
    const drawn = await rollouts(model, [[2, 3], [5]], { groupSize: 2, maxNewTokens: 4, random });
    const base = rolloutTokens(drawn);
    const { rows, length } = base.tokens;
    const matrix = (values: Float32Array): number[][] =>
      Array.from({ length: rows }, (_, r) => [...values.subarray(r * length, (r + 1) * length)]);
    const { advantages, returns } = generalizedAdvantages(
      matrix(base.mask),
      matrix(new Float32Array(rows * length)),
      matrix(base.mask),
    );
    const flat = (m: number[][]): Float32Array => Float32Array.from(m.flat());
    for (const loss of ['grpo', 'gspo', 'reinforce', 'ppo'] as const) {
      const own = new Map([...initParameters(config, random)]);
      if (loss === 'ppo') own.set(valueHead, tf.keep(tf.ones([config.hiddenSize, 1])));
      const batch =
        loss === 'ppo'
          ? {
              ...base,
              advantages: flat(advantages),
              returns: flat(returns),
              oldValues: new Float32Array(rows * length),
            }
          : { ...base, advantages: Float32Array.of(1, -1, 0.5, -0.5) };
      const state = await train(initTrainState(own, adamw()), {
        objective: policyObjective(config, { loss }),
        optimizer: adamw(),
        schedule: constantSchedule({ peak: 1e-3 }),
        steps: 2,
        batchAt: () => batch,
      });
      expect(state.optimizer.step).toBe(2);
      disposeTrainState(state);
    }
    const empty = padRows([{ ids: [1, 2], mask: [0, 0] }]);
    expect(empty.labels.every((l) => l < 0)).toBe(true);
  });
});
