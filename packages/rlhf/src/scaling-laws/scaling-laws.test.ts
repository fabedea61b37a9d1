import { expect, test } from 'vitest';
import { bootstrapScalingLaw } from './bootstrap-law.ts';
import { fitIsoFlops } from './iso-flop.ts';
import { fitScalingLaw, lawLoss, type ScalingLaw } from './parametric-fit.ts';
import { computeOptimal, matmulParameters, trainingFlopsPerToken } from './plan.ts';

const hoffmann: ScalingLaw = { E: 1.69, A: 406.4, B: 410.7, alpha: 0.34, beta: 0.28 };
const epoch: ScalingLaw = { E: 1.8172, A: 482.01, B: 2085.43, alpha: 0.3478, beta: 0.3658 };
const sizes = [1e7, 3e7, 1e8, 3e8, 1e9];
const runs = sizes.flatMap((parameters) =>
  [2e8, 1e9, 5e9, 2e10].map((tokens) => ({
    parameters,
    tokens,
    loss: lawLoss(hoffmann, parameters, tokens),
  })),
);
const seeded = (seed: number) => () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return (seed + 0.5) / 2 ** 32;
};

test('published losses and optima', () => {
  expect(lawLoss(hoffmann, 70e9, 1.4e12)).toBeCloseTo(1.936645, 4);
  expect(lawLoss(epoch, 70e9, 1.4e12)).toBeCloseTo(1.973882, 3);
  const plan = computeOptimal(hoffmann, 5.76e23);
  expect(plan.parameters / 1e9).toBeCloseTo(32.2, 0);
  expect(plan.tokens / 1e12).toBeCloseTo(2.98, 1);
});

test('a law is found again from its own losses', () => {
  const fit = fitScalingLaw(runs);
  expect(fit.alpha).toBeCloseTo(hoffmann.alpha, 3);
  expect(fit.beta).toBeCloseTo(hoffmann.beta, 3);
  expect(fit.E).toBeCloseTo(hoffmann.E, 2);
  expect(fit.huberSum).toBeLessThan(1e-9);
});

test('the planned split is the best split of its budget', () => {
  for (const compute of [1e18, 1e21]) {
    const { parameters, tokens, loss } = computeOptimal(epoch, compute);
    expect((6 * parameters * tokens) / compute).toBeCloseTo(1, 10);
    for (const factor of [0.9, 1.1])
      expect(lawLoss(epoch, parameters * factor, tokens / factor)).toBeGreaterThan(loss);
  }
});

test('IsoFLOP parabolas find the exponents of the law that made them', () => {
  const iso = [1e18, 1e19, 1e20, 1e21].flatMap((compute) => {
    const best = computeOptimal(epoch, compute).parameters;
    return [0.7, 0.85, 1, 1.2, 1.4].map((f) => ({
      compute,
      parameters: best * f,
      loss: lawLoss(epoch, best * f, compute / (6 * best * f)),
    }));
  });
  const fit = fitIsoFlops(iso);
  expect(fit.parameterExponent).toBeCloseTo(epoch.beta / (epoch.alpha + epoch.beta), 2);
  expect(fit.parameterExponent + fit.tokenExponent).toBeCloseTo(1, 6);
  expect(() => fitIsoFlops(iso.map((r) => ({ ...r, loss: -r.loss })))).toThrow('no minimum');
});

test('bootstrap intervals are reproducible and narrow on noiseless runs', () => {
  const noisy = runs.map((r, i) => ({ ...r, loss: r.loss * (1 + 1e-3 * Math.sin(7 * i)) }));
  const fit = fitScalingLaw(noisy);
  const run = () => bootstrapScalingLaw(noisy, fit, { random: seeded(3), rounds: 20 });
  expect(run()).toEqual(run());
  const [low, high] = run().alpha;
  expect(low).toBeLessThanOrEqual(fit.alpha);
  expect(high).toBeGreaterThanOrEqual(fit.alpha);
});

test('FLOPs of GPT-2: parameters in products and the published count', () => {
  const gpt2 = {
    numLayers: 12,
    hiddenSize: 768,
    numHeads: 12,
    intermediateSize: 3072,
    vocabSize: 50257,
    gatedMlp: false,
  };
  expect(matmulParameters(gpt2)).toBe(12 * (4 * 768 ** 2 + 8 * 768 ** 2) + 768 * 50257);
  // nanoGPT's PaLM-style count at T = 1024: 875,062,886,400 a sequence, with 124,337,664 - 1024 x 768 parameters.
  expect((1024 * trainingFlopsPerToken(gpt2, 1024)) / 875062886400).toBeCloseTo(1, 2);
});
