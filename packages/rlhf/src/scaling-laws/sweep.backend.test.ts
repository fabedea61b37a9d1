import '@tensorflow/tfjs-backend-cpu';
import { tokensInMemory } from '@ashlar/core';
import { createRandom } from '@ashlar/sampling';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { bootstrapIsoFlops } from './bootstrap-iso-flop.ts';
import { fitIsoFlops } from './iso-flop.ts';
import { fitScalingLaw, lawLoss, type ScalingLaw } from './parametric-fit.ts';
import { trainingFlopsPerToken } from './plan.ts';
import { scalingPlots } from './scaling-plot.ts';
import { planSweep, runSweep, type SweepResult } from './sweep.ts';
import { sweepTrainer } from './train-sweep-run.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const law: ScalingLaw = { E: 1.69, A: 406.4, B: 410.7, alpha: 0.34, beta: 0.28 };
const shape = (hiddenSize: number) => ({
  numLayers: 2,
  hiddenSize,
  numHeads: 2,
  intermediateSize: 2 * hiddenSize,
  vocabSize: 12,
});
const wide = { shapes: [64, 128, 256, 512, 1024].map(shape), budgets: [1e15, 1e14], contextLength: 64 };

describe('a planned sweep', () => {
  test('spends each budget, on every shape, least compute first', () => {
    const runs = planSweep({ ...wide, tokensPerParameter: [0, Number.POSITIVE_INFINITY] });
    expect(runs).toHaveLength(10);
    for (const run of runs)
      expect(run.tokens * trainingFlopsPerToken(run.shape, 64)).toBeCloseTo(run.compute, -3);
    expect(runs.map((run) => run.compute)).toEqual([...runs.map((run) => run.compute)].sort((p, q) => p - q));
    expect(() => planSweep({ ...wide, budgets: [0] })).toThrow('budgets: expected > 0 FLOPs, got 0');
    expect(() => planSweep({ ...wide, budgets: [1] })).toThrow('got none');
  });

  test('of a known law gives the law back, with its plots', async () => {
    const runs = planSweep({
      ...wide,
      budgets: [1e13, 1e14, 1e15, 1e16],
      tokensPerParameter: [0, Number.POSITIVE_INFINITY],
    });
    const results = await runSweep(runs, async (run) => lawLoss(law, run.parameters, run.tokens));
    const fit = fitScalingLaw(results);
    expect(fit.alpha).toBeCloseTo(law.alpha, 2);
    expect(fit.beta).toBeCloseTo(law.beta, 2);
    const isoFlop = fitIsoFlops(results);
    const { isoFlop: first, frontier } = scalingPlots(results, { law: fit, isoFlop });
    expect(first.match(/<path/g)).toHaveLength(5); // four budgets and the minima
    expect(frontier.match(/<path/g)).toHaveLength(6);
  });

  test('goes on where it was cut, and names a run that failed', async () => {
    const runs = planSweep({ ...wide, tokensPerParameter: [0, Number.POSITIVE_INFINITY] });
    const log: SweepResult[] = [];
    let made = 0;
    const lossOf = async (run: { parameters: number; tokens: number }) => {
      made++;
      if (made === 4) throw new Error('power cut');
      return lawLoss(law, run.parameters, run.tokens);
    };
    const onResult = (result: SweepResult) => void log.push(result);
    await expect(runSweep(runs, lossOf, { onResult })).rejects.toThrow('power cut');
    expect(log).toHaveLength(3);
    const done = JSON.parse(JSON.stringify(log)) as SweepResult[];
    const all = await runSweep(runs, lossOf, { done, onResult });
    expect(all).toHaveLength(10);
    expect(made).toBe(4 + 7);
    await expect(runSweep(runs, async () => Number.NaN)).rejects.toThrow('parameters at 1e+14 FLOPs');
  });
});

test('the intervals of IsoFLOP exponents hold the exponent of the law, and shrink with the noise', () => {
  const random = createRandom(3);
  let draw = 0;
  const uniform = () => random.uniform('bootstrap', 0, 0, draw++);
  const runs = (noise: number) =>
    [1e18, 1e19, 1e20, 1e21].flatMap((compute) =>
      Array.from({ length: 9 }, (_, i) => {
        const best = 0.1 * compute ** 0.5;
        const parameters = best * 2 ** ((i - 4) / 2);
        const off = Math.log(parameters / best);
        return { compute, parameters, loss: 2 + 0.1 * off * off + noise * Math.sin(i * 7 + compute / 1e18) };
      }),
    );
  const exact = bootstrapIsoFlops(runs(0), { random: uniform });
  expect(exact.parameterExponent[0]).toBeCloseTo(0.5, 6);
  const noisy = bootstrapIsoFlops(runs(0.01), { random: uniform });
  expect(noisy.parameterExponent[0]).toBeLessThan(0.5 + 0.02);
  expect(noisy.parameterExponent[1]).toBeGreaterThan(0.5 - 0.02);
  expect(noisy.parameterExponent[1] - noisy.parameterExponent[0]).toBeGreaterThan(1e-3);
  expect(() => bootstrapIsoFlops(runs(0).slice(0, 9), { random: uniform })).toThrow(
    'at least 2 compute budgets',
  );
});

test('runs trained here learn: more compute, less held-out loss; nothing leaks', async () => {
  const random = createRandom(1);
  const text = Int32Array.from({ length: 3000 }, (_, i) => (i % 7 === 0 ? (i / 7) % 3 : 3 + ((i * i) % 9)));
  const before = tf.memory().numTensors;
  const runs = planSweep({
    shapes: [shape(8), shape(16)],
    budgets: [4e6, 6e7],
    contextLength: 12,
    tokensPerParameter: [0, 500],
  });
  const results = await runSweep(
    runs,
    sweepTrainer({
      tokens: tokensInMemory(text.subarray(0, 2400)),
      validation: tokensInMemory(text.subarray(2400)),
      length: 12,
      random,
    }),
  );
  expect(results.length).toBeGreaterThanOrEqual(3);
  const lossAt = (compute: number) =>
    Math.min(...results.filter((r) => r.compute === compute).map((r) => r.loss));
  expect(lossAt(6e7)).toBeLessThan(lossAt(4e6) - 0.1);
  expect(tf.memory().numTensors).toBe(before);
});
