import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registerGradients } from '../../ops/gradients/register-gradients.ts';
import { registerSimdBackend } from './register.ts';

// A small generator of our own for test data: fast-check shrinks the seed and the shapes.
function values(seed: number, n: number): Float32Array {
  let state = (seed >>> 0) + 1;
  return Float32Array.from({ length: n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32) * 6 - 3;
  });
}
const flat = (x: tf.Tensor): tf.Tensor1D => tf.reshape(x, [-1]);
const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const tensor = (seed: number, shape: number[], positive = false): tf.Tensor => {
  const data = values(seed, size(shape));
  return tf.tensor(positive ? data.map((x) => Math.abs(x) + 1e-3) : data, shape);
};

async function both(make: () => tf.Tensor): Promise<void> {
  const results: { data: ArrayLike<number>; shape: number[] }[] = [];
  for (const backend of ['cpu', 'simd']) {
    await tf.setBackend(backend);
    const before = tf.memory().numTensors;
    const result = tf.tidy(make);
    results.push({ data: Array.from(await result.data()), shape: result.shape });
    result.dispose();
    expect(tf.memory().numTensors).toBe(before);
  }
  const [expected, actual] = results as [(typeof results)[0], (typeof results)[0]];
  expect(actual.shape).toEqual(expected.shape);
  for (let i = 0; i < expected.data.length; i++) {
    const [e, a] = [expected.data[i] as number, actual.data[i] as number];
    if (Object.is(e, a) || (Number.isNaN(e) && Number.isNaN(a)) || e === a) continue;
    if (!(Math.abs(e - a) <= 2e-5 + 2e-5 * Math.abs(e)))
      throw new Error(`[${i}] of [${actual.shape}]: expected ${e}, got ${a}`);
  }
}

const extremes = {
  exp: tf.exp,
  log: tf.log,
  sigmoid: tf.sigmoid,
  tanh: tf.tanh,
  relu: tf.relu,
  sqrt: tf.sqrt,
};
const reductions = { sum: tf.sum, mean: tf.mean, max: tf.max };
const dim = fc.integer({ min: 1, max: 9 });
const shapes = fc.array(dim, { minLength: 0, maxLength: 4 });
const seeds = fc.nat(1e6);
const runs = { numRuns: 60 };

beforeAll(async () => {
  await registerSimdBackend({ threads: 2 });
  registerGradients();
});
afterAll(() => tf.setBackend('cpu'));

describe('simd agrees with the cpu backend', () => {
  it('on matMul with every transpose, batched and not', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(dim, { maxLength: 2 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        fc.boolean(),
        seeds,
        (batch, m, k, n, ta, tb, seed) =>
          both(() =>
            tf.matMul(
              tensor(seed, [...batch, ...(ta ? [k, m] : [m, k])]),
              tensor(seed + 1, [...batch, ...(tb ? [n, k] : [k, n])]),
              ta,
              tb,
            ),
          ),
      ),
      runs,
    ));

  it.each([
    [700, 600, 70],
    [3, 1100, 130],
    [260, 64, 515],
  ])('on matMul of blocks and tails: %i x %i x %i, on two threads', (m, k, n) =>
    both(() => tf.matMul(tf.mul(tensor(1, [m, k]), 0.05), tensor(2, [k, n]))),
  );

  it('on matMul of a batch with one shared side', () =>
    both(() => tf.matMul(tensor(1, [6, 5, 7]), tensor(2, [7, 9]))));

  const binaries = {
    add: tf.add,
    sub: tf.sub,
    mul: tf.mul,
    div: tf.div,
    maximum: tf.maximum,
    minimum: tf.minimum,
    squaredDifference: tf.squaredDifference,
  };
  it.each(Object.entries(binaries))('on %s with broadcasting', (_, op) =>
    fc.assert(
      fc.asyncProperty(
        shapes,
        fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
        seeds,
        (shape, ones, seed) => {
          const a = shape.map((d, i) => (ones[i] ? 1 : d));
          const b = shape.map((d, i) => (ones[i + 4] ? 1 : d)).slice(ones[7] && shape.length > 0 ? 1 : 0);
          return both(() => (op as typeof tf.add)(tensor(seed, a), tensor(seed + 1, b, true)));
        },
      ),
      runs,
    ),
  );

  const unaries = {
    neg: tf.neg,
    exp: tf.exp,
    sigmoid: tf.sigmoid,
    tanh: tf.tanh,
    relu: tf.relu,
    square: tf.square,
    abs: tf.abs,
  };
  it.each(Object.entries(unaries))('on %s', (_, op) =>
    fc.assert(
      fc.asyncProperty(shapes, seeds, (shape, seed) =>
        both(() => (op as typeof tf.neg)(tensor(seed, shape))),
      ),
      runs,
    ),
  );
  const positives = { log: tf.log, sqrt: tf.sqrt, rsqrt: tf.rsqrt, reciprocal: tf.reciprocal };
  it.each(Object.entries(positives))('on %s of positive numbers', (_, op) =>
    fc.assert(
      fc.asyncProperty(shapes, seeds, (shape, seed) =>
        both(() => (op as typeof tf.log)(tensor(seed, shape, true))),
      ),
      runs,
    ),
  );

  it.each(['exp', 'log', 'sigmoid', 'tanh', 'relu', 'sqrt'] as const)('on %s of extreme numbers', (name) =>
    both(() =>
      extremes[name](
        tf.tensor1d([
          0,
          -0,
          1e-40,
          1e-30,
          1,
          88.7,
          88.8,
          104,
          -87,
          -100,
          -104,
          1e30,
          Infinity,
          -Infinity,
          NaN,
          -1,
        ]),
      ),
    ),
  );

  it('on softmax and log-softmax, a row of equal and of huge values included', () =>
    fc.assert(
      fc.asyncProperty(fc.array(dim, { minLength: 1, maxLength: 3 }), seeds, (shape, seed) =>
        both(() =>
          tf.concat([
            flat(tf.softmax(tf.mul(tensor(seed, shape), 30))),
            flat(tf.logSoftmax(tf.mul(tensor(seed, shape), 30))),
          ]),
        ),
      ),
      runs,
    ));

  it('on sum, mean and max over any axes', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(dim, { minLength: 1, maxLength: 4 }),
        fc.nat(15),
        fc.boolean(),
        seeds,
        fc.constantFrom('sum', 'mean', 'max'),
        (shape, mask, keep, seed, name) => {
          const axes = shape.flatMap((_, i) => ((mask >> i) & 1 ? [i] : []));
          return both(() =>
            reductions[name as 'sum'](tensor(seed, shape), axes.length === 0 ? undefined : axes, keep),
          );
        },
      ),
      runs,
    ));

  it('on transpose with any permutation', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(dim, { minLength: 1, maxLength: 5 }),
        seeds,
        fc.infiniteStream(fc.nat(100)),
        (shape, seed, stream) => {
          const keys = shape.map(() => stream.next().value as number);
          const perm = shape
            .map((_, i) => i)
            .sort((i, j) => (keys[i] as number) - (keys[j] as number) || i - j);
          return both(() => tf.transpose(tensor(seed, shape), perm));
        },
      ),
      runs,
    ));

  it('on slice and gather', () =>
    fc.assert(
      fc.asyncProperty(fc.array(dim, { minLength: 1, maxLength: 4 }), seeds, (shape, seed) => {
        const begin = shape.map((d, i) => (seed >> i) % d);
        const sizes = shape.map((d, i) => 1 + ((seed >> (i + 3)) % (d - (begin[i] as number))));
        return both(() => {
          const x = tensor(seed, shape);
          const ids = tf.tensor1d([0, (shape[0] as number) - 1, seed % (shape[0] as number)], 'int32');
          return tf.concat([flat(tf.slice(x, begin, sizes)), flat(tf.gather(x, ids))]);
        });
      }),
      runs,
    ));

  it('on the gradient of a small network', () =>
    both(() => {
      const [w1, w2, x] = [tensor(1, [7, 12]), tensor(2, [12, 5]), tensor(3, [4, 6, 7])];
      const loss = (a: tf.Tensor, b: tf.Tensor) => {
        const h = tf.tanh(tf.matMul(x, a));
        const y = tf.logSoftmax(
          tf.matMul(tf.mul(h, tf.rsqrt(tf.add(tf.mean(tf.square(h), -1, true), 1e-5))), b),
        );
        return tf.neg(tf.mean(tf.mul(y, tf.softmax(tf.tile(tf.sum(x, 2, true), [1, 1, 5])))));
      };
      const grads = tf.grads(loss as (...args: tf.Tensor[]) => tf.Tensor)([w1, w2]);
      return tf.concat(grads.map(flat));
    }));
});

describe('memory of simd', () => {
  it('values read stay what they were after the tensor is disposed and its memory reused', async () => {
    await tf.setBackend('simd');
    const sum = tf.add(tensor(1, [64]), 1);
    const values = await sum.data();
    const copy = Array.from(values);
    sum.dispose();
    tf.tidy(() => void tf.mul(tensor(2, [64]), 5));
    expect(Array.from(values)).toEqual(copy);
  });

  it('a slice outlives the tensor it was cut from', async () => {
    await tf.setBackend('simd');
    const whole = tf.add(tf.range(0, 512), 0);
    const part = tf.slice(whole, [8], [4]);
    const reversed = tf.reverse(part);
    whole.dispose();
    tf.tidy(() => void tf.mul(tensor(2, [512]), 5));
    expect(Array.from(await part.data())).toEqual([8, 9, 10, 11]);
    expect(Array.from(await reversed.data())).toEqual([11, 10, 9, 8]);
    tf.dispose([part, reversed]);
  });
});
