import '@tensorflow/tfjs-backend-cpu';
import { registerGradients } from '@ashlar/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { apoDownPairs } from './apo.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
  registerGradients();
});

/** d/dc of sigma(beta c) + 1 - sigma(beta (c - r)) in float64, by the product form, which loses no digits. */
function exactSlope(c: number, r: number, beta: number): number {
  const [a, b] = [beta * c, beta * (c - r)];
  const cosh = (x: number): number => Math.cosh(Math.min(300, Math.abs(x)) / 2) ** 2;
  return (beta * Math.sinh((-beta * r) / 2) * Math.sinh((a + b) / 2)) / (4 * cosh(a) * cosh(b));
}

test.each([
  [0.01, 0.5, 0.001],
  [0.01, -0.75, 1e-5],
  [0.01, 0.25, 0.5078125],
  [0.1, 3, -2],
  [1, 20, 0.125],
  [2, -12, 4],
  [1, 0.5, 80],
])('apo-down: the gradient keeps its digits where its slopes cancel, beta %f, c %f, r %f', (beta, c, r) => {
  const pairs = { chosen: Math.fround(c), rejected: Math.fround(r) };
  const [dc, dr] = tf.grads((x, y) => tf.sum(apoDownPairs({ chosen: x, rejected: y }, beta)))([
    tf.tensor1d([pairs.chosen]),
    tf.tensor1d([pairs.rejected]),
  ]);
  const want = exactSlope(pairs.chosen, pairs.rejected, beta);
  expect(Math.abs(dc.dataSync()[0] / want - 1)).toBeLessThan(2e-5);
  const z = Math.exp(-Math.abs(beta * (pairs.chosen - pairs.rejected)));
  expect(Math.abs(dr.dataSync()[0] / ((beta * z) / (1 + z) ** 2) - 1)).toBeLessThan(2e-5);
  tf.dispose([dc, dr]);
});
