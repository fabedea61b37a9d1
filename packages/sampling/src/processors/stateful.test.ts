import { expect, it } from 'vitest';
import { createRandom } from '../random.ts';
import { type SamplerOptions, sampler } from '../sampler.ts';

const zipf = (size: number, exponent: number): Float64Array =>
  Float64Array.from({ length: size }, (_, i) => -exponent * Math.log(i + 1));
const random = createRandom(31);
const rowAt = (step: number): Float64Array =>
  Float64Array.from({ length: 60 }, (_, i) => 6 * random.uniform('draw', step, i));

const stateful: Record<string, SamplerOptions> = {
  'mirostat 1': { mirostat: { version: 1, tau: 2 }, seed: 3 },
  'mirostat 2': { mirostat: { version: 2, tau: 2 }, seed: 3 },
  'adaptive-p': { topK: 20, adaptiveP: { target: 0.2, decay: 0.8 }, seed: 3 },
  'all that looks back': {
    temperature: 0.9,
    dynamicTemperature: { range: 0.3 },
    repetitionPenalty: 1.2,
    frequencyPenalty: 0.1,
    dry: { multiplier: 0.8 },
    noRepeatNgram: 4,
    xtc: { probability: 0.5 },
    seed: 3,
  },
};

for (const [name, options] of Object.entries(stateful)) {
  it(`${name}: a rollback takes everything back, to any depth`, () => {
    const s = sampler(options);
    for (const id of [1, 2, 3]) s.accept(id);
    const states = [s.save()];
    const ids: number[] = [];
    for (let i = 0; i < 25; i++) {
      ids.push(s.sample(rowAt(i)).id);
      states.push(s.save());
    }
    for (const depth of [1, 7, 25]) {
      s.rollback(depth);
      expect({ ...s.save(), started: true }).toEqual({ ...states[25 - depth], started: true });
      for (let i = 25 - depth; i < 25; i++) expect(s.sample(rowAt(i)).id).toBe(ids[i]);
    }
  });

  it(`${name}: a clone goes on as the original, and neither moves the other`, () => {
    const s = sampler(options);
    for (let i = 0; i < 5; i++) s.sample(rowAt(i));
    const before = s.save();
    const copy = s.clone();
    expect(copy.save()).toEqual(before);
    const ids = [5, 6, 7].map((i) => copy.sample(rowAt(i)).id);
    expect(s.save()).toEqual(before);
    expect([5, 6, 7].map((i) => s.sample(rowAt(i)).id)).toEqual(ids);
  });

  it(`${name}: what was saved as JSON and loaded goes on the same`, () => {
    const s = sampler(options);
    for (const id of [1, 2]) s.accept(id);
    for (let i = 0; i < 5; i++) s.sample(rowAt(i));
    const t = sampler(options);
    t.load(JSON.parse(JSON.stringify(s.save())));
    expect([5, 6, 7].map((i) => t.sample(rowAt(i)).id)).toEqual([5, 6, 7].map((i) => s.sample(rowAt(i)).id));
    expect(() => sampler({ ...options, seed: 4 }).load(s.save())).toThrow('load: expected seed 4');
    expect(() => sampler({ topK: 2, seed: 3 }).load(s.save())).toThrow('load: expected the state of');
  });
}

for (const version of [1, 2] as const) {
  it(`mirostat ${version}: mu starts at 2 tau and moves by - eta (surprise - tau), for drawn ids only`, () => {
    const s = sampler({ mirostat: { version, tau: 3, eta: 0.2 }, seed: 5 });
    const mu = (): number => (s.save().states[0] as number[]).at(-1) as number;
    s.accept(0);
    expect(mu()).toBe(6);
    for (let i = 0; i < 20; i++) {
      const before = mu();
      const logits = rowAt(i);
      const p = s.law(logits);
      const { id, logprob } = s.sample(logits);
      expect(logprob).toBeCloseTo(Math.log(p[id]), 12);
      expect(mu()).toBeCloseTo(before - 0.2 * (-Math.log2(p[id]) - 3), 12);
    }
  });

  it(`mirostat ${version}: the mean surprise of a Zipf source tends to tau`, () => {
    const s = sampler({ mirostat: { version, tau: 4, eta: 0.1 }, seed: 6 });
    const logits = zipf(5000, 1.1);
    const whole = sampler().law(logits);
    let sum = 0;
    let kept = 0;
    for (let i = 0; i < 1500; i++) {
      const { logprob } = s.sample(logits.slice());
      if (i < 300) continue;
      sum += -(logprob as number) / Math.LN2;
      kept++;
    }
    expect(Math.abs(sum / kept - 4)).toBeLessThan(0.25);
    expect(whole.length).toBe(5000);
  });
}

it('mirostat 1 cuts at k = (e 2^mu / (1 - V^-e))^(1/s) with s from the most likely tokens, and survives a single candidate', () => {
  const [V, exponent] = [3000, 1.3];
  // On an exact Zipf law the estimate is the exponent itself.
  const tau = 3;
  const e = exponent - 1;
  const k = Math.floor(((e * 2 ** (2 * tau)) / (1 - V ** -e)) ** (1 / exponent));
  const law = sampler({ mirostat: { version: 1, tau } }).law(zipf(V, exponent));
  expect(law.filter((p) => p > 0).length).toBe(k);
  expect(sampler({ topK: 1, mirostat: { version: 1 } }).sample(zipf(9, 1)).id).toBe(0);
});

it('adaptive-p: l = 5 - 10 d^2 / (1 + d), and the average holds original probabilities', () => {
  const p = [0.5, 0.3, 0.15, 0.05];
  const logits = (): Float64Array => Float64Array.from(p, Math.log);
  const s = sampler({ adaptiveP: { target: 0.3, decay: 0.5 }, seed: 1 });
  let [sum, weight] = [0.6, 2];
  for (let i = 0; i < 10; i++) {
    const aim = Math.min(1, Math.max(0, 0.6 - sum / weight));
    const w = p.map((x) => {
      const d = Math.abs(x - aim) / 0.3;
      return Math.exp(5 - (10 * d * d) / (1 + d));
    });
    const z = w.reduce((a, b) => a + b, 0);
    s.law(logits()).forEach((q, id) => {
      expect(q).toBeCloseTo(w[id] / z, 12);
    });
    const { id } = s.sample(logits());
    [sum, weight] = [p[id] + 0.5 * sum, 1 + 0.5 * weight];
  }
});

it('what makes its own law must come last', () => {
  expect(() => sampler({ mirostat: {}, adaptiveP: { target: 0.5 } })).toThrow(
    'chain: mirostat must be the last step before the draw',
  );
  expect(() => sampler({ mirostat: {}, topK: 3, order: ['mirostat', 'topK'] })).toThrow('must be the last');
});
