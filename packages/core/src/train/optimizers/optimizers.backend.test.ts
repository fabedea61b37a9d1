import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { clipByGlobalNorm } from '../clip-gradients.ts';
import { adamw, composite } from './adamw.ts';
import { lion } from './lion.ts';
import { muon, orthogonalize } from './muon.ts';
import { applyGradients, initOptimizer, type Optimizer } from './optimizer.ts';
import { rmsprop } from './rmsprop.ts';
import { sgd } from './sgd.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const steps = (
  optimizer: Optimizer,
  start: number[],
  gradients: number[][],
  learningRate: number,
): number[][] => {
  let parameters = new Map([['w', tf.tensor(start)]]);
  let state = initOptimizer(optimizer, parameters);
  return gradients.map((g) => {
    const next = applyGradients(optimizer, parameters, new Map([['w', tf.tensor(g)]]), state, learningRate);
    ({ parameters, state } = next);
    return [...parameters.get('w')!.dataSync()];
  });
};
const near = (a: ArrayLike<number>, b: ArrayLike<number>, digits = 6): void => {
  for (let i = 0; i < b.length; i++) expect(a[i]).toBeCloseTo(b[i], digits);
};

describe('adamw', () => {
  const start = [1, -2, 0.5];
  const gradients = [
    [0.1, -0.2, 0.3],
    [-0.05, 0.4, 0],
    [0.2, 0.2, -0.1],
  ];
  test('gives the published three steps with decay', () => {
    const all = steps(adamw({ weightDecay: 0.1, decays: () => true }), start, gradients, 0.01);
    near(all[0], [0.989, -1.988, 0.4895]);
    near(all[1], [0.98532731, -1.98964574, 0.48222402]);
    near(all[2], [0.97785453, -1.99284964, 0.47879112]);
  });
  test('vectors do not decay by default', () => {
    expect(steps(adamw({ weightDecay: 0.5 }), start, gradients, 0.01)).toEqual(
      steps(adamw(), start, gradients, 0.01),
    );
  });
  test('the first step has the size of the learning rate whatever the gradient is', () => {
    const [moved] = steps(adamw(), [0, 0, 0], [[1e-6, 3, -500]], 0.01);
    near(moved, [-0.01, -0.01, 0.01], 3);
  });
  test('one loop over host memory equals the stock ops', () => {
    const [p, g, m, v] = [0.3, 0.7, -0.2, 0.4].map((x) => tf.tensor1d([x, x * 2, -x]));
    const optimizer = adamw({ beta1: 0.9, beta2: 0.95, epsilon: 1e-8 });
    const input = {
      name: 'w',
      parameter: p,
      gradient: g,
      slots: { m, v: tf.abs(v) },
      step: 3,
      learningRate: 0.01,
      gradientScale: 0.3,
    };
    const fast = optimizer.update(input);
    const slow = composite(input, {
      beta1: 0.9,
      beta2: 0.95,
      epsilon: 1e-8,
      decay: 0,
      rate: 0.01 / (1 - 0.9 ** 3),
      scale: 1 / Math.sqrt(1 - 0.95 ** 3),
      gradientScale: 0.3,
    });
    near(fast.parameter.dataSync(), slow.parameter.dataSync());
    near(fast.slots['v'].dataSync(), slow.slots['v'].dataSync());
  });
});

describe('muon', () => {
  test('Newton-Schulz gives the published matrix, and of the transpose the transpose', () => {
    const g = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
    const wide = orthogonalize(g, 5);
    near(wide.dataSync(), [-0.56829011, 0.05774194, 0.683774, 0.5633547, 0.40561283, 0.24787096], 5);
    near(orthogonalize(tf.transpose(g) as tf.Tensor2D, 5).dataSync(), tf.transpose(wide).dataSync());
  });
  test('many matrices at once are each as alone, wide, tall and square, with clipping and decay', () => {
    const shapes = { a: [4, 6], b: [6, 4], c: [4, 6], d: [5, 5], e: [6, 4] } as const;
    const optimizer = muon({ weightDecay: 0.1 });
    const alone = { ...optimizer, updateMany: undefined } as unknown as Optimizer;
    const run = (rule: Optimizer): Map<string, tf.Tensor> => {
      const values = (seed: number) => (name: keyof typeof shapes, at: number) =>
        tf.tensor(
          Float32Array.from({ length: shapes[name][0] * shapes[name][1] }, (_, i) =>
            Math.sin(seed + at + i * i),
          ),
          [...shapes[name]],
        );
      const of = (seed: number) =>
        new Map(Object.keys(shapes).map((name, at) => [name, values(seed)(name as keyof typeof shapes, at)]));
      let parameters = of(1);
      let state = initOptimizer(rule, parameters);
      for (let step = 0; step < 3; step++)
        ({ parameters, state } = applyGradients(rule, parameters, of(10 + step), state, 0.02, 0.5));
      return parameters;
    };
    const [together, apart] = [run(optimizer), run(alone)];
    for (const [name, tensor] of together) near(tensor.dataSync(), apart.get(name)!.dataSync(), 5);
  });
  test('refuses a vector', () => {
    expect(() => muon().init('norm', [3])).toThrow('matrices only');
  });
});

test('clipping [3, 4] to 1 gives the published values', async () => {
  const { gradients, norm } = await clipByGlobalNorm(new Map([['g', tf.tensor1d([3, 4])]]), 1);
  expect(norm).toBeCloseTo(5, 6);
  near(gradients.get('g')!.dataSync(), [0.59999988, 0.79999984]);
});

test('a gradient without a parameter is refused before anything changes', () => {
  const parameters = new Map([['w', tf.tensor1d([1])]]);
  const optimizer = adamw();
  const state = initOptimizer(optimizer, parameters);
  expect(() => applyGradients(optimizer, parameters, new Map([['x', tf.tensor1d([1])]]), state, 0.1)).toThrow(
    'gradient of x',
  );
});

test('constants that no step is defined for are refused by name', () => {
  const refused: readonly (readonly [() => unknown, string])[] = [
    [() => adamw({ weightDecay: -0.1 }), 'weightDecay'],
    [() => adamw({ epsilon: -1 }), 'epsilon'],
    [() => lion({ weightDecay: Number.NaN }), 'weightDecay'],
    [() => sgd({ nesterov: true }), 'nesterov'],
    [() => sgd({ weightDecay: -1 }), 'weightDecay'],
    [() => rmsprop({ epsilon: -1e-8 }), 'epsilon'],
    [() => muon({ newtonSchulzSteps: 0 }), 'newtonSchulzSteps'],
    [() => muon({ weightDecay: -1 }), 'weightDecay'],
  ];
  for (const [make, name] of refused) expect(make).toThrow(name);
});
