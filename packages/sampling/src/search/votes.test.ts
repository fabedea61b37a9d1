import { expect, it } from 'vitest';
import { bestOfN } from './best-of-n.ts';
import { aheadProbability, selfConsistency } from './self-consistency.ts';

it('best of n is the argmax, the lowest lane among equals, at any concurrency', async () => {
  const scores = [1, 4, 2, 4, 0];
  for (const concurrency of [1, 2, 5]) {
    const { best, candidates, klBound } = await bestOfN((lane) => lane, {
      n: 5,
      score: (lane) => scores[lane],
      concurrency,
    });
    expect(best).toBe(1);
    expect(candidates.map((c) => c.score)).toEqual(scores);
    expect(klBound).toBeCloseTo(Math.log(5) - 4 / 5, 12);
  }
});

it('the law of best of n of continuous scores is n F^(n-1): its KL is the bound', async () => {
  // For two candidates among the values 0 .. 9, equally likely: P(max = k) = (2k + 1) / 100.
  const counts = new Array<number>(10).fill(0);
  for (let a = 0; a < 10; a++)
    for (let b = 0; b < 10; b++)
      counts[(await bestOfN((lane) => [a, b][lane], { n: 2, score: (x) => x })).best]++;
  expect(counts).toEqual(Array.from({ length: 10 }, (_, k) => 2 * k + 1));
});

it('a weighted vote adds scores of the same answer', async () => {
  const field = [
    { a: 'x', s: 3 },
    { a: 'y', s: 2 },
    { a: 'y', s: 2 },
  ];
  const { best } = await bestOfN((lane) => field[lane], { n: 3, score: (c) => c.s, answer: (c) => c.a });
  expect(best).toBe(field[1]);
  await expect(bestOfN((lane) => lane, { n: 1, score: () => -1, answer: () => '' })).rejects.toThrow(
    'score: expected a number >= 0',
  );
  await expect(bestOfN((lane) => lane, { n: 1, score: () => Number.NaN })).rejects.toThrow('score');
});

it('stopping early never changes the winner: all sequences of 6 votes over 3 answers', async () => {
  for (let code = 0; code < 3 ** 6; code++) {
    const votes = Array.from({ length: 6 }, (_, i) => 'abc'[Math.floor(code / 3 ** i) % 3]);
    const { answer, draws } = await selfConsistency((lane) => ({ answer: votes[lane] }), { n: 6 });
    const count = (x: string) => votes.filter((v) => v === x).length;
    expect(count(answer as string)).toBe(Math.max(...['a', 'b', 'c'].map(count)));
    expect(draws).toBeLessThanOrEqual(6);
  }
});

it('ties go to the larger logprob; texts without an answer do not vote', async () => {
  const votes = [{ answer: 'a', logprob: -5 }, { answer: undefined }, { answer: 'b', logprob: -1 }];
  const consensus = await selfConsistency((lane) => votes[lane], { n: 3 });
  expect(consensus.answer).toBe('b');
  expect((await selfConsistency(() => ({ answer: undefined }), { n: 2 })).answer).toBeUndefined();
});

it('the posterior of being ahead is a binomial sum, and enough confidence stops', async () => {
  expect(aheadProbability(0, 0)).toBe(0.5);
  expect(aheadProbability(4, 0)).toBeCloseTo(1 - 2 ** -5, 12);
  expect(aheadProbability(1, 3) + aheadProbability(3, 1)).toBeCloseTo(1, 12);
  const { draws } = await selfConsistency(() => ({ answer: 'x' }), { n: 40, confidence: 0.95 });
  expect(draws).toBe(4);
});
