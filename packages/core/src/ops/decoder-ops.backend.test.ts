import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Activation, RopeConfig } from '../models/model-config.ts';
import { activate } from './activate.ts';
import { alibiSlopes, attentionMask } from './attention-mask.ts';
import { chooseExperts } from './choose-experts.ts';
import { normalize } from './normalize.ts';
import { applyRope, ropeTables } from './rope.ts';
import { ropeFrequencies } from './rope-frequencies.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(0);
});

const rope: RopeConfig = {
  kind: 'default',
  theta: 10000,
  rotaryDim: 8,
  interleaved: false,
  factor: 1,
  originalMaxPositions: 64,
  maxPositions: 64,
};
const run = (f: () => tf.Tensor): Float32Array => {
  const result = tf.tidy(f);
  const values = result.dataSync() as Float32Array;
  result.dispose();
  return values;
};
const noise = (count: number, seed = 1) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin((i + 1) * 12.9898 * seed) * 2);

describe('rotary positions', () => {
  const rotate = (x: Float32Array, position: number, config = rope) =>
    run(() => applyRope(tf.tensor4d(x, [1, 1, 1, x.length]), config, ropeTables(config, [[position]])));
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i], 0);

  test('a query and a key know only their distance', () => {
    fc.assert(
      fc.property(fc.nat(500), fc.nat(500), fc.nat(500), fc.boolean(), (m, n, shift, interleaved) => {
        const config = { ...rope, interleaved };
        const [q, k] = [noise(8, 1), noise(8, 2)];
        const here = dot(rotate(q, m, config), rotate(k, n, config));
        const there = dot(rotate(q, m + shift, config), rotate(k, n + shift, config));
        expect(Math.abs(here - there)).toBeLessThan(1e-3);
      }),
    );
  });
  test('lengths stay, position 0 changes nothing, and what lies behind the rotated part passes', () => {
    const x = noise(12);
    const turned = rotate(x, 17);
    expect(Math.hypot(...turned)).toBeCloseTo(Math.hypot(...x), 4);
    expect(turned.slice(8)).toEqual(x.slice(8));
    expect(rotate(x, 0)).toEqual(x);
  });
  test('interleaved pairs are the half-split ones in another order', () => {
    const order = [0, 4, 1, 5, 2, 6, 3, 7];
    const x = noise(8);
    const shuffled = Float32Array.from(order, (i) => x[i]);
    const half = rotate(x, 5);
    expect(rotate(shuffled, 5, { ...rope, interleaved: true })).toEqual(
      Float32Array.from(order, (i) => half[i]),
    );
  });
  test('scalings: linear divides, llama3 leaves short waves, yarn and longrope with factor 1 and dynamic below its length change nothing', () => {
    const plain = ropeFrequencies(rope, 1).inverse;
    const of = (change: Partial<RopeConfig>, length = 1) => ropeFrequencies({ ...rope, ...change }, length);
    of({ kind: 'linear', factor: 4 }).inverse.forEach((f, i) => {
      expect(f).toBeCloseTo(plain[i] / 4, 7);
    });
    const banded = of({ kind: 'llama3', factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4 }).inverse;
    expect(banded[0]).toBe(plain[0]);
    expect(banded[3]).toBeCloseTo(plain[3] / 8, 7);
    expect(of({ kind: 'yarn' })).toEqual({ inverse: plain, scale: 1 });
    expect(of({ kind: 'dynamic', factor: 4 }, 60).inverse).toEqual(plain);
    expect(of({ kind: 'dynamic', factor: 4 }, 128).inverse[3]).toBeLessThan(plain[3]);
    const long = { kind: 'longrope', shortFactor: [1, 1, 1, 1], longFactor: [2, 2, 2, 2] } as const;
    expect(of(long, 64).inverse).toEqual(plain);
    expect(of(long, 65).inverse[1]).toBeCloseTo(plain[1] / 2, 7);
  });
});

describe('masks', () => {
  test('a key is seen exactly when it is real, not later, and in the window or a sink', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.nat(3),
        fc.boolean(),
        (length, window, sinks, bidirectional) => {
          const row = Array.from({ length }, (_, i) => i);
          const keys = [...row, -1];
          const values = run(() => attentionMask([row], [keys], { window, sinks, bidirectional }));
          row.forEach((q, t) => {
            keys.forEach((k, s) => {
              const causal = k <= q && (q - k < window || k < sinks);
              const seen = k >= 0 && (bidirectional ? Math.abs(q - k) <= window : causal);
              expect(values[t * keys.length + s] === 0).toBe(seen);
            });
          });
        },
      ),
    );
  });
  test('slopes of linear biases halve over 8 heads from 1/2', () => {
    expect([...alibiSlopes(8)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((n) => 2 ** -n));
    expect(alibiSlopes(6).length).toBe(6);
    expect(new Set(alibiSlopes(12)).size).toBe(12);
  });
});

test('norms are their formulas', () => {
  const x = noise(10);
  const weight = noise(10, 3);
  const mean = x.reduce((a, b) => a + b) / 10;
  const square = x.reduce((a, b) => a + b * b, 0) / 10;
  const variance = square - mean * mean;
  for (const [kind, unitOffset] of [
    ['rms', false],
    ['rms', true],
    ['layer', false],
  ] as const) {
    const config = { kind, eps: 1e-3, unitOffset, weight: true, bias: kind === 'layer' };
    const got = run(() =>
      normalize(
        tf.tensor2d(x, [1, 10]),
        config,
        tf.tensor1d(weight),
        kind === 'layer' ? tf.tensor1d(weight) : undefined,
      ),
    );
    got.forEach((y, i) => {
      const scaled =
        kind === 'rms' ? x[i] / Math.sqrt(square + 1e-3) : (x[i] - mean) / Math.sqrt(variance + 1e-3);
      const expected = scaled * (weight[i] + (unitOffset ? 1 : 0)) + (kind === 'layer' ? weight[i] : 0);
      expect(y).toBeCloseTo(expected, 4);
    });
  }
});

test('activations are their formulas', () => {
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  const formulas: Record<Exclude<Activation, 'gelu'>, (x: number) => number> = {
    silu: (x) => x * sigmoid(x),
    'gelu-tanh': (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
    'quick-gelu': (x) => x * sigmoid(1.702 * x),
    relu: (x) => Math.max(0, x),
    'relu-squared': (x) => Math.max(0, x) ** 2,
  };
  const xs = Float32Array.from({ length: 81 }, (_, i) => (i - 40) / 8);
  for (const [kind, formula] of Object.entries(formulas)) {
    run(() => activate(tf.tensor1d(xs), kind as Activation)).forEach((y, i) => {
      expect(y).toBeCloseTo(formula(xs[i]), 5);
    });
  }
  // Abramowitz & Stegun table 26.1: the normal distribution function at 1 and 2.
  const exact = run(() => activate(tf.tensor1d([1, -1, 2]), 'gelu'));
  [0.8413447, -0.1586553, 2 * 0.9772499].forEach((expected, i) => {
    expect(exact[i]).toBeCloseTo(expected, 5);
  });
});

test('experts: the k most probable keep their weights, the others have none; normalised they sum to 1', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 8 }),
      fc.boolean(),
      fc.nat(1000),
      (count, k, scaled, seed) => {
        const perToken = Math.min(k, count);
        const logits = noise(count, seed + 1);
        const got = run(() => chooseExperts(tf.tensor2d(logits, [1, count]), perToken, scaled));
        const all = logits.reduce((sum, x) => sum + Math.exp(x), 0);
        const best = [...logits.keys()].sort((a, b) => logits[b] - logits[a]).slice(0, perToken);
        const kept = best.reduce((sum, e) => sum + Math.exp(logits[e]) / all, 0);
        got.forEach((weight, e) => {
          const expected = best.includes(e)
            ? Math.exp(logits[e]) / all / (scaled && perToken < count ? kept : 1)
            : 0;
          expect(weight).toBeCloseTo(expected, 5);
        });
      },
    ),
  );
});
