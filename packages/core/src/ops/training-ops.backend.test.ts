import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { crossEntropy, tokenEntropy, tokenLogProbs } from './cross-entropy.ts';
import { embedding } from './embedding.ts';
import { registerGradients } from './gradients/register-gradients.ts';
import { linearNegativeLogProbs } from './linear-cross-entropy.ts';
import { linearNegativeLogProbsOnDevice } from './linear-cross-entropy-on-device.ts';
import { logSigmoid } from './log-sigmoid.ts';
import { log1mexp } from './log1mexp.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
  registerGradients();
});

const exact = (x: number): number => (x > -Math.LN2 ? Math.log(-Math.expm1(x)) : Math.log1p(-Math.exp(x)));
const close = (a: ArrayLike<number>, b: ArrayLike<number>, tolerance = 1e-5): void => {
  expect(a.length).toBe(b.length);
  for (let i = 0; i < a.length; i++)
    expect(Math.abs(a[i] - b[i])).toBeLessThanOrEqual(tolerance * (1 + Math.abs(b[i])));
};

describe('log1mexp', () => {
  test('is log(1 - e^x) within 1e-6 relative from -60 to -1e-6', () => {
    fc.assert(
      fc.property(fc.double({ min: -6, max: 1.77, noNaN: true }), (exponent) => {
        const x = Math.fround(-(10 ** exponent));
        const got = log1mexp(tf.scalar(x)).dataSync()[0];
        expect(Math.abs(got - exact(x))).toBeLessThanOrEqual(1e-6 * Math.abs(exact(x)) + 1e-12);
      }),
    );
  });
  test('gradient is -e^x / (1 - e^x)', () => {
    const xs = [-1e-5, -1e-3, -0.1, -0.69, -0.7, -1, -5, -30].map(Math.fround);
    const got = tf
      .grad((x) => tf.sum(log1mexp(x)))(tf.tensor1d(xs))
      .dataSync();
    xs.forEach((x, i) => {
      const want = 1 / -Math.expm1(-x);
      expect(Math.abs(got[i] + 1 / Math.expm1(-x))).toBeLessThanOrEqual(2e-6 * Math.abs(want));
    });
  });
});

describe('logSigmoid', () => {
  test('is -log1p(e^-x) within 1e-6 relative from -80 to 80, inside a tidy too', () => {
    const xs = Float32Array.from({ length: 321 }, (_, i) => (i - 160) / 2);
    const got = logSigmoid(tf.tensor1d(xs)).dataSync();
    const grad = tf
      .grad((x) => tf.tidy(() => tf.sum(logSigmoid(tf.mul(x, 1)))))(tf.tensor1d(xs))
      .dataSync();
    xs.forEach((x, i) => {
      const want = x > 0 ? -Math.log1p(Math.exp(-x)) : x - Math.log1p(Math.exp(x));
      expect(Math.abs(got[i] - want)).toBeLessThanOrEqual(1e-6 * Math.abs(want));
      expect(Math.abs(grad[i] - 1 / (1 + Math.exp(x)))).toBeLessThanOrEqual(2e-6);
    });
  });
});

describe('embedding', () => {
  test('equals gather, and its gradient the sum over positions of an id', () => {
    const table = tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]);
    const ids = tf.tensor2d([2, 0, 2, 2], [2, 2], 'int32');
    expect(embedding(table, ids).shape).toEqual([2, 2, 2]);
    const dy = tf.tensor3d([1, 10, 2, 20, 3, 30, 4, 40], [2, 2, 2]);
    const grad = tf.grad((t) => tf.sum(tf.mul(embedding(t as tf.Tensor2D, ids), dy)))(table);
    expect([...grad.dataSync()]).toEqual([2, 20, 0, 0, 8, 80]);
  });
});

describe('cross-entropy', () => {
  const logits = tf.tensor2d([0.3, -1, 2, 5, 0.1, -3, 1, 1, 1], [3, 3]);
  test('ignored rows neither count nor get a gradient', () => {
    const loss = (z: tf.Tensor): tf.Tensor => crossEntropy(z as tf.Tensor2D, [2, -100, 1]);
    const grad = tf.grad(loss)(logits).arraySync() as number[][];
    expect(grad[1]).toEqual([0, 0, 0]);
    const other = tf.tensor2d([0.3, -1, 2, 50, 0.1, -3, 1, 1, 1], [3, 3]);
    close(loss(other).dataSync(), loss(logits).dataSync());
  });
  test('no counted row gives 0, not NaN', () => {
    expect(crossEntropy(logits, [-100, -100, -100]).dataSync()[0]).toBe(0);
  });
  test('a row of gradients sums to 2 z lse / n', () => {
    const z = 0.01;
    const grad = tf.grad((x) =>
      crossEntropy(x as tf.Tensor2D, [0, 1, 2], { labelSmoothing: 0.1, zLossCoefficient: z }),
    );
    const lse = tf.logSumExp(logits, 1).dataSync();
    close(
      tf.sum(grad(logits), 1).dataSync(),
      lse.map((l) => (2 * z * l) / 3),
    );
  });
  test('token log-probabilities are minus the losses; entropy of equal logits is log V', () => {
    close(
      tokenLogProbs(logits, [0, 1, 2]).dataSync(),
      tf
        .logSoftmax(logits)
        .dataSync()
        .filter((_, i) => i % 4 === 0),
    );
    close(tokenEntropy(tf.zeros([1, 8])).dataSync(), [Math.log(8)]);
  });
});

describe('linearNegativeLogProbs', () => {
  const hidden = tf.tensor2d(
    Float32Array.from({ length: 5 * 4 }, (_, i) => Math.sin(i * 1.7)),
    [5, 4],
  );
  const weight = tf.tensor2d(
    Float32Array.from({ length: 11 * 4 }, (_, i) => Math.cos(i * 0.9)),
    [11, 4],
  );
  const labels = [3, -100, 10, 0, 7];
  const plain = (h: tf.Tensor, w: tf.Tensor): tf.Tensor =>
    crossEntropy(tf.matMul(h as tf.Tensor2D, w as tf.Tensor2D, false, true), labels, { reduction: 'none' });
  const weights = tf.tensor1d([1, 2, 3, 4, 5]);
  for (const vocabularyChunk of [3, 11, 100]) {
    test(`chunks of ${vocabularyChunk} give the losses and gradients of whole logits`, () => {
      const fused = (h: tf.Tensor, w: tf.Tensor): tf.Tensor =>
        linearNegativeLogProbs(h as tf.Tensor2D, w as tf.Tensor2D, labels, { vocabularyChunk });
      close(fused(hidden, weight).dataSync(), plain(hidden, weight).dataSync());
      const both = (f: typeof fused): tf.Tensor[] =>
        tf.grads((h, w) => tf.sum(tf.mul(f(h, w), weights)))([hidden, weight]);
      const [a, b] = [both(fused), both(plain)];
      close(a[0].dataSync(), b[0].dataSync());
      close(a[1].dataSync(), b[1].dataSync());
    });
  }
  test('a weight laid out [C, V] gives the same losses and gradients', () => {
    const turned = (h: tf.Tensor, w: tf.Tensor): tf.Tensor =>
      linearNegativeLogProbs(h as tf.Tensor2D, tf.transpose(w) as tf.Tensor2D, labels, {
        vocabularyChunk: 3,
        weightLayout: 'in-out',
      });
    const both = (f: typeof turned): tf.Tensor[] =>
      tf.grads((h, w) => tf.sum(tf.mul(f(h, w), weights)))([hidden, weight]);
    const [a, b] = [both(turned), both(plain)];
    close(a[0].dataSync(), b[0].dataSync());
    close(a[1].dataSync(), b[1].dataSync());
  });
  for (const [weightLayout, w] of [
    ['out-in', weight],
    ['in-out', tf.transpose(weight)],
  ] as const) {
    test(`in stock ops, for devices: the same losses and gradients (${weightLayout})`, () => {
      const turned = weightLayout === 'in-out';
      const targets = Int32Array.from(labels, (id) => (id < 0 ? -1 : id));
      const starts = [0, 4, 8];
      const of = (t: tf.Tensor2D, start: number): tf.Tensor2D => {
        const width = Math.min(4, 11 - start);
        return turned ? tf.slice2d(t, [0, start], [-1, width]) : tf.slice2d(t, [start, 0], [width, -1]);
      };
      const onDevice = (h: tf.Tensor, t: tf.Tensor): tf.Tensor =>
        linearNegativeLogProbsOnDevice(h as tf.Tensor2D, t as tf.Tensor2D, targets, { starts, of, turned });
      close(onDevice(hidden, w).dataSync(), plain(hidden, weight).dataSync());
      const a = tf.grads((h, t) => tf.sum(tf.mul(onDevice(h, t), weights)))([hidden, w]);
      const b = tf.grads((h, t) => tf.sum(tf.mul(plain(h, t), weights)))([hidden, weight]);
      close(a[0].dataSync(), b[0].dataSync());
      close((turned ? tf.transpose(a[1]) : a[1]).dataSync(), b[1].dataSync());
    });
  }
  test('no tensor is left behind', () => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      tf.grads((h, w) =>
        tf.sum(linearNegativeLogProbs(h as tf.Tensor2D, w as tf.Tensor2D, labels, { vocabularyChunk: 4 })),
      )([hidden, weight]);
    });
    expect(tf.memory().numTensors).toBe(before);
  });
});
