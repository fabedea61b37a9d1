import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { choices, constraint, prepareVocabulary } from './constraints/index.ts';
import { type SamplerOptions, sampler } from './sampler.ts';
import type { TopLogits } from './top-plan.ts';

/** The slow twin of what a device answers. */
function topOf(row: Float32Array, count: number): TopLogits {
  const ids = Int32Array.from(Array.from(row.keys()).sort((a, b) => row[b] - row[a] || a - b)).subarray(
    0,
    count,
  );
  const max = row[ids[0]];
  const logSumExp = max + Math.log(row.reduce((sum, l) => sum + Math.exp(l - max), 0));
  return { ids, logits: Float32Array.from(ids, (id) => row[id]), logSumExp };
}

const size = 300;
// Few values, so that there are ties everywhere; some tokens are forbidden by the model itself.
const logit = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -12, max: 24 }).map((v) => Math.fround(v / 8)) },
  { weight: 4, arbitrary: fc.float({ min: -4, max: 6, noNaN: true }) },
  { weight: 1, arbitrary: fc.constant(-Infinity) },
);
const rows = fc
  .array(logit, { minLength: size, maxLength: size })
  .map((values) => Float32Array.from(values))
  .filter((row) => row.some((value) => value > -Infinity));
const id = fc.nat(size - 1);
const truncation = fc.oneof(
  fc.constant<SamplerOptions>({ greedy: true }),
  fc.constant<SamplerOptions>({ temperature: 0 }),
  fc
    .record<SamplerOptions>(
      {
        topK: fc.integer({ min: 1, max: 60 }),
        temperature: fc.constantFrom(0.3, 0.7, 1, 1.7),
        topP: fc.constantFrom(0.5, 0.9, 1),
        minP: fc.constantFrom(0.05, 0.3),
        typicalP: fc.constantFrom(0.4, 0.9),
        order: fc.constantFrom<NonNullable<SamplerOptions['order']>>('hf', 'llamacpp', 'vllm'),
        draw: fc.constantFrom<NonNullable<SamplerOptions['draw']>>('categorical', 'gumbel', 'greedy'),
      },
      { requiredKeys: ['topK'] },
      // vLLM's order has min-p in front of the top-k.
    )
    .map(({ minP, ...rest }) => (minP === undefined || rest.order === 'vllm' ? rest : { ...rest, minP })),
);
const lowering = fc.record<SamplerOptions>(
  {
    repetitionPenalty: fc.constantFrom(1, 1.1, 2),
    frequencyPenalty: fc.constantFrom(0, 0.4),
    presencePenalty: fc.constantFrom(0, 0.9),
    noRepeatNgram: fc.constantFrom(1, 2),
    suppressIds: fc.array(id, { minLength: 1, maxLength: 5 }),
    logitBias: fc.constant({ 3: -1, 9: -Infinity }),
    dry: fc.constant({ multiplier: 0.8 }),
  },
  { requiredKeys: [] },
);
const reporting = fc.constantFrom<SamplerOptions>(
  {},
  { logprobs: 'raw' },
  { logprobs: 'raw', topLogprobs: 5 },
);

describe('a draw from the largest logits', () => {
  it('is the draw from the whole row, or none and nothing has changed', () => {
    let decided = 0;
    let undecided = 0;
    fc.assert(
      fc.property(
        truncation,
        fc.oneof(fc.constant({}), lowering),
        reporting,
        fc.array(rows, { minLength: 1, maxLength: 4 }),
        fc.array(id, { maxLength: 12 }),
        fc.nat(),
        (law, before, reports, steps, prompt, seed) => {
          const options = { ...law, ...before, ...reports, seed };
          const whole = sampler(options);
          const short = sampler(options);
          for (const own of prompt) for (const one of [whole, short]) one.accept(own);
          for (const row of steps) {
            const needed = short.topNeeded();
            if (needed === undefined) throw new Error('expected a chain that the largest logits decide');
            const found = short.sampleTop(topOf(row, needed), size);
            if (found === undefined) undecided++;
            else decided++;
            const drawn = found ?? short.sample(row.slice());
            const { id: expected, logprob, rank, top } = whole.sample(row.slice());
            expect(drawn.id).toBe(expected);
            if (drawn.logprob !== undefined) expect(drawn.logprob).toBeCloseTo(logprob as number, 9);
            expect([drawn.rank, drawn.top?.map((one) => one.id)]).toEqual([rank, top?.map((one) => one.id)]);
          }
          expect(short.save()).toEqual(whole.save());
        },
      ),
      { numRuns: 400 },
    );
    expect(decided).toBeGreaterThan(undecided);
    expect(undecided).toBeGreaterThan(0);
  });

  it('under a constraint is the draw from the whole row where enough allowed ids are among them', () => {
    const letters = Array.from({ length: 100 }, (_, i) =>
      new TextEncoder().encode(i === 0 ? '' : String.fromCharCode(32 + (i % 90))),
    );
    const vocabulary = prepareVocabulary({
      vocabSize: 100,
      tokenBytes: (at) => letters[at],
      eosTokenIds: [0],
    });
    const options: SamplerOptions = {
      greedy: true,
      constraint: constraint(choices(['yes', 'yet', 'no']), vocabulary),
    };
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: -3, max: 3, noNaN: true }), { minLength: 100, maxLength: 100 }),
        (values) => {
          const row = Float32Array.from(values);
          const expected = sampler(options).sample(row.slice()).id;
          const drawn = sampler(options).sampleTop(topOf(row, 63), 100);
          if (drawn !== undefined) expect(drawn).toEqual({ id: expected });
          expect(sampler(options).sampleTop(topOf(row, 100), 100)).toEqual({ id: expected });
        },
      ),
    );
  });

  it('is not offered where the rest of the row has a say', () => {
    const step = (options: SamplerOptions) => sampler(options).topNeeded();
    expect(step({})).toBeUndefined();
    expect(step({ topP: 0.9 })).toBeUndefined();
    expect(step({ topK: 40, repetitionPenalty: 0.9 })).toBeUndefined();
    expect(step({ topK: 40, logitBias: { 3: 1 } })).toBeUndefined();
    expect(step({ topK: 5000 })).toBeUndefined();
    expect(step({ topNSigma: 1, topK: 40 })).toBeUndefined();
    expect(step({ minP: 0.1, topK: 40, order: 'vllm' })).toBeUndefined();
    expect(step({ greedy: true, logprobs: 'processed' })).toBeUndefined();
    expect([step({ greedy: true }), step({ topK: 40, order: 'llamacpp' }), step({ topK: 40 })]).toEqual([
      1, 40, 41,
    ]);
  });

  it('an infinite logit is left to the whole row, which refuses it', () => {
    const row = Float32Array.of(1, Infinity, 0);
    expect(sampler({ greedy: true }).sampleTop(topOf(row, 1), 3)).toBeUndefined();
  });
});
