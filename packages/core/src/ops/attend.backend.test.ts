import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { attend } from './attend.ts';
import { alibiBias, attentionMask } from './attention-mask.ts';
import { linear } from './linear.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(0);
});

const values = (count: number, seed: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898 + seed) * 2);
const worst = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((max, x, i) => Math.max(max, Math.abs(x - b[i])), 0);

test('the cpu kernel of attention is the composite: groups, windows, padding, softcap, linear biases', () => {
  const shape = fc.record({
    batch: fc.integer({ min: 1, max: 3 }),
    groups: fc.integer({ min: 1, max: 3 }),
    perGroup: fc.integer({ min: 1, max: 3 }),
    size: fc.integer({ min: 1, max: 9 }),
    seen: fc.integer({ min: 1, max: 12 }),
    window: fc.integer({ min: 1, max: 12 }),
    softcap: fc.constantFrom(undefined, 1.5),
    alibi: fc.boolean(),
  });
  fc.assert(
    fc.property(shape, ({ batch, groups, perGroup, size, seen, window, softcap, alibi }) => {
      tf.tidy(() => {
        const heads = groups * perGroup;
        const length = Math.ceil(seen / 2);
        const q = tf.tensor4d(values(batch * heads * length * size, 1), [batch, heads, length, size]);
        const [k, v] = [2, 3].map((seed) =>
          tf.tensor4d(values(batch * groups * seen * size, seed), [batch, groups, seen, size]),
        );
        const keys = Array.from({ length: batch }, (_, b) =>
          Array.from({ length: seen }, (_, s) => (b === 1 && s === 0 && seen > 1 ? -1 : s)),
        );
        const queries = keys.map(() => Array.from({ length }, (_, t) => seen - length + t));
        const options = {
          scale: 0.7,
          softcap,
          mask: attentionMask(queries, keys, { window }),
          bias: alibi ? alibiBias(heads, keys) : undefined,
        };
        const fast = attend(q, k, v, options).dataSync();
        const plain = attend(q, k, v, { ...options, onPattern: (pattern) => pattern }).dataSync();
        expect(worst(fast, plain)).toBeLessThan(1e-5);
      });
    }),
  );
});

test('the cpu kernel of linear layers is matMul', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 21 }),
      fc.integer({ min: 1, max: 19 }),
      (rows, width, outputs) => {
        tf.tidy(() => {
          const x = tf.tensor2d(values(rows * width, 1), [rows, width]);
          const w = tf.tensor2d(values(width * outputs, 2), [width, outputs]);
          expect(worst(linear(x, w).dataSync(), tf.matMul(x, w).dataSync())).toBeLessThan(1e-4);
        });
      },
    ),
  );
});
