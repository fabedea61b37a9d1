import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EmptySupportError, InvalidLogitsError } from './errors.ts';
import { sampler } from './sampler.ts';

const logits = fc.array(fc.float({ min: -8, max: 8, noNaN: true }), { minLength: 1, maxLength: 40 });

it('the law of temperature is softmax(l / T)', () => {
  fc.assert(
    fc.property(logits, fc.constantFrom(0.5, 1.3, 1e-2), (l, temperature) => {
      const law = sampler({ temperature }).law(Float64Array.from(l));
      const max = Math.max(...l);
      const w = l.map((x) => Math.exp((x - max) / temperature));
      const z = w.reduce((a, b) => a + b);
      for (let i = 0; i < l.length; i++) expect(law[i]).toBeCloseTo(w[i] / z, 12);
    }),
  );
});

it('top-k keeps what reaches the k-th largest logit, as Hugging Face does: all of its equals too', () => {
  fc.assert(
    fc.property(logits, fc.integer({ min: 1, max: 45 }), (l, k) => {
      const law = sampler({ topK: k }).law(Float32Array.from(l));
      const rounded = l.map(Math.fround);
      const least = [...rounded].sort((a, b) => b - a)[Math.min(k, l.length) - 1] as number;
      const expected = rounded.flatMap((x, i) => (x >= least ? [i] : []));
      expect([...law].flatMap((p, i) => (p > 0 ? [i] : []))).toEqual(expected);
    }),
  );
});

it('draws the same ids for the same seed, others for another lane, and again after a rollback', () => {
  const row = () => Float32Array.from({ length: 50 }, (_, i) => Math.sin(i));
  const draw = (s: ReturnType<typeof sampler>) => Array.from({ length: 20 }, () => s.sample(row()).id);
  const first = sampler({ seed: 5 });
  const ids = draw(first);
  expect(draw(sampler({ seed: 5 }))).toEqual(ids);
  expect(draw(sampler({ seed: 5 }).fork(1))).not.toEqual(ids);
  expect(draw(sampler({ seed: 5 }).fork(1))).toEqual(draw(sampler({ seed: 5, lane: 1 })));
  first.rollback(20);
  const branch = first.clone();
  expect(draw(first)).toEqual(ids);
  expect(draw(branch)).toEqual(ids);
});

it('refuses NaN, +Infinity, an empty support, unknown options and unusable values by name', () => {
  for (const options of [
    {},
    { topK: 2 },
    { topP: 0.5 },
    { minP: 0.5 },
    { greedy: true },
    { temperature: 0 },
  ]) {
    expect(() => sampler(options).sample(Float32Array.of(0, Number.NaN, 1))).toThrow(InvalidLogitsError);
    expect(() => sampler(options).sample(Float32Array.of(0, Infinity, 1))).toThrow(InvalidLogitsError);
    expect(() => sampler(options).sample(new Float32Array(3).fill(-Infinity))).toThrow(EmptySupportError);
  }
  expect(() => sampler({ topp: 0.9 } as object)).toThrow('sampler: unknown option topp');
  expect(() => sampler({ topP: 1.2 })).toThrow('topP: expected 0 <= p <= 1, got 1.2');
  expect(() => sampler({ topK: 0 })).toThrow('topK: expected an integer >= 1, got 0');
  expect(() => sampler({ temperature: -1 })).toThrow(
    'temperature: expected 0 <= temperature < Infinity, got -1',
  );
});

it('load takes the state of the same seed and lane, and refuses that of another', () => {
  const row = () => Float32Array.of(0, 1, 2, 3);
  const first = sampler({ seed: 5, lane: 2 });
  for (let i = 0; i < 3; i++) first.sample(row());
  const again = sampler({ seed: 5, lane: 2 });
  again.load(first.save());
  expect(again.ids()).toEqual(first.ids());
  expect(again.sample(row()).id).toBe(first.sample(row()).id);
  for (const options of [
    { seed: 6, lane: 2 },
    { seed: 5, lane: 3 },
  ])
    expect(() => sampler(options).load(first.save())).toThrow(
      `load: expected seed ${options.seed} and lane ${options.lane}, got 5 and 2`,
    );
});
