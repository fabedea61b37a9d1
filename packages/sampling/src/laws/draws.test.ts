import { expect, it } from 'vitest';
import { createRandom } from '../random.ts';
import { type SamplerOptions, sampler } from '../sampler.ts';
import { enumerateLaw, fits, subsetSums } from './contract.ts';

// Logits of a toy vocabulary with a tie, a zero and a tail.
const probabilities = [0.05, 0.3, 0.3, 0.2, 0, 0.14, 0.01];
const logits = (): Float64Array => Float64Array.from(probabilities, Math.log);
const prompt = [1, 3, 1, 3, 1];

const strategies: Record<string, SamplerOptions> = {
  categorical: {},
  greedy: { greedy: true },
  temperature: { temperature: 0.7 },
  'temperature 0': { temperature: 0 },
  'dynamic temperature': { dynamicTemperature: { range: 0.5, exponent: 1.3 } },
  'top-k': { topK: 3 },
  'top-k by llama.cpp': { topK: 1, order: 'llamacpp' },
  'top-p': { topP: 0.75 },
  'min-p': { minP: 0.2 },
  typical: { typicalP: 0.6 },
  epsilon: { epsilonCutoff: 0.1 },
  eta: { etaCutoff: 0.3 },
  'top-H': { topH: 0.6 },
  'p-less': { pLess: true },
  'top-n-sigma': { topNSigma: 1 },
  xtc: { xtc: { probability: 0.3, threshold: 0.15 } },
  'mirostat 1': { mirostat: { version: 1, tau: 1 } },
  'mirostat 2': { mirostat: { tau: 1 } },
  'adaptive-p': { adaptiveP: { target: 0.25 } },
  penalties: { repetitionPenalty: 1.3, frequencyPenalty: 0.2, presencePenalty: 0.4 },
  dry: { dry: { multiplier: 0.8, allowedLength: 2 } },
  'no repeated 2-gram': { noRepeatNgram: 2 },
  'bad words': { badWords: [[2], [1, 5]] },
  'sequence bias': { sequenceBias: [[[1, 0], 2]] },
  'logit bias': { logitBias: { 6: 3 } },
  'allowed ids': { allowedIds: [0, 3, 6] },
  suppress: { suppressIds: [1, 2], beginSuppressIds: [3] },
  'min tokens': { minNewTokens: 1, eosTokenIds: [1] },
  forced: { forcedIds: [[0, 5]] },
  decay: { exponentialDecayLength: { start: 0, factor: 1.5 }, eosTokenIds: [6] },
  guidance: { guidance: { scale: 1.5, unconditional: () => Float64Array.of(0, 1, 0, 1, -Infinity, 0, 0) } },
  'the usual chain': { temperature: 0.8, topK: 5, topP: 0.95, minP: 0.05, repetitionPenalty: 1.1 },
};

for (const [name, options] of Object.entries(strategies)) {
  it(`${name}: over all uniforms, a draw has the law of law() to 1e-12`, async () => {
    const start = (random: { uniform: () => number } | undefined) => {
      const { seed: _, ...rest } = options;
      const s = sampler(random === undefined ? rest : { ...rest, random });
      for (const id of prompt) s.accept(id);
      return s;
    };
    const coin = options.xtc?.probability ?? 0.5;
    // xtc has two laws, one for each side of its coin; the others have one.
    const sides = options.xtc ? [coin / 2, (1 + coin) / 2] : [0.5];
    const laws = sides.map((u) => start({ uniform: () => u }).law(logits()));
    const expected = options.xtc ? laws[0].map((p, id) => coin * p + (1 - coin) * laws[1][id]) : laws[0];
    const law = await enumerateLaw(
      (random) => start(random as { uniform: () => number }).sample(logits()).id,
      (stream) => (stream === 'xtc' ? [coin] : laws.flatMap((l) => subsetSums([...l]))),
    );
    for (let id = 0; id < expected.length; id++)
      expect(Math.abs((law.get(String(id)) ?? 0) - expected[id])).toBeLessThan(1e-12);
  });

  if (options.mirostat || options.adaptiveP) continue; // their long run has tests of its own
  it(`${name}: 5,000 draws of each of two seeds fit the law at alpha 1e-6`, () => {
    const coin = options.xtc?.probability ?? 1;
    const side = (u: number) => {
      const s = sampler({ ...options, random: { uniform: () => u } });
      for (const id of prompt) s.accept(id);
      return s.law(logits());
    };
    const [on, off] = [side(coin / 2), side((1 + coin) / 2)];
    const expected = [...on].map((p, id) => coin * p + (1 - coin) * off[id]);
    for (const seed of [1, 2]) {
      const s = sampler({ ...options, seed });
      for (const id of prompt) s.accept(id);
      const counts = new Array<number>(probabilities.length).fill(0);
      for (let lane = 0; lane < 5000; lane++) counts[s.fork(lane).sample(logits()).id]++;
      expect(fits(counts, expected)).toBe(true);
    }
  });
}

it('categorical: 100,000 draws fit the law at alpha 1e-6', () => {
  const s = sampler({ seed: 3 });
  const counts = new Array<number>(probabilities.length).fill(0);
  for (let i = 0; i < 100_000; i++) counts[s.sample(logits()).id]++;
  expect(fits(counts, [...s.law(logits())])).toBe(true);
});

it('gumbel: 10,000 draws of two seeds fit the categorical law at alpha 1e-6', () => {
  for (const seed of [1, 2]) {
    const s = sampler({ draw: 'gumbel', temperature: 0.8, seed });
    const counts = new Array<number>(probabilities.length).fill(0);
    for (let lane = 0; lane < 10_000; lane++) counts[s.fork(lane).sample(logits()).id]++;
    expect(fits(counts, [...s.law(logits())])).toBe(true);
  }
});

it('gumbel: a tail of 262,144 tokens at a gap of 20.5 nats is drawn as often as it should be (vLLM 43150)', () => {
  // Each tail token has noise of its own with 52 random bits; f32 exponentials never reach it. The chance that the
  // tail wins is V e^-20.5 = 3.3e-4 a draw; here the largest noise of the tail is drawn by inversion, so that a
  // hundred thousand draws are cheap.
  const random = createRandom(9);
  const tail = 262_144 * Math.exp(-20.5);
  const n = 100_000;
  let hits = 0;
  for (let i = 0; i < n; i++) {
    const head = -Math.log(-Math.log(random.uniform('draw', i, 0)));
    const rest = Math.log(tail) - Math.log(-Math.log(random.uniform('draw', i, 1)));
    if (rest > head) hits++;
  }
  const expected = (n * tail) / (1 + tail);
  expect(Math.abs(hits - expected)).toBeLessThan(5 * Math.sqrt(expected));
});

it('a chain of two steps is the first and then the second', () => {
  const both = sampler({ topK: 4, minP: 0.3 }).law(logits());
  const first = sampler({ topK: 4 }).law(logits());
  const second = sampler({ minP: 0.3 }).law(first.map(Math.log));
  for (let id = 0; id < both.length; id++) expect(both[id]).toBeCloseTo(second[id], 12);
});
