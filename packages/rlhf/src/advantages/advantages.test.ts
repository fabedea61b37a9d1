import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { generalizedAdvantages } from './gae.ts';
import { groupRelativeAdvantages } from './group-relative.ts';
import { nextKlCoefficient, tokenRewards } from './kl-controller.ts';
import { leaveOneOutAdvantages } from './leave-one-out.ts';
import { cosineLengthReward, repetitionPenalty, softOverlongPenalty } from './reward-shaping.ts';

const near = (got: readonly number[], want: readonly number[], digits = 6): void => {
  expect(got).toHaveLength(want.length);
  want.forEach((w, i) => {
    expect(got[i]).toBeCloseTo(w, digits);
  });
};

describe('group advantages', () => {
  test('published values: GRPO with Bessel, Dr. GRPO, RLOO', () => {
    near(groupRelativeAdvantages([1, 0, 0, 1], { groupSize: 4 }), [0.865875, -0.865875, -0.865875, 0.865875]);
    near(
      groupRelativeAdvantages([1, 0, 0, 1], { groupSize: 4, normalizeByStd: false }),
      [0.5, -0.5, -0.5, 0.5],
    );
    near(leaveOneOutAdvantages([1, 0, 0, 1], { groupSize: 4 }), [2 / 3, -2 / 3, -2 / 3, 2 / 3]);
  });
  test('sum to zero in every group and ignore a constant', () => {
    const rewards = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(rewards, fc.double({ min: -9, max: 9, noNaN: true }), (r, c) => {
        for (const f of [groupRelativeAdvantages, leaveOneOutAdvantages]) {
          const a = f(r, { groupSize: 3 });
          expect(a[0] + a[1] + a[2]).toBeCloseTo(0, 6);
          near(
            f(
              r.map((x) => x + c),
              { groupSize: 3 },
            ),
            a,
            4,
          );
        }
      }),
    );
  });
  test('an answer that could not be scored gets 0 and moves nobody', () => {
    near(
      groupRelativeAdvantages([1, Number.NaN, 0], { groupSize: 3, normalizeByStd: false }),
      [0.5, 0, -0.5],
    );
    expect(() => groupRelativeAdvantages([1, 2, 3], { groupSize: 2 })).toThrow(
      'groupSize: expected a divisor of 3',
    );
  });
});

describe('GAE', () => {
  test('published values, whitened too', () => {
    const [rewards, values] = [[[-0.01, -0.02, 0.005, 1]], [[0.2, 0.3, 0.5, 0.7]]];
    near(generalizedAdvantages(rewards, values, undefined).advantages[0], [0.703225, 0.6455, 0.49, 0.3]);
    near(
      generalizedAdvantages(rewards, values, undefined, { whiten: true }).advantages[0],
      [0.933671, 0.613895, -0.247518, -1.300048],
    );
    const torchtune = generalizedAdvantages([[0, 0, 0, 1]], [[0, 0, 0, 1]], undefined, {
      gamma: 0.9,
      lambda: 0.95,
    });
    near(torchtune.returns[0], [0.6579225, 0.7695, 0.9, 1]);
  });
  test('masked tokens are stepped over: their values do not matter', () => {
    const run = (junk: number) =>
      generalizedAdvantages([[0.1, junk, 0.2, 1]], [[0.5, junk, 0.4, 0.3]], [[1, 0, 1, 1]], { gamma: 0.9 })
        .advantages[0];
    expect(run(7)).toEqual(run(-100));
    const short = generalizedAdvantages([[0.1, 0.2, 1]], [[0.5, 0.4, 0.3]], undefined, { gamma: 0.9 })
      .advantages[0];
    near([run(0)[0], run(0)[2], run(0)[3]], short);
  });
});

test('the KL controller gives the published values and token rewards put the score on the last drawn token', () => {
  const at = (kl: number): number => nextKlCoefficient(0.15, kl, 512);
  near([at(12), at(6), at(3)], [0.151536, 0.15, 0.15 * (1 - (0.2 * 512) / 10000)]);
  near(tokenRewards([[-1, -1, -9]], [[-1.5, -1, 0]], [[1, 1, 0]], [2], 0.1)[0], [-0.05, 2, 0]);
});

test('reward shaping gives the published values', () => {
  expect(softOverlongPenalty(90, 100, 20)).toBe(-0.5);
  expect([softOverlongPenalty(80, 100, 20), softOverlongPenalty(101, 100, 20)]).toEqual([0, -1]);
  expect(repetitionPenalty([5, 5, 5, 5, 5], 2)).toBe(-0.75);
  expect(cosineLengthReward(25, true, { maxLength: 100 })).toBeCloseTo(0.92678, 5);
});
