import fc from 'fast-check';
import { expect, it } from 'vitest';
import { applySteps } from '../apply-steps.ts';
import { sampler } from '../sampler.ts';
import { topK } from './top-k.ts';
import { xtc } from './xtc.ts';

const logits = fc.array(
  fc.integer({ min: -6, max: 6 }).map((x) => x / 2),
  { minLength: 1, maxLength: 12 },
);
const threshold = fc.constantFrom(0.03, 0.07, 0.11, 0.26, 0.49);

it('when its coin falls, of the tokens with p >= threshold only the least likely stays, and all others stay', () => {
  fc.assert(
    fc.property(logits, threshold, fc.integer({ min: 1, max: 4 }), (l, t, minKeep) => {
      const law = sampler().law(Float64Array.from(l));
      const tops = l.flatMap((_, id) => (law[id] >= t ? [id] : [])).sort((a, b) => l[b] - l[a] || a - b);
      const removed = new Set(
        tops.length >= 2 && l.length - tops.length + 1 >= minKeep ? tops.slice(0, -1) : [],
      );
      const want = l.map((x, id) => (removed.has(id) ? -Infinity : x));
      const step = xtc({ probability: 1, threshold: t, minKeep });
      expect([...applySteps([step], Float64Array.from(l))]).toEqual(want);
      // The same on a row that a step has made sparse.
      expect([...applySteps([topK({ k: l.length }), step], Float64Array.from(l))]).toEqual(want);
    }),
  );
});

it('acts exactly when u <= probability, and never for a probability of 0 or a threshold above 0.5', () => {
  const l = Float64Array.of(1, 1, 0);
  const acts = (probability: number, u: number, t = 0.2): boolean =>
    applySteps([xtc({ probability, threshold: t })], l, { random: { uniform: () => u } })[0] === -Infinity;
  expect([acts(0.3, 0.3), acts(0.3, 0.3000001), acts(1, 0.999), acts(0, 1e-300), acts(1, 0.1, 0.51)]).toEqual(
    [true, false, true, false, false],
  );
});

it('acts as often as its probability says: 20,000 positions, five standard errors', () => {
  const s = sampler({ xtc: { probability: 0.3, threshold: 0.2 }, seed: 9 });
  let hits = 0;
  const n = 20_000;
  for (let i = 0; i < n; i++) {
    if (s.law(Float64Array.of(1, 1, 0))[0] === 0) hits++;
    s.accept(0);
  }
  expect(Math.abs(hits - 0.3 * n)).toBeLessThan(5 * Math.sqrt(n * 0.3 * 0.7));
});

it('probability takes 0 and 1, threshold 1 and not 0; nothing beyond', () => {
  for (const probability of [0, 1]) expect(xtc({ probability, threshold: 1 }).name).toBe('xtc');
  for (const probability of [-0.01, 1.01])
    expect(() => xtc({ probability })).toThrow('probability: expected 0 <= probability <= 1');
  for (const threshold of [0, 1.01])
    expect(() => xtc({ probability: 1, threshold })).toThrow('threshold: expected 0 < threshold <= 1');
});
