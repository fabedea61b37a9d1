import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { registerGradients } from './register-gradients.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
  registerGradients();
});

const at = [0.31, -0.72, 1.43, 0.58, -1.27, 0.94];
const other = tf.tensor2d([0.7, 1.9, 0.4, 1.1, 0.6, 1.6], [2, 3]);
const weights = (shape: number[]): tf.Tensor =>
  tf.tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i + 1)),
    shape,
  );

const functions: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  add: (x) => tf.add(x, tf.sum(x, 0, true)),
  sub: (x) => tf.sub(tf.sum(x, 1, true), x),
  mul: (x) => tf.mul(x, tf.mul(other, tf.slice(x, [0, 0], [1, 3]))),
  div: (x) => tf.div(tf.add(x, 3), tf.add(tf.sum(x, 1, true), 5)),
  squaredDifference: (x) => tf.squaredDifference(x, other),
  maximum: (x) => tf.maximum(x, other),
  minimum: (x) => tf.minimum(x, other),
  pow: (x) => tf.pow(tf.add(x, 2), other),
  'pow of the exponent': (x) => tf.pow(other, x),
  exp: tf.exp,
  expm1: tf.expm1,
  log: (x) => tf.log(tf.add(x, 2)),
  log1p: (x) => tf.log1p(tf.add(x, 2)),
  sqrt: (x) => tf.sqrt(tf.add(x, 2)),
  rsqrt: (x) => tf.rsqrt(tf.add(x, 2)),
  reciprocal: (x) => tf.reciprocal(tf.add(x, 3)),
  abs: tf.abs,
  sigmoid: tf.sigmoid,
  tanh: tf.tanh,
  relu: tf.relu,
  leakyRelu: (x) => tf.leakyRelu(x, 0.1),
  elu: tf.elu,
  softplus: tf.softplus,
  erf: tf.erf,
  sin: tf.sin,
  cos: tf.cos,
  clip: (x) => tf.clipByValue(x, -1, 1),
  sum: (x) => tf.sum(x, [0]),
  mean: (x) => tf.mean(x, 1),
  max: (x) => tf.max(x, 1),
  min: (x) => tf.min(x, 0),
  softmax: (x) => tf.softmax(x),
  logSoftmax: (x) => tf.logSoftmax(x),
  logSumExp: (x) => tf.logSumExp(x, 1),
  addN: (x) => tf.addN([x, tf.square(x), other]),
  reshape: (x) => tf.reshape(x, [3, 2]),
  expandDims: (x) => tf.expandDims(x, 1),
  transpose: (x) => tf.transpose(tf.reshape(x, [1, 2, 3]), [2, 0, 1]),
  concat: (x) => tf.concat([x, tf.square(x), other], 1),
  stack: (x) => tf.stack([x, tf.square(x)], 1),
  unstack: (x) => tf.unstack(x, 1)[1],
  split: (x) => tf.split(tf.square(x), [1, 2], 1)[1],
  slice: (x) => tf.slice(x, [0, 1], [2, 2]),
  pad: (x) =>
    tf.pad(x, [
      [1, 0],
      [0, 2],
    ]),
  broadcastTo: (x) => tf.broadcastTo(tf.expandDims(x, 1), [2, 4, 3]),
  tile: (x) => tf.tile(x, [2, 3]),
  where: (x) => tf.where(tf.tensor2d([1, 0, 0, 1, 1, 0], [2, 3], 'bool'), tf.square(x), tf.mul(x, 3)),
  gather: (x) => tf.gather(x, tf.tensor1d([1, 0, 1, 1], 'int32')),
  cumsum: (x) => tf.cumsum(x, 1),
  'cumsum, exclusive and reversed': (x) => tf.cumsum(x, 1, true, true),
  matMul: (x) => tf.matMul(x, other, false, true),
  'matMul, transposed': (x) => tf.matMul(x, other, true, false),
  'matMul of a stack': (x) => tf.matMul(tf.reshape(x, [2, 1, 3]), tf.reshape(other, [2, 1, 3]), true, false),
  'matMul with a broadcast matrix': (x) =>
    tf.matMul(tf.reshape(tf.tile(other, [2, 1]), [2, 2, 3]), tf.reshape(x, [1, 3, 2])),
};

for (const [name, f] of Object.entries(functions)) {
  test(`the gradient of ${name} equals central differences`, () => {
    const scalar = (x: tf.Tensor): tf.Tensor => {
      const y = f(x);
      return tf.sum(tf.mul(y, weights(y.shape)));
    };
    const got = tf
      .grad(scalar)(tf.tensor2d(at, [2, 3]))
      .dataSync();
    const value = (values: number[]): number => scalar(tf.tensor2d(values, [2, 3])).dataSync()[0];
    at.forEach((_, i) => {
      const h = 1e-2;
      const shifted = (by: number): number => value(at.map((v, j) => (j === i ? v + by : v)));
      // fourth order, so that float32 values suffice
      const want = (8 * (shifted(h) - shifted(-h)) - (shifted(2 * h) - shifted(-2 * h))) / (12 * h);
      expect(Math.abs(got[i] - want)).toBeLessThan(2e-3 * Math.max(1, Math.abs(want)));
    });
  });
}

test('where does not leak an infinite gradient from the branch that was not taken', () => {
  const x = tf.tensor1d([0, 2]);
  const grad = tf.grad((v) =>
    tf.sum(tf.where(tf.tensor1d([false, true], 'bool'), tf.log(tf.maximum(v, 1e-9)), tf.mul(v, 3))),
  )(x);
  expect([...grad.dataSync()]).toEqual([3, 0.5]);
});

test('gather, matMul and where keep our gradient when another library registers its own later; gather along another axis keeps theirs', () => {
  const theirs = (kernelName: string): tf.GradConfig => ({
    kernelName,
    inputsToSave: kernelName === 'GatherV2' ? ['x', 'indices'] : [],
    gradFunc: () => {
      throw new Error(`their ${kernelName}`);
    },
  });
  for (const name of ['GatherV2', 'BatchMatMul', 'Select', 'Tanh']) tf.registerGradient(theirs(name));
  registerGradients();
  const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
  const y = tf.tensor2d([1, 2, 3, 4], [2, 2]);
  const rows = tf.tensor1d([1, 1], 'int32');
  const taken = tf.grad((t) => tf.sum(tf.gather(t, rows)))(x);
  expect(Array.from(taken.dataSync())).toEqual([0, 0, 2, 2]);
  expect(
    Array.from(
      tf
        .grad((t) => tf.sum(tf.matMul(t as tf.Tensor2D, y)))(x)
        .dataSync(),
    ),
  ).toEqual([3, 7, 3, 7]);
  const masked = tf.grad((t) => tf.sum(tf.where(tf.greater(y, 2), t, tf.zerosLike(t))))(x);
  expect(Array.from(masked.dataSync())).toEqual([0, 0, 1, 1]);
  expect(() => tf.grad((t) => tf.sum(tf.gather(t, rows, 1)))(x)).toThrow('their GatherV2');
  expect(() => tf.grad((t) => tf.sum(tf.tanh(t)))(x)).toThrow('their Tanh');
  tf.unregisterGradient('Tanh');
  registerGradients();
});
