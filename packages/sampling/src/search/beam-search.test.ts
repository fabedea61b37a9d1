import { expect, it } from 'vitest';
import { fits } from '../laws/contract.ts';
import { noRepeatNgram } from '../processors/no-repeat-ngram.ts';
import { createRandom } from '../random.ts';
import { beamSearch } from './beam-search.ts';
import { diverseBeamSearch } from './diverse-beam-search.ts';
import type { SequenceModel } from './sequence-model.ts';
import { stochasticBeamSearch } from './stochastic-beam-search.ts';

// A model over 4 ids, fixed by a seed, that sees the last id and the position (else texts with the same transitions
// would tie); id 3 is the end.
const random = createRandom(21);
const logit = (from: number, to: number, position: number): number =>
  3 * random.uniform('draw', from, to) + random.uniform('draw', position, 9, to);
const row = (from: number, position: number): Float64Array =>
  Float64Array.from([0, 1, 2, 3], (to) => logit(from, to, position));
const last = (prefix: readonly number[]): number => (prefix.length === 0 ? 4 : prefix[prefix.length - 1]);
const markov: SequenceModel = { nextLogits: (prefix) => row(last(prefix), prefix.length) };
const logprob = (from: number, to: number, position: number): number =>
  logit(from, to, position) - Math.log(row(from, position).reduce((sum, l) => sum + Math.exp(l), 0));
const sumOf = (prompt: readonly number[], ids: readonly number[]): number =>
  ids.reduce((sum, to, i) => sum + logprob(last([...prompt, ...ids.slice(0, i)]), to, prompt.length + i), 0);

/** All texts of at most `length` ids with their log-probabilities, ended by 3 or by the length. */
function allTexts(length: number, ids: number[] = [], sum = 0): { ids: number[]; logprob: number }[] {
  if (ids.length === length || ids[ids.length - 1] === 3) return [{ ids, logprob: sum }];
  return [0, 1, 2, 3].flatMap((to) =>
    allTexts(length, [...ids, to], sum + logprob(last(ids), to, ids.length)),
  );
}

for (const lengthPenalty of [0, 1, 2])
  it(`as wide as the tree it finds the best texts of all (length penalty ${lengthPenalty})`, async () => {
    const found = await beamSearch(markov, [], {
      beams: 256,
      maxNewTokens: 4,
      eosTokenIds: [3],
      lengthPenalty,
      earlyStopping: 'never',
    });
    const best = allTexts(4)
      .map((text) => ({ ...text, score: text.logprob / text.ids.length ** lengthPenalty }))
      .sort((a, b) => b.score - a.score);
    expect(found.slice(0, 20).map((h) => h.ids)).toEqual(best.slice(0, 20).map((h) => h.ids));
    found.slice(0, 20).forEach((h, i) => {
      expect(h.score).toBeCloseTo(best[i].score, 12);
      expect(h.logprob).toBeCloseTo(best[i].logprob, 12);
      expect(h.finished).toBe(h.ids[h.ids.length - 1] === 3);
    });
  });

it('one beam is greedy', async () => {
  const [best] = await beamSearch(markov, [0], { beams: 1, maxNewTokens: 6 });
  const greedy = [0];
  while (greedy.length < 7) {
    const next = row(last(greedy), greedy.length);
    greedy.push(next.indexOf(Math.max(...next)));
  }
  expect([0, ...best.ids]).toEqual(greedy);
});

it('a score is the sum of the transitions', async () => {
  for (const { ids, logprob: sum } of await beamSearch(markov, [1], {
    beams: 3,
    maxNewTokens: 5,
    eosTokenIds: [3],
  }))
    expect(sum).toBeCloseTo(sumOf([1], ids), 12);
});

it('stopping rules: true ends with the first full set, never finds at least as good a text', async () => {
  const run = (earlyStopping: boolean | 'never') =>
    beamSearch(markov, [], {
      beams: 2,
      maxNewTokens: 8,
      eosTokenIds: [3],
      earlyStopping,
      lengthPenalty: 1.5,
    });
  const [quick, usual, patient] = [await run(true), await run(false), await run('never')];
  expect(Math.max(...quick.map((h) => h.ids.length))).toBeLessThanOrEqual(
    Math.max(...patient.map((h) => h.ids.length)),
  );
  expect(patient[0].score).toBeGreaterThanOrEqual(quick[0].score);
  expect(patient[0].score).toBeGreaterThanOrEqual(usual[0].score);
});

it('processors act on every beam with its own history', async () => {
  for (const { ids } of await beamSearch(markov, [0], {
    beams: 4,
    maxNewTokens: 3,
    processors: [noRepeatNgram({ size: 1 })],
  }))
    expect(new Set([0, ...ids]).size).toBe(4);
});

it('an aborted search throws the reason', async () => {
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(beamSearch(markov, [], { beams: 2, maxNewTokens: 3, signal })).rejects.toThrow('enough');
});

it('one group, or no penalty within one group, is plain beam search', async () => {
  const plain = await beamSearch(markov, [], { beams: 3, maxNewTokens: 4, eosTokenIds: [3] });
  const [group] = await diverseBeamSearch(markov, [], {
    beams: 3,
    groups: 1,
    diversityPenalty: 5,
    maxNewTokens: 4,
    eosTokenIds: [3],
  });
  expect(group).toEqual(plain);
});

it('a large penalty makes the groups choose different ids in every step, and scores stay log-probabilities', async () => {
  const groups = await diverseBeamSearch(markov, [], {
    beams: 3,
    groups: 3,
    diversityPenalty: 100,
    maxNewTokens: 3,
  });
  for (let step = 0; step < 3; step++) expect(new Set(groups.map(([h]) => h.ids[step])).size).toBe(3);
  for (const [{ ids, logprob: sum }] of groups) expect(sum).toBeCloseTo(sumOf([], ids), 12);
  const alike = await diverseBeamSearch(markov, [], {
    beams: 3,
    groups: 3,
    diversityPenalty: 0,
    maxNewTokens: 3,
  });
  expect(new Set(alike.map(([h]) => h.ids.join())).size).toBe(1);
});

it('stochastic beams as wide as the tree draw every text once', async () => {
  const drawn = await stochasticBeamSearch(markov, [], { beams: 500, maxNewTokens: 3, eosTokenIds: [3] });
  const texts = allTexts(3);
  expect(drawn.map((t) => t.ids.join()).sort()).toEqual(texts.map((t) => t.ids.join()).sort());
  for (const { ids, logprob: sum } of drawn)
    expect(sum).toBeCloseTo(texts.find((t) => t.ids.join() === ids.join())?.logprob as number, 12);
});

it('stochastic beams: pairs have the law of draws without replacement, and a narrow beam finds the same texts as a wide one', async () => {
  const texts = allTexts(2);
  const p = texts.map((t) => Math.exp(t.logprob));
  const names = texts.map((t) => t.ids.join());
  const counts = new Array<number>(texts.length ** 2).fill(0);
  const n = 6000;
  for (let lane = 0; lane < n; lane++) {
    const options = { maxNewTokens: 2, eosTokenIds: [3], lane, random };
    const [a, b] = await stochasticBeamSearch(markov, [], { ...options, beams: 2 });
    counts[names.indexOf(a.ids.join()) * texts.length + names.indexOf(b.ids.join())]++;
  }
  const law = p.flatMap((x, i) => p.map((y, j) => (i === j ? 0 : (x * y) / (1 - x))));
  expect(fits(counts, law)).toBe(true);
});
