import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { chooseBackend } from '../backends/choose.ts';
import { expm1 } from './expm1.ts';
import { registerGradients } from './gradients/register-gradients.ts';
import { log1p } from './log1p.ts';

const magnitudes = Array.from({ length: 160 }, (_, i) => 10 ** (-30 + i * 0.2));

describe.each(['cpu', 'wasm', 'simd'] as const)('near 0 on %s', (backend) => {
  beforeAll(async () => {
    await chooseBackend(backend);
    registerGradients();
  });

  test.each([
    [
      'log1p',
      log1p,
      Math.log1p,
      (x: number) => 1 / (1 + x),
      [...magnitudes, ...magnitudes.filter((m) => m < 0.99).map((m) => -m)],
    ],
    [
      'expm1',
      expm1,
      Math.expm1,
      Math.exp,
      [...magnitudes.filter((m) => m < 80), ...magnitudes.map((m) => -m)],
    ],
  ] as const)('%s and its gradient are right to 4e-7 relative', (_, op, exact, slope, raw) => {
    const xs = Float32Array.from(raw);
    const before = tf.memory().numTensors;
    const [value, gradient] = tf.tidy(() => [
      op(tf.tensor1d(xs)).dataSync(),
      tf
        .grad((x) => tf.sum(op(x)))(tf.tensor1d(xs))
        .dataSync(),
    ]);
    xs.forEach((x, i) => {
      expect(Math.abs(value[i] - exact(x))).toBeLessThanOrEqual(4e-7 * Math.abs(exact(x)));
      expect(Math.abs(gradient[i] - slope(x))).toBeLessThanOrEqual(4e-6 * Math.abs(slope(x)) + 1e-30);
    });
    expect(tf.memory().numTensors).toBe(before);
  });
});
