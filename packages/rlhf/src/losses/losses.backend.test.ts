import '@tensorflow/tfjs-backend-cpu';
import { registerGradients } from '@ashlar/core';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { numericGradient } from '../reference/numeric-gradient.ts';
import { dpoReference } from '../reference/preference.ts';
import { dpoLoss, dpoVariants } from './dpo.ts';
import { ktoLoss, ktoReferencePoint } from './kto.ts';
import { orpoOddsRatioLoss } from './orpo.ts';
import type { PairLogProbs } from './pair-log-probs.ts';
import { type Aggregate, aggregate } from './policy/aggregate.ts';
import { cispoLoss } from './policy/cispo.ts';
import { grpoLoss } from './policy/grpo.ts';
import { klEstimate } from './policy/kl-estimator.ts';
import { ppoPolicyLoss } from './policy/ppo.ts';
import { reinforceLoss } from './policy/reinforce.ts';
import { allPairsLoss } from './reward/all-pairs.ts';
import { bestOfLoss } from './reward/best-of.ts';
import { bradleyTerryLoss } from './reward/bradley-terry.ts';
import { davidsonLoss } from './reward/davidson.ts';
import { plackettLuceLoss } from './reward/plackett-luce.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
  registerGradients();
});

// The fixture of the anchors: three pairs with reference and lengths, values computed apart in float64.
const numbers = {
  policyChosenLogps: [-10, -12, -8],
  policyRejectedLogps: [-11, -10, -20],
  referenceChosenLogps: [-10.5, -11, -8.2],
  referenceRejectedLogps: [-10.8, -10.5, -15],
  chosenLengths: [5, 6, 4],
  rejectedLengths: [5, 4, 10],
};
const tensorsOf = (x: Record<string, number[]>): PairLogProbs =>
  Object.fromEntries(Object.entries(x).map(([k, v]) => [k, tf.tensor1d(v)])) as unknown as PairLogProbs;
const near = (got: tf.Tensor, want: readonly number[], digits = 5): void => {
  const values = got.dataSync();
  expect(values.length).toBe(want.length);
  want.forEach((w, i) => {
    expect(Math.abs(values[i] - w)).toBeLessThan(10 ** -digits * Math.max(1, Math.abs(w)));
  });
};

describe('the DPO family gives the published values', () => {
  const published: [Parameters<typeof dpoLoss>[1], number[]][] = [
    [{ variant: 'sigmoid' }, [0.65876, 0.770957, 0.466573]],
    [{ variant: 'conservative', labelSmoothing: 0.1 }, [0.66576, 0.755957, 0.518573]],
    [{ variant: 'robust', labelSmoothing: 0.1 }, [0.65001, 0.789707, 0.401573]],
    [{ variant: 'hinge' }, [0.93, 1.15, 0.48]],
    [{ variant: 'ipo' }, [18.49, 42.25, 0.04]],
    [{ variant: 'ipo', lengthNormalize: true }, [23.6196, 28.001736, 19.8025]],
    [{ variant: 'exo', labelSmoothing: 1e-3 }, [2.641024, 3.022554, 1.915743]],
    [{ variant: 'nca' }, [1.369288, 1.425825, 1.271834]],
    [{ variant: 'bco' }, [1.351657, 1.462856, 1.157274]],
    [{ variant: 'sppo' }, [43.29, 66.25, 23.04]],
    [{ variant: 'aot' }, [0.770957, 0.65876, 0.466573].sort((a, b) => b - a)],
    [{ variant: 'aot-unpaired' }, [0.513015, 0.673347, Math.LN2]],
    [{ variant: 'apo-zero' }, [0.982503, 1.037477, 0.872541]],
    [{ variant: 'apo-down' }, [0.995005, 1.012451, 0.877852]],
    [{ variant: 'discopop' }, [0.878265, 0.789495, 0.594517]],
    [{ variant: 'length-normalized' }, [0.686172, 0.707837, 0.666025]],
    [{ divergence: 'forward-kl' }, [0.662876, 0.804299, 0]],
    [{ divergence: 'jensen-shannon' }, [0.677075, 0.735986, 0.496819]],
    [{ divergence: { alpha: 0.5 } }, [0.661043, 0.783918, 0.09968]],
  ];
  for (const [options, want] of published) {
    test(JSON.stringify(options), () => {
      near(dpoLoss(tensorsOf(numbers), { ...options, reduction: 'none' }), want, 4.5);
    });
  }
});

describe('every DPO variant', () => {
  for (const variant of dpoVariants) {
    test(`${variant}: value and gradient equal the float64 twin`, () => {
      const pair = tensorsOf(numbers);
      near(dpoLoss(pair, { variant }), [dpoReference(numbers, variant)]);
      const gradient = tf.grad((x) => dpoLoss({ ...pair, policyChosenLogps: x as tf.Tensor1D }, { variant }))(
        pair.policyChosenLogps,
      );
      const at = (x: number[]): number => dpoReference({ ...numbers, policyChosenLogps: x }, variant);
      near(gradient, numericGradient(at, numbers.policyChosenLogps), 4);
    });

    test(`${variant}: finite with finite gradients at margins of 1000`, () => {
      for (const size of [1000, -1000]) {
        const pair = tensorsOf({
          ...numbers,
          policyChosenLogps: [size, 0, -size],
          policyRejectedLogps: [-size, 0, size],
        });
        const { value, grad } = tf.valueAndGrad((x) =>
          dpoLoss({ ...pair, policyChosenLogps: x as tf.Tensor1D }, { variant }),
        )(pair.policyChosenLogps);
        // DiscoPOP's exponential branch is meant to explode: e^{100}, beyond float32.
        if (variant === 'discopop') continue;
        for (const v of [...value.dataSync(), ...grad.dataSync()]) expect(Number.isFinite(v)).toBe(true);
      }
    });
  }

  test('an option that the variant does not read is refused', () => {
    expect(() => dpoLoss(tensorsOf(numbers), { variant: 'hinge', labelSmoothing: 0.1 })).toThrow(
      'unknown option labelSmoothing',
    );
    expect(() => dpoLoss(tensorsOf(numbers), { variant: 'dpo' as never })).toThrow(
      'variant: expected one of',
    );
    expect(() => dpoLoss(tensorsOf(numbers), { variant: 'robust', labelSmoothing: 0.5 })).toThrow(
      'labelSmoothing',
    );
    const { referenceChosenLogps: _, ...without } = tensorsOf(numbers);
    expect(() => dpoLoss(without as PairLogProbs)).toThrow('referenceChosenLogps: expected a tensor');
  });

  test('an identical pair costs ln 2, and swapping a pair mirrors the margin', () => {
    const same = tensorsOf({
      ...numbers,
      policyRejectedLogps: numbers.policyChosenLogps,
      referenceRejectedLogps: numbers.referenceChosenLogps,
    });
    near(dpoLoss(same), [Math.LN2]);
    const margin = (p: PairLogProbs): number[] =>
      [...dpoLoss(p, { reduction: 'none' }).dataSync()].map((l) => -Math.log(Math.expm1(l)));
    const swapped = tensorsOf({
      policyChosenLogps: numbers.policyRejectedLogps,
      policyRejectedLogps: numbers.policyChosenLogps,
      referenceChosenLogps: numbers.referenceRejectedLogps,
      referenceRejectedLogps: numbers.referenceChosenLogps,
    });
    margin(swapped).forEach((m, i) => {
      expect(m).toBeCloseTo(-margin(tensorsOf(numbers))[i], 4);
    });
  });

  test('tensors do not leak', () => {
    const pair = tensorsOf(numbers);
    const before = tf.memory().numTensors;
    for (const variant of dpoVariants) dpoLoss(pair, { variant }).dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

test('KTO gives the published values; its reference point is never negative', () => {
  const desirable = tf.tensor1d([0.5, -1, 0.2]);
  const undesirable = tf.tensor1d([-0.2, 0.5, -5]);
  const losses = ktoLoss({ desirable, undesirable }, { referencePoint: 0.2, reduction: 'none' });
  near(losses, [0.492501, 0.529964, 0.5, 0.490001, 0.507499, 0.372852]);
  expect(ktoReferencePoint([-3, 1])).toBe(0);
  expect(ktoReferencePoint([3, 1])).toBe(2);
  near(ktoLoss({ desirable, undesirable: tf.tensor1d([]) }), [(0.4875026 + 0.5249792 + 0.4950002) / 3], 4);
});

test('ORPO gives the published values and stays finite when an answer is certain', () => {
  near(orpoOddsRatioLoss(tensorsOf(numbers), { reduction: 'none' }), [0.058564, 0.045193, 0.069315], 4.5);
  const sure = tensorsOf({ ...numbers, policyChosenLogps: [0, -1e-9, -1e-6] });
  const { value, grad } = tf.valueAndGrad((x) =>
    orpoOddsRatioLoss({ ...sure, policyChosenLogps: x as tf.Tensor1D }),
  )(sure.policyChosenLogps);
  for (const v of [...value.dataSync(), ...grad.dataSync()]) expect(Number.isFinite(v)).toBe(true);
});

describe('reward losses', () => {
  const one = (x: number): tf.Tensor1D => tf.tensor1d([x]);
  test('Bradley-Terry: published values, unchanged when both rewards move', () => {
    near(bradleyTerryLoss(one(1.2), one(0.3)), [0.341153875]);
    near(bradleyTerryLoss(one(1.2), one(0.3), { margin: 0.5 }), [0.513015252]);
    near(bradleyTerryLoss(one(1.2), one(0.3), { centerRewardsCoefficient: 0.01 }), [0.363653875]);
    near(bradleyTerryLoss(one(101.2), one(100.3)), [0.341153875], 4);
  });
  test('K-way losses: published values; for two answers both are Bradley-Terry', () => {
    const ranked = tf.tensor1d([2, 1, 0.5, -1]);
    near(allPairsLoss(ranked), [0.227613432]);
    near(plackettLuceLoss(ranked), [1.251552096]);
    near(bestOfLoss(tf.tensor2d([[2, 1, 0.5, -1]]), tf.tensor1d([0], 'int32')), [0.495181898]);
    near(allPairsLoss(tf.tensor1d([1.2, 0.3])), [0.341153875]);
    near(plackettLuceLoss(tf.tensor1d([1.2, 0.3])), [0.341153875]);
  });
  test('Davidson: the three outcomes of a pair have probability 1 together', () => {
    const total = [1, 0, 0.5].reduce(
      (sum, outcome) =>
        sum + Math.exp(-davidsonLoss(one(0.7), one(-0.2), one(outcome), tf.scalar(0.3)).dataSync()[0]),
      0,
    );
    expect(total).toBeCloseTo(1, 5);
  });
});

describe('policy losses', () => {
  const row = (...x: number[]): tf.Tensor2D => tf.tensor2d([x]);
  test('PPO: the right branch and sign for every case', () => {
    const at = (logRatio: number, advantage: number): number =>
      ppoPolicyLoss({
        logps: row(logRatio),
        oldLogps: row(0),
        advantages: row(advantage),
        mask: row(1),
      }).dataSync()[0];
    expect(at(1, 1)).toBeCloseTo(-1.2, 5);
    expect(at(-1, 1)).toBeCloseTo(-0.3678794, 5);
    expect(at(0.1, 1)).toBeCloseTo(-1.1051709, 5);
    expect(at(1, -1)).toBeCloseTo(Math.E, 5);
    expect(at(-1, -1)).toBeCloseTo(0.8, 5);
  });
  test('KL estimators: published values; k3 is never negative', () => {
    const at = (k: 'k1' | 'k2' | 'k3'): number => klEstimate(row(-1), row(-1.5), k).dataSync()[0];
    expect([at('k1'), at('k2')]).toEqual([0.5, 0.125]);
    expect(at('k3')).toBeCloseTo(0.10653066, 6);
    fc.assert(
      fc.property(
        fc.float({ min: -15, max: 0, noNaN: true }),
        fc.float({ min: -15, max: 0, noNaN: true }),
        (l, r) => {
          expect(klEstimate(row(l), row(r), 'k3').dataSync()[0]).toBeGreaterThanOrEqual(
            -1e-6 * Math.exp(Math.abs(l - r)),
          );
        },
      ),
    );
  });
  test('k3+ has the value of k3 and the gradient of k2, and k3 keeps its digits near 0', () => {
    const [logps, reference] = [tf.tensor1d([-1, -2, -0.5, -3]), tf.tensor1d([-1.4, -1.9, -0.5, -3.0005])];
    const gradient = (estimator: 'k2' | 'k3+') =>
      tf
        .grad((x) => tf.sum(klEstimate(x, reference, estimator)))(logps)
        .dataSync();
    expect(klEstimate(logps, reference, 'k3+').dataSync()).toEqual(
      klEstimate(logps, reference, 'k3').dataSync(),
    );
    expect(gradient('k3+')).toEqual(gradient('k2'));
    const d = Math.fround(-3) - Math.fround(-3.0005);
    expect(klEstimate(logps, reference, 'k3').dataSync()[3]).toBeCloseTo(Math.expm1(-d) + d, 10);
  });
  test('every aggregate of a batch is the sum of its micro-batches under global counts', () => {
    const losses = tf.tensor2d(
      Float32Array.from({ length: 20 }, (_, i) => Math.sin(i)),
      [4, 5],
    );
    const mask = tf.tensor2d([1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0], [4, 5]);
    const modes: Aggregate[] = [
      'sequence-mean',
      'token-mean',
      'sum-over-max-length',
      'sequence-sum',
      'token-sum',
    ];
    for (const mode of modes) {
      const whole = aggregate(losses, mask, mode).dataSync()[0];
      const counts = { tokens: 10, sequences: 4, maxLength: 5 };
      const parts = [
        [0, 1],
        [1, 3],
      ].map(
        ([at, n]) =>
          aggregate(
            tf.slice(losses, [at, 0], [n, 5]),
            tf.slice(mask, [at, 0], [n, 5]),
            mode,
            counts,
          ).dataSync()[0],
      );
      expect(parts[0] + parts[1]).toBeCloseTo(whole, 5);
      expect(Number.isFinite(whole)).toBe(true);
    }
  });
  test('at ratio 1 the gradients of GRPO, CISPO and REINFORCE agree', () => {
    const logps = tf.tensor2d([-1, -2, -0.5, -3], [2, 2]);
    const batch = {
      oldLogps: tf.clone(logps),
      advantages: tf.tensor1d([1, -0.5]),
      mask: tf.ones([2, 2]) as tf.Tensor2D,
    };
    const gradient = (f: (x: tf.Tensor2D) => tf.Tensor): Float32Array =>
      tf
        .grad((x) => f(x as tf.Tensor2D))(logps)
        .dataSync() as Float32Array;
    const grpo = gradient((x) => grpoLoss({ ...batch, logps: x }));
    near(tf.tensor1d(gradient((x) => cispoLoss({ ...batch, logps: x }))), [...grpo]);
    near(tf.tensor1d(gradient((x) => reinforceLoss({ ...batch, logps: x }, 'token-mean'))), [...grpo]);
  });
});
