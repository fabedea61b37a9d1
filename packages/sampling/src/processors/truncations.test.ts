import fc from 'fast-check';
import { expect, it } from 'vitest';
import { applySteps } from '../apply-steps.ts';
import type { Processor } from '../processor.ts';
import { dynamicTemperature } from './dynamic-temperature.ts';
import { epsilonCutoff } from './epsilon-cutoff.ts';
import { etaCutoff } from './eta-cutoff.ts';
import { minP } from './min-p.ts';
import { mirostat } from './mirostat.ts';
import { pLess } from './p-less.ts';
import { temperature } from './temperature.ts';
import { topH } from './top-h.ts';
import { topK } from './top-k.ts';
import { topNSigma } from './top-n-sigma.ts';
import { topP } from './top-p.ts';
import { typicalP } from './typical-p.ts';

const softmax = (l: readonly number[]): number[] => {
  const max = Math.max(...l);
  const w = l.map((x) => Math.exp(x - max));
  const z = w.reduce((a, b) => a + b, 0);
  return w.map((x) => x / z);
};
const entropy = (p: readonly number[]): number =>
  -p.reduce((sum, x) => (x > 0 ? sum + x * Math.log(x) : sum), 0);
const descending = (key: readonly number[]): number[] =>
  key.map((_, i) => i).sort((a, b) => key[b] - key[a] || a - b);
/** The obvious version of every truncation: which ids stay. */
const prefixByMass = (order: readonly number[], p: readonly number[], mass: number): number[] => {
  const kept: number[] = [];
  let sum = 0;
  for (const id of order) {
    kept.push(id);
    sum += p[id];
    if (sum >= mass - 2 ** -22) break;
  }
  return kept;
};

interface Truncation {
  readonly make: (x: number) => Processor;
  readonly parameters: fc.Arbitrary<number>;
  readonly keeps: (l: readonly number[], p: readonly number[], x: number) => number[];
}

const open = fc.double({ min: 0.01, max: 0.99, noNaN: true });
const truncations: Record<string, Truncation> = {
  topK: {
    make: (k) => topK({ k }),
    parameters: fc.integer({ min: 1, max: 40 }),
    keeps: (l, _p, k) => descending(l).slice(0, k),
  },
  'topK with ties': {
    make: (k) => topK({ k, keepTies: true }),
    parameters: fc.integer({ min: 1, max: 40 }),
    keeps: (l, _p, k) => {
      const least = k >= l.length ? -Infinity : l[descending(l)[k - 1]];
      return descending(l).filter((id) => l[id] >= least);
    },
  },
  topP: {
    make: (p) => topP({ p }),
    parameters: open,
    keeps: (l, p, mass) => prefixByMass(descending(l), p, mass),
  },
  'topP that keeps three': {
    make: (p) => topP({ p, minKeep: 3 }),
    parameters: open,
    keeps: (l, p, mass) => descending(l).slice(0, Math.max(3, prefixByMass(descending(l), p, mass).length)),
  },
  minP: {
    make: (p) => minP({ p }),
    parameters: open,
    keeps: (l, _p, x) => descending(l).filter((id) => l[id] >= Math.max(...l) + Math.log(x)),
  },
  typicalP: {
    make: (p) => typicalP({ p }),
    parameters: open,
    keeps: (l, p, mass) =>
      prefixByMass(descending(p.map((x) => -Math.abs(-Math.log(x) - entropy(p)))), p, mass) &&
      typical(l, p, mass),
  },
  epsilonCutoff: {
    make: (epsilon) => epsilonCutoff({ epsilon }),
    parameters: fc.double({ min: 1e-4, max: 0.3, noNaN: true }),
    keeps: (l, p, x) => atLeast(l, p, x),
  },
  etaCutoff: {
    make: (epsilon) => etaCutoff({ epsilon }),
    parameters: fc.double({ min: 1e-4, max: 0.3, noNaN: true }),
    keeps: (l, p, x) => atLeast(l, p, Math.min(x, Math.sqrt(x) * Math.exp(-entropy(p)))),
  },
  topH: {
    make: (x) => topH({ topH: x }),
    parameters: open,
    keeps: (l, p, x) => {
      const order = descending(l);
      let used = 0;
      let n = 0;
      for (const id of order) {
        used += -p[id] * Math.log(p[id]);
        if (n > 0 && used > entropy(p) * (x + 2 ** -22)) break;
        n++;
      }
      return order.slice(0, n);
    },
  },
  pLess: {
    make: () => pLess(),
    parameters: fc.constant(0),
    keeps: (l, p) =>
      atLeast(
        l,
        p,
        p.reduce((sum, x) => sum + x * x, 0),
      ),
  },
  topNSigma: {
    make: (n) => topNSigma({ n }),
    parameters: fc.double({ min: 0.1, max: 3, noNaN: true }),
    keeps: (l, _p, n) => {
      const mean = l.reduce((a, b) => a + b, 0) / l.length;
      const sigma = Math.sqrt(l.reduce((sum, x) => sum + (x - mean) ** 2, 0) / l.length);
      return descending(l).filter((id) => l[id] >= Math.max(...l) - n * sigma);
    },
  },
  'mirostat 2': {
    make: (tau) => mirostat({ tau }),
    parameters: fc.double({ min: 0.05, max: 3, noNaN: true }),
    keeps: (l, p, tau) => {
      const kept = descending(l).filter((id) => -Math.log2(p[id]) <= 2 * tau);
      return kept.length > 0 ? kept : descending(l).slice(0, 1);
    },
  },
};

/** The shortest run by distance of surprise and entropy. */
function typical(l: readonly number[], p: readonly number[], mass: number): number[] {
  const h = entropy(p);
  const distance = l.map((_, id) => -Math.abs(-Math.log(p[id]) - h));
  return prefixByMass(descending(distance), p, mass);
}

function atLeast(l: readonly number[], p: readonly number[], cut: number): number[] {
  const kept = descending(l).filter((id) => p[id] >= cut);
  return kept.length > 0 ? kept : descending(l).filter((id) => l[id] === Math.max(...l));
}

// Distinct multiples of 1/64 (shuffled), so that no oracle decides by rounding; and coarse ones with many ties for
// those that are exact about ties.
const distinct = fc
  .uniqueArray(fc.integer({ min: -300, max: 300 }), { minLength: 1, maxLength: 30 })
  .map((list) => list.map((x) => x / 61));
const tied = fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 30 });

const keptBy = (step: Processor, l: ArrayLike<number>): number[] =>
  [...applySteps([step], Float64Array.from(l))].flatMap((x, id) => (x > -Infinity ? [id] : []));

for (const [name, { make, parameters, keeps }] of Object.entries(truncations)) {
  const exactOnTies = /^top(K|P)|minP/.test(name);
  it(`${name} keeps what its definition says`, () => {
    fc.assert(
      fc.property(exactOnTies ? fc.oneof(distinct, tied) : distinct, parameters, (l, x) => {
        expect(keptBy(make(x), l)).toEqual(keeps(l, softmax(l), x).sort((a, b) => a - b));
      }),
      { numRuns: 300 },
    );
  });

  it(`${name} keeps the values of what it keeps, and keeps something`, () => {
    fc.assert(
      fc.property(tied, parameters, (l, x) => {
        const after = applySteps([make(x)], Float64Array.from(l));
        expect(after.some((v) => v > -Infinity)).toBe(true);
        after.forEach((v, id) => {
          if (v > -Infinity) expect(v).toBe(l[id]);
        });
      }),
    );
  });

  it(`${name} is invariant under a shift and equivariant under a permutation`, () => {
    fc.assert(
      fc.property(distinct, parameters, fc.integer({ min: -50, max: 50 }), (l, x, c) => {
        const kept = keptBy(make(x), l);
        // A threshold hit exactly may fall either way when the logits are shifted: then nothing is claimed.
        fc.pre(
          keptBy(
            make(x),
            l.map((v, i) => v + (i % 2 ? 1e-9 : -1e-9)),
          ).join() === kept.join(),
        );
        expect(
          keptBy(
            make(x),
            l.map((v) => v + c),
          ),
        ).toEqual(kept);
        const reversed = [...l].reverse();
        expect(keptBy(make(x), reversed)).toEqual(kept.map((id) => l.length - 1 - id).reverse());
      }),
    );
  });

  it(`${name} never lets a removed token come back, and keeps the most likely one if it says so`, () => {
    fc.assert(
      fc.property(distinct, parameters, (l, x) => {
        const holes = l.map((v, i) => (i % 3 === 1 ? -Infinity : v));
        const step = make(x);
        const after = applySteps([step], Float64Array.from(holes));
        holes.forEach((v, id) => {
          if (v === -Infinity) expect(after[id]).toBe(-Infinity);
        });
        if (step.argmaxInvariant) expect(after[descending(holes)[0]]).toBe(Math.max(...holes));
      }),
    );
  });

  it(`${name} says the same after another truncation as on the row of the survivors`, () => {
    fc.assert(
      fc.property(distinct, parameters, fc.integer({ min: 1, max: 12 }), (l, x, k) => {
        const dense = applySteps([topK({ k })], Float64Array.from(l));
        expect([...applySteps([topK({ k }), make(x)], Float64Array.from(l))]).toEqual([
          ...applySteps([make(x)], dense),
        ]);
      }),
    );
  });
}

it('top-p: the mass kept reaches p, and without its smallest token it does not', () => {
  fc.assert(
    fc.property(tied, open, (l, x) => {
      const p = softmax(l);
      const kept = keptBy(topP({ p: x }), l);
      const mass = kept.reduce((sum, id) => sum + p[id], 0);
      expect(mass).toBeGreaterThan(x - 2 ** -21);
      expect(mass - Math.min(...kept.map((id) => p[id]))).toBeLessThan(x);
    }),
  );
});

it('top-k of 1 is greedy, of V or more is nothing; top-p and typical of 1 and min-p of 0 are nothing', () => {
  fc.assert(
    fc.property(distinct, (l) => {
      expect(keptBy(topK({ k: 1 }), l)).toEqual([descending(l)[0]]);
      for (const off of [
        topK({ k: l.length }),
        topK({ k: 9999 }),
        topP({ p: 1 }),
        typicalP({ p: 1 }),
        minP({ p: 0 }),
      ])
        expect(keptBy(off, l)).toEqual(l.map((_, id) => id));
      expect(keptBy(topP({ p: 0 }), l)).toEqual([descending(l)[0]]);
      expect(keptBy(minP({ p: 1.05 }), l)).toEqual([descending(l)[0]]);
    }),
  );
});

it('min-p keeps a token exactly at the threshold, on f32 rows too', () => {
  expect(keptBy(minP({ p: 0.5 }), [0, Math.log(0.5), Math.log(0.5) - 1e-9])).toEqual([0, 1]);
});

it('temperature is l / T, its limit 0 the first maximum, and a tiny one does not overflow', () => {
  fc.assert(
    fc.property(tied, fc.constantFrom(0.5, 1, 1.3, 1e-4), (l, t) => {
      const law = softmax([...applySteps([temperature({ temperature: t })], Float64Array.from(l))]);
      softmax(l.map((x) => (x - Math.max(...l)) / t)).forEach((p, id) => {
        expect(law[id]).toBeCloseTo(p, 12);
      });
      expect(keptBy(temperature({ temperature: 0 }), l)).toEqual([descending(l)[0]]);
    }),
  );
  const tiny = applySteps([temperature({ temperature: 1e-38 })], Float32Array.of(100, 99, 100));
  expect(softmax([...tiny])).toEqual([0.5, 0, 0.5]);
});

it('dynamic temperature of range 0 is temperature; a flat row gets the upper end, a single candidate is left alone', () => {
  const l = Float64Array.of(1, 2, 4);
  expect([...applySteps([dynamicTemperature({ temperature: 0.7, range: 0 })], l)]).toEqual([
    ...applySteps([temperature({ temperature: 0.7 })], l),
  ]);
  expect([
    ...applySteps([dynamicTemperature({ temperature: 1, range: 0.5 })], Float64Array.of(3, 3)),
  ]).toEqual([2, 2]);
  expect([...applySteps([dynamicTemperature({ range: 0.5 })], Float64Array.of(-Infinity, 3))]).toEqual([
    -Infinity,
    3,
  ]);
  const h = entropy(softmax([...l])) / Math.log(3);
  expect(applySteps([dynamicTemperature({ temperature: 1, range: 0.5, exponent: 2 })], l)[2]).toBeCloseTo(
    4 / (0.5 + h * h),
    12,
  );
});

it('large k and wide rows go another way to the same set', () => {
  const l = Float32Array.from({ length: 5000 }, (_, i) => Math.sin(i * 12.9898) * 43.75);
  for (const k of [511, 512, 513, 2000, 4999])
    expect(keptBy(topK({ k }), l)).toEqual(
      descending([...l])
        .slice(0, k)
        .sort((a, b) => a - b),
    );
});
