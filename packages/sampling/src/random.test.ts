import { expect, it } from 'vitest';
import { createRandom, randomSeed } from './random.ts';
import { randomStream } from './random-stream.ts';

it('is a function of seed, stream, position, lane and index, and depends on each', () => {
  const key = ['draw', 3, 5, 7] as const;
  const u = createRandom(11).uniform(...key);
  const other = createRandom(11);
  other.uniform('xtc', 9, 9, 9);
  expect(other.uniform(...key)).toBe(u);
  expect(createRandom(11n).uniform(...key)).toBe(u);
  const changed = [
    createRandom(12).uniform(...key),
    createRandom(11n + (1n << 32n)).uniform(...key),
    createRandom(11).uniform('xtc', 3, 5, 7),
    createRandom(11).uniform('draw', 4, 5, 7),
    createRandom(11).uniform('draw', 3, 6, 7),
    createRandom(11).uniform('draw', 3, 5, 6),
  ];
  expect(new Set([u, ...changed]).size).toBe(7);
});

it('is uniform on (0, 1): Kolmogorov-Smirnov below the bound of alpha 1e-6', () => {
  const random = createRandom(1);
  const n = 100_000;
  const u = Float64Array.from({ length: n }, (_, i) => random.uniform('draw', i, 0)).sort();
  let distance = 0;
  for (let i = 0; i < n; i++) distance = Math.max(distance, (i + 1) / n - u[i], u[i] - i / n);
  expect(u[0]).toBeGreaterThan(0);
  expect(u[n - 1]).toBeLessThan(1);
  expect(distance * Math.sqrt(n)).toBeLessThan(Math.sqrt(-Math.log(1e-6 / 2) / 2));
});

it('uses all 53 bits: odd multiples of 2^-53', () => {
  const random = createRandom(2);
  for (let i = 0; i < 1000; i++) {
    const k = random.uniform('draw', i, 1) * 2 ** 53;
    expect(Number.isSafeInteger(k) && k % 2 === 1).toBe(true);
  }
});

it('refuses seeds and keys that are no words', () => {
  expect(() => createRandom(-1)).toThrow('seed: expected an integer in [0, 2^64), got -1');
  expect(() => createRandom(1.5)).toThrow('seed');
  expect(() => createRandom(1n << 64n)).toThrow('seed');
  expect(() => createRandom(0).uniform('draw', -1, 0)).toThrow('position');
  expect(() => createRandom(0).uniform('draw', 0, 2 ** 32)).toThrow('lane');
  expect(() => createRandom(0).uniform('draw', 0, 0, 0.5)).toThrow('index');
  expect(createRandom(randomSeed()).uniform('draw', 0, 0)).toBeGreaterThan(0);
});

it('a stream that is restored to a position goes on as before', () => {
  const stream = randomStream(createRandom(3), 'shuffle', 2);
  stream.shuffle([1, 2, 3, 4, 5]);
  const { position } = stream;
  const after = [stream.next(), stream.integer(10), stream.normal()];
  const again = randomStream(createRandom(3), 'shuffle', 2);
  again.position = position;
  expect([again.next(), again.integer(10), again.normal()]).toEqual(after);
});

it('normal numbers have mean 0 and variance 1 within five standard errors', () => {
  const stream = randomStream(createRandom(4), 'normal');
  const n = 20_000;
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < n; i++) {
    const x = stream.normal();
    sum += x;
    squares += x * x;
  }
  expect(Math.abs(sum / n)).toBeLessThan(5 / Math.sqrt(n));
  expect(Math.abs(squares / n - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
});
