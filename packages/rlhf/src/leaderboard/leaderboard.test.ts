import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bootstrapRatings, rankByInterval } from './bootstrap.ts';
import { bradleyTerryRatings } from './bradley-terry.ts';
import { davidsonRatings } from './davidson.ts';
import { eloRatings } from './elo.ts';
import { leaderboard, leaderboardPlot } from './leaderboard.ts';
import type { Vote } from './vote.ts';

const votesOf = (wins: Record<string, number>): Vote[] =>
  Object.entries(wins).flatMap(([pair, n]) => {
    const [modelA, modelB] = pair.split(' > ');
    return Array.from({ length: n }, () => ({ modelA, modelB, winner: 'a' }) as const);
  });
// Wikipedia's example: 22 games of four players.
const wikipedia = votesOf({
  'A > B': 2,
  'A > D': 1,
  'B > A': 3,
  'B > C': 5,
  'C > B': 3,
  'C > D': 1,
  'D > A': 4,
  'D > C': 3,
});
const seeded = (seed: number) => () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return (seed + 0.5) / 2 ** 32;
};

describe('Bradley-Terry', () => {
  test('gives the published strengths and likelihood of 22 games', () => {
    const fit = bradleyTerryRatings(wikipedia);
    fit.strengths.forEach((s, i) => {
      expect(Math.exp(s)).toBeCloseTo([0.63983482, 1.0433144, 0.6598102, 2.27037663][i], 5);
    });
    expect(fit.negativeLogLikelihood).toBeCloseTo(13.42845008, 6);
    const errors = [...fit.sandwichErrors.values()].map((e) => (e * Math.LN10) / 400);
    errors.forEach((e, i) => {
      expect(e).toBeCloseTo([0.54429, 0.48461, 0.52812, 0.6239][i], 3);
    });
  });
  test('the order of votes and the side of a model do not matter', () => {
    const mirrored = [...wikipedia]
      .reverse()
      .map((v) => ({ modelA: v.modelB, modelB: v.modelA, winner: 'b' }) as const);
    const [a, b] = [bradleyTerryRatings(wikipedia), bradleyTerryRatings(mirrored)];
    for (const [model, rating] of a.ratings) expect(b.ratings.get(model)).toBeCloseTo(rating, 6);
  });
  test('a model that never lost has no finite rating: it is named, or a ridge holds it', () => {
    const votes = votesOf({ 'A > B': 3, 'B > C': 2, 'C > B': 1 });
    expect(() => bradleyTerryRatings(votes)).toThrow(/no finite rating/);
    expect(bradleyTerryRatings(votes, { ridge: 0.1 }).ratings.get('A')).toBeGreaterThan(1000);
  });
});

test('Davidson without ties is Bradley-Terry; with ties its outcomes are as frequent as seen', () => {
  const [a, b] = [davidsonRatings(wikipedia), bradleyTerryRatings(wikipedia)];
  for (const [model, rating] of b.ratings) {
    expect(a.ratings.get(model)).toBeCloseTo(rating, 3);
    expect(a.standardErrors.get(model)).toBeCloseTo(b.standardErrors.get(model)!, 3);
    expect(a.sandwichErrors.get(model)).toBeCloseTo(b.sandwichErrors.get(model)!, 3);
  }
  const votes: Vote[] = [
    ...votesOf({ 'x > y': 6, 'y > x': 2 }),
    ...Array.from({ length: 4 }, () => ({ modelA: 'x', modelB: 'y', winner: 'tie' }) as const),
  ];
  const fit = davidsonRatings(votes);
  const [x, y] = fit.strengths.map(Math.exp);
  const tie = fit.tieParameter * Math.sqrt(x * y);
  expect(tie / (x + y + tie)).toBeCloseTo(4 / 12, 4);
  expect(x / (x + y + tie)).toBeCloseTo(6 / 12, 4);
});

test("Davidson's errors are those of the multinomial: two models, closed form", () => {
  const outcome = { a: 30, b: 18, tie: 12 } as const;
  const votes = (['a', 'b', 'tie'] as const).flatMap((winner) =>
    Array.from({ length: outcome[winner] }, () => ({ modelA: 'x', modelB: 'y', winner }) as const),
  );
  // theta_x - theta_y is the log of wins over losses, whose variance is 1 / wins + 1 / losses; each strength is half of it.
  const wanted = ((400 / Math.LN10) * Math.sqrt(1 / 30 + 1 / 18)) / 2;
  const fit = davidsonRatings(votes);
  for (const errors of [fit.standardErrors, fit.sandwichErrors]) {
    expect(errors.get('x')).toBeCloseTo(wanted, 4);
    expect(errors.get('y')).toBeCloseTo(wanted, 4);
  }
});

test('votes that are all ties, steps of Elo that are no steps: refused by name', () => {
  const tie = { modelA: 'x', modelB: 'y', winner: 'tie' } as const;
  expect(() => davidsonRatings([tie, tie])).toThrow(/ties only/);
  for (const [option, value] of [
    ['k', 0],
    ['k', -1],
    ['scale', Number.NaN],
    ['base', 1],
    ['initial', Infinity],
  ] as const)
    expect(() => eloRatings(wikipedia, { [option]: value })).toThrow(option);
});

test('Elo moves points from loser to winner and keeps their sum', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(4), fc.nat(4), fc.constantFrom('a', 'b', 'tie')), { minLength: 1 }),
      (games) => {
        const votes = games.flatMap(([a, b, winner]) =>
          a === b ? [] : [{ modelA: `m${a}`, modelB: `m${b}`, winner } as Vote],
        );
        if (votes.length === 0) return;
        const ratings = [...eloRatings(votes, { k: 32 }).values()];
        expect(ratings.reduce((p, q) => p + q, 0)).toBeCloseTo(1000 * ratings.length, 6);
      },
    ),
  );
});

test('bootstrap intervals are reproducible and hold the estimate; ranks follow the intervals', () => {
  const run = () => bootstrapRatings(wikipedia, { random: seeded(1), rounds: 100 });
  expect(run()).toEqual(run());
  const { ratings } = bradleyTerryRatings(wikipedia);
  for (const [model, { lower, upper }] of run()) {
    expect(ratings.get(model)).toBeGreaterThan(lower);
    expect(ratings.get(model)).toBeLessThan(upper);
  }
  const ranks = rankByInterval(
    new Map([
      ['a', { lower: 5, upper: 9 }],
      ['b', { lower: 4, upper: 6 }],
      ['c', { lower: 0, upper: 3 }],
    ]),
  );
  expect([...ranks.values()]).toEqual([1, 1, 3]);
});

test('the table is sorted by rating and its plot names every model as text', () => {
  const rows = leaderboard(votesOf({ '<b> > y': 6, 'y > <b>': 2 }));
  expect(rows.map((r) => r.model)).toEqual(['<b>', 'y']);
  expect(rows[0].winRate).toBe(0.75);
  expect(leaderboardPlot(rows)).toContain('&lt;b&gt;');
  expect(() => leaderboard([])).toThrow('votes: expected at least one');
  expect(() => leaderboard([{ modelA: 'x', modelB: 'x', winner: 'a' }])).toThrow('row 0');
});
