// Faults of other libraries, each named, that must not come back here. Sources: shared/anchors/sampling.md.
import { expect, it } from 'vitest';
import { applySteps } from './apply-steps.ts';
import { entropyOf } from './entropy.ts';
import { EmptySupportError, InvalidLogitsError } from './errors.ts';
import { adaptiveP } from './processors/adaptive-p.ts';
import { minP } from './processors/min-p.ts';
import { mirostat } from './processors/mirostat.ts';
import { topK } from './processors/top-k.ts';
import { topP } from './processors/top-p.ts';
import { typicalP } from './processors/typical-p.ts';
import { createRow, loadRow } from './row.ts';
import { sampler } from './sampler.ts';
import { createHistory } from './token-history.ts';

const kept = (l: ArrayLike<number>): number[] =>
  Array.from(l).flatMap((x, id) => (x > -Infinity ? [id] : []));
const context = { history: createHistory(), uniform: () => 0.5 };

it('transformers.js accepts top-p and min-p and ignores them: here each acts, and an unknown option throws', () => {
  const l = (): Float32Array => Float32Array.of(3, 2, 1, 0);
  expect(sampler({ topP: 0.5 }).law(l())[3]).toBe(0);
  expect(sampler({ minP: 0.5 }).law(l())[3]).toBe(0);
  expect(() => sampler({ top_p: 0.5 } as object)).toThrow('sampler: unknown option top_p');
  expect(() => topP({ p: 0.5, min_tokens_to_keep: 1 } as never)).toThrow(
    'topP: unknown option min_tokens_to_keep',
  );
});

it('node-llama-cpp built top-p only for p >= 1: here p < 1 cuts and p = 1 does not', () => {
  const l = Float32Array.of(3, 2, 1, 0);
  expect(kept(applySteps([topP({ p: 0.85 })], l))).toEqual([0, 1]);
  expect(kept(applySteps([topP({ p: 1 })], l))).toEqual([0, 1, 2, 3]);
});

it('llama.cpp takes 0 ln 0 = NaN into typical: here an underflowed probability has no surprise to add', () => {
  const row = createRow();
  loadRow(row, Float32Array.of(0, -1, -2000, -Infinity));
  const h = entropyOf(row);
  const p = 1 / (1 + Math.exp(-1));
  expect(h).toBeCloseTo(-p * Math.log(p) - (1 - p) * Math.log(1 - p), 12);
  expect(kept(applySteps([typicalP({ p: 0.5 })], Float32Array.of(0, -1, -2000, -Infinity)))).toEqual([0]);
});

it('llama.cpp mirostat v1 clone writes into its source: here the source keeps its mu', () => {
  const source = mirostat({ version: 1, tau: 2 });
  source.state?.accept(0, 0.01);
  const saved = source.state?.save();
  const copy = source.state?.clone();
  copy?.state?.accept(0, 0.9);
  expect(source.state?.save()).toEqual(saved);
  expect(copy?.state?.save()).not.toEqual(saved);
});

it('llama.cpp adaptive-p clone forgets: here the copy has the average', () => {
  const source = adaptiveP({ target: 0.4 });
  const row = createRow();
  loadRow(row, Float64Array.of(0, 1));
  source.process(row, context);
  source.state?.accept(1, 0.5);
  expect(source.state?.clone().state?.save()).toEqual(source.state?.save());
});

it('llama.cpp divides 0 by 0 in mirostat v1 with one candidate: here it is drawn', () => {
  expect(sampler({ mirostat: { version: 1 } }).sample(Float32Array.of(-Infinity, 2)).id).toBe(1);
});

it('llama.cpp can draw a -Infinity token at index 0 when u = 0: here no uniform is 0 and no weight of 0 is drawn', () => {
  const s = sampler({ random: { uniform: () => 0 } });
  expect(s.sample(Float32Array.of(-Infinity, -Infinity, 1)).id).toBe(2);
  expect(sampler({ random: { uniform: () => 1 - 2 ** -53 } }).sample(Float32Array.of(1, -Infinity)).id).toBe(
    0,
  );
});

it('llama.cpp lets NaN win at index 0 and returns the last token for an empty row: here both are typed errors', () => {
  expect(() => sampler({ greedy: true }).sample(Float32Array.of(Number.NaN, 1))).toThrow(InvalidLogitsError);
  const empty = (): Float32Array => new Float32Array(4).fill(-Infinity);
  for (const options of [{}, { greedy: true }, { topK: 3 }, { temperature: 0.5 }, { mirostat: {} }])
    expect(() => sampler(options).sample(empty())).toThrow(EmptySupportError);
});

it('llama.cpp casts NaN and -Infinity to int in its bucket sort: here a wide top-k has none of it', () => {
  const l = Float32Array.from({ length: 4000 }, (_, i) => (i % 2 ? -Infinity : i / 100));
  expect(kept(applySteps([topK({ k: 1000 })], l))).toEqual(
    Array.from({ length: 1000 }, (_, i) => 2000 + 2 * i),
  );
  l[7] = Number.NaN;
  expect(() => applySteps([topK({ k: 1000 })], l)).toThrow(InvalidLogitsError);
});

it('llama.cpp and Hugging Face disagree on {.3, .1, .1, .5} at p = .8 in f32: here it is {0, 3} in both precisions', () => {
  const p = [0.3, 0.1, 0.1, 0.5];
  expect(kept(applySteps([topP({ p: 0.8 })], Float32Array.from(p, Math.log)))).toEqual([0, 3]);
  expect(kept(applySteps([topP({ p: 0.8 })], Float64Array.from(p, Math.log)))).toEqual([0, 3]);
});

it('llama.cpp and web-llm differ between > and >= at thresholds on the GPU: here a token at the min-p threshold stays', () => {
  expect(kept(applySteps([minP({ p: Math.exp(-1) })], Float32Array.of(2, 1, 0.5)))).toEqual([0, 1]);
});

it('Megatron-LM cuts the tail in a bf16 sum over 131,072 entries: here the mass reaches p', () => {
  const law = sampler({ topP: 0.95 }).law(new Float32Array(131_072));
  const n = law.filter((x) => x > 0).length;
  expect(n).toBe(Math.ceil((0.95 - 2 ** -22) * 131_072));
});

it('node-llama-cpp and llama.cpp seed xtc like the draw: here the streams differ', () => {
  const asked: string[] = [];
  sampler({
    xtc: { probability: 0.5 },
    random: {
      uniform: (stream) => {
        asked.push(stream);
        return 0.5;
      },
    },
  }).sample(Float32Array.of(1, 1, 0));
  expect(asked).toEqual(['xtc', 'draw']);
});

it('vLLM 50440 gives every prompt of a batch the same noise for one seed, tf.multinomial every row: here lanes differ', () => {
  const flat = (): Float32Array => new Float32Array(1000);
  const s = sampler({ seed: 1 });
  const ids = Array.from({ length: 8 }, (_, lane) => s.fork(lane).sample(flat()).id);
  expect(new Set(ids).size).toBeGreaterThan(6);
});

it('the ids of a lane do not depend on how many lanes there are, nor on the order of the calls', () => {
  const row = (i: number): Float32Array =>
    Float32Array.from({ length: 50 }, (_, id) => Math.sin(id * (i + 1)));
  const run = (lanes: number[]): Map<number, number[]> => {
    const s = sampler({ seed: 2, temperature: 1.5 });
    const forks = lanes.map((lane) => [lane, s.fork(lane)] as const);
    const out = new Map<number, number[]>(lanes.map((lane) => [lane, []]));
    for (let i = 0; i < 10; i++)
      for (const [lane, fork] of forks) out.get(lane)?.push(fork.sample(row(i)).id);
    return out;
  };
  expect(run([3, 0, 7]).get(7)).toEqual(run([7]).get(7));
});

it('an f32 exponential noise of 0xFFFFFFFF is +Infinity and always wins (sglang 25106): here the largest uniform gives finite noise', () => {
  const s = sampler({
    draw: 'gumbel',
    random: { uniform: (_s, _p, _l, id) => (id === 0 ? 1 - 2 ** -53 : 0.5) },
  });
  expect(s.sample(Float32Array.of(-100, 0)).id).toBe(1);
});
