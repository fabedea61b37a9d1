import { expect, it } from 'vitest';
import { orderPresets } from './order.ts';
import { topK } from './processors/top-k.ts';
import { type SamplerOptions, sampler } from './sampler.ts';
import { processorsOf, type StepOptions, stepOptionNames } from './sampler-options.ts';

const everything: StepOptions = {
  temperature: 0.8,
  dynamicTemperature: { range: 0.1 },
  topK: 40,
  topP: 0.9,
  minP: 0.05,
  typicalP: 0.9,
  epsilonCutoff: 3e-4,
  etaCutoff: 3e-4,
  topH: 0.9,
  pLess: true,
  topNSigma: 2,
  minKeep: 2,
  xtc: { probability: 0.5 },
  mirostat: {},
  repetitionPenalty: 1.1,
  frequencyPenalty: 0.1,
  presencePenalty: 0.1,
  penaltyLastN: 32,
  dry: { multiplier: 0.8 },
  noRepeatNgram: 3,
  encoderRepetitionPenalty: 1.2,
  encoderNoRepeatNgram: 3,
  badWords: [[1]],
  sequenceBias: [[[1], 1]],
  logitBias: { 1: 1 },
  allowedIds: [1, 2],
  suppressIds: [3],
  beginSuppressIds: [4],
  minNewTokens: 3,
  exponentialDecayLength: { start: 3, factor: 1.1 },
  eosTokenIds: [0],
  forcedIds: [[0, 1]],
  guidance: { scale: 1.5, unconditional: () => new Float32Array(8) },
  dropInvalid: true,
  constraint: { ...topK({ k: 1 }), name: 'constraint' },
};

it('every preset orders every step, and every option makes its step act', () => {
  const names = [...orderPresets.hf].sort();
  for (const order of Object.values(orderPresets)) expect([...order].sort()).toEqual(names);
  for (const order of ['hf', 'llamacpp', 'vllm'] as const) {
    const steps = processorsOf({ ...everything, order });
    // suppressIds and beginSuppressIds are the same step twice; adaptiveP cannot stand beside mirostat.
    expect(steps.length).toBe(names.length - 1);
  }
  expect(processorsOf({ adaptiveP: { target: 0.3 } }).map((s) => s.name)).toEqual(['adaptiveP']);
  expect(stepOptionNames.filter((name) => !(name in everything)).sort()).toEqual(['adaptiveP', 'order']);
});

it('presets put the temperature where their library has it', () => {
  const names = (order: StepOptions['order']) =>
    processorsOf({
      temperature: 0.7,
      topK: 5,
      topP: 0.9,
      minP: 0.1,
      repetitionPenalty: 1.2,
      logitBias: { 1: 1 },
      order,
    }).map((step) => step.name);
  expect(names('hf')).toEqual(['logitBias', 'penalties', 'temperature', 'topK', 'topP', 'minP']);
  expect(names('llamacpp')).toEqual(['logitBias', 'penalties', 'topK', 'topP', 'minP', 'temperature']);
  expect(names('vllm')).toEqual(['logitBias', 'penalties', 'temperature', 'minP', 'topK', 'topP']);
  expect(names(['minP', 'temperature', 'topP', 'topK', 'penalties', 'logitBias'])[0]).toBe('minP');
});

it('the order matters for top-p, not for top-k', () => {
  const l = (): Float64Array => Float64Array.of(2, 1, 0, -1);
  const kept = (o: SamplerOptions): number =>
    sampler(o)
      .law(l())
      .filter((p) => p > 0).length;
  expect(kept({ temperature: 2, topP: 0.8, order: 'hf' })).toBe(3);
  expect(kept({ temperature: 2, topP: 0.8, order: 'llamacpp' })).toBe(2);
  const a = sampler({ temperature: 2, topK: 2, order: 'hf' }).law(l());
  const b = sampler({ temperature: 2, topK: 2, order: 'llamacpp' }).law(l());
  for (let id = 0; id < 4; id++) expect(a[id]).toBeCloseTo(b[id], 12);
});

it('what cannot act throws', () => {
  const refused: [SamplerOptions, string][] = [
    [{ penaltyLastN: 3 }, 'penaltyLastN: has no effect without one of penalties'],
    [{ eosTokenIds: [1] }, 'eosTokenIds: has no effect without one of minNewTokens, exponentialDecayLength'],
    [{ minKeep: 3 }, 'minKeep: has no effect without one of'],
    [{ minNewTokens: 3 }, 'eosTokenIds: expected at least one id, got none'],
    [{ topK: 3, topP: 0.5, order: ['topK'] }, 'order: topP is asked for but not in the list'],
    [{ topK: 3, order: ['topK', 'topK'] }, 'order: expected each step once'],
    [{ topK: 3, order: ['topK', 'topQ' as 'topK'] }, 'order: unknown step topQ'],
    [{ topK: 3, order: 'ollama' as 'hf' }, 'order: expected one of hf, llamacpp, vllm or a list, got ollama'],
    [{ topK: 3, processors: [] }, 'processors: expected no other step, got topK'],
    [{ greedy: true, draw: 'gumbel' }, 'greedy, draw: expected one of the two'],
    [{ draw: 'beam' as 'gumbel' }, "draw: expected 'greedy', 'categorical' or 'gumbel', got beam"],
    [{ seed: 1, random: { uniform: () => 0.5 } }, 'seed, random: expected one of the two'],
    [{ topLogprobs: 3 }, 'topLogprobs: has no effect without logprobs'],
    [{ logprobs: 'all' as 'raw' }, "logprobs: expected 'raw' or 'processed', got all"],
    [{ lane: -1 }, 'lane: expected an integer >= 0, got -1'],
    [{ pLess: false as never }, 'pLess: expected true, got false'],
    [{ topK: 2.5 }, 'topK: expected an integer >= 1, got 2.5'],
    [{ topP: Number.NaN }, 'topP: expected 0 <= p <= 1, got NaN'],
    [{ minP: -0.1 }, 'minP: expected 0 <= p < Infinity, got -0.1'],
    [{ typicalP: 0 }, 'typicalP: expected 0 < p <= 1, got 0'],
    [{ temperature: '1' as never }, 'temperature: expected 0 <= temperature < Infinity, got 1'],
    [{ xtc: { probability: 2 } }, 'probability: expected 0 <= probability <= 1, got 2'],
    [{ dry: { multiplier: 0 } }, 'multiplier: expected 0 < multiplier < Infinity, got 0'],
    [{ mirostat: { version: 3 as 2 } }, 'version: expected 1 or 2, got 3'],
    [{ mirostat: { version: 2, m: 5 } }, 'm: version 2 of mirostat has no m'],
  ];
  for (const [options, message] of refused) expect(() => sampler(options)).toThrow(message);
});

it('describe prints the chain in force', () => {
  expect(sampler({ temperature: 0.8, topK: 40, order: 'llamacpp', greedy: true }).describe()).toBe(
    'topK(k=40) -> temperature(temperature=0.8) -> greedy',
  );
  expect(sampler({ processors: [topK({ k: 2 })], draw: 'gumbel' }).describe()).toBe('topK(k=2) -> gumbel');
  expect(sampler({ suppressIds: Array.from({ length: 30 }, (_, i) => i) }).describe()).toContain('...');
});

it('explain books every removed token to a step, with its mass, and changes nothing', () => {
  const s = sampler({ suppressIds: [0], topK: 4, minP: 0.2, mirostat: { tau: 1 } });
  const logits = Float64Array.from([0.3, 0.25, 0.2, 0.1, 0.08, 0.05, 0.02, 0], Math.log);
  const before = s.save();
  const copy = logits.slice();
  const { steps, removedBy, keptMass } = s.explain(logits);
  expect(s.save()).toEqual(before);
  expect(logits).toEqual(copy);
  expect(steps.map((step) => step.step)).toEqual(['suppressIds', 'topK', 'minP', 'mirostat']);
  expect(steps[0].removedMass).toBeCloseTo(0.3, 12);
  expect(steps[1]).toMatchObject({ removed: 2, survivors: 4 });
  expect(steps[1].removedMass).toBeCloseTo(0.07 / 0.7, 12);
  expect([0, 1, 5, 6, 7].map(removedBy)).toEqual(['suppressIds', undefined, 'topK', 'topK', 'input']);
  const law = s.law(logits);
  const alive = [...law].flatMap((p, id) => (p > 0 ? [id] : []));
  expect([0, 1, 2, 3, 4, 5, 6, 7].filter((id) => removedBy(id) === undefined)).toEqual(alive);
  expect(keptMass).toBeCloseTo(
    alive.reduce((sum, id) => sum + Math.exp(logits[id]), 0),
    12,
  );
  expect(() => removedBy(8)).toThrow('id: expected 0 <= id < 8, got 8');
});

it('logprobs: raw are the model’s, processed those of the law, with ranks and the most likely', () => {
  const p = [0.1, 0.4, 0.2, 0.3];
  const logits = (): Float64Array => Float64Array.from(p, Math.log);
  for (let seed = 0; seed < 20; seed++) {
    const options: SamplerOptions = { topK: 3, temperature: 0.5, seed, topLogprobs: 2 };
    const raw = sampler({ ...options, logprobs: 'raw' }).sample(logits());
    const processed = sampler({ ...options, logprobs: 'processed' }).sample(logits());
    expect(processed.id).toBe(raw.id);
    expect(raw.logprob).toBeCloseTo(Math.log(p[raw.id]), 12);
    expect(processed.logprob).toBeCloseTo(
      Math.log(sampler(options.topLogprobs ? { topK: 3, temperature: 0.5 } : {}).law(logits())[raw.id]),
      12,
    );
    expect([raw.rank, processed.rank]).toEqual([[4, 1, 3, 2][raw.id], [4, 1, 3, 2][raw.id]]);
    expect(raw.top?.map((t) => t.id)).toEqual([1, 3]);
    expect(raw.top?.[0].logprob).toBeCloseTo(Math.log(0.4), 12);
    expect(processed.top?.map((t) => t.id)).toEqual([1, 3]);
  }
  expect(sampler({ greedy: true }).sample(logits())).toEqual({ id: 1 });
  expect(sampler({ greedy: true, logprobs: 'processed' }).sample(logits()).logprob).toBeCloseTo(
    Math.log(0.4),
    12,
  );
  expect(sampler().sample(logits()).logprob).toBeLessThan(0);
});

it('accepted ids before the first draw are the prompt, later ones are not', () => {
  const s = sampler({ minNewTokens: 2, eosTokenIds: [0] });
  for (const id of [1, 1, 1]) s.accept(id);
  const row = (): Float32Array => Float32Array.of(50, 0, 0);
  expect(s.sample(row()).id).not.toBe(0);
  s.accept(2); // forced
  expect(s.save().promptLength).toBe(3);
  expect(s.sample(row()).id).toBe(0);
  expect(() => s.rollback(99)).toThrow('rollback: expected 0 <= n <= 6, got 99');
  expect(() => s.accept(-1)).toThrow('id: expected an integer >= 0, got -1');
});
