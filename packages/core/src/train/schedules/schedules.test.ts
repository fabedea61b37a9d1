import fc from 'fast-check';
import { expect, test } from 'vitest';
import { constantSchedule } from './constant.ts';
import { cosineSchedule } from './cosine.ts';
import { linearSchedule } from './linear.ts';
import { warmupStableDecaySchedule } from './warmup-stable-decay.ts';

const settings = fc
  .record({
    warmupSteps: fc.nat(50),
    rest: fc.integer({ min: 1, max: 500 }),
    peak: fc.double({ min: 1e-6, max: 1, noNaN: true }),
  })
  .map(({ warmupSteps, rest, peak }) => ({
    warmupSteps,
    totalSteps: warmupSteps + rest,
    peak,
    minimum: peak / 10,
  }));

test('every schedule grows linearly to its peak, falls to its minimum and stays there', () => {
  fc.assert(
    fc.property(settings, (s) => {
      const decaySteps = Math.floor((s.totalSteps - s.warmupSteps) / 2);
      for (const at of [
        cosineSchedule(s),
        linearSchedule(s),
        warmupStableDecaySchedule({ ...s, decaySteps }),
        warmupStableDecaySchedule({ ...s, decaySteps, shape: '1-sqrt' }),
      ]) {
        if (s.warmupSteps > 0) expect(at(s.warmupSteps / 2)).toBeCloseTo(s.peak / 2, 12);
        expect(at(s.warmupSteps)).toBeCloseTo(s.peak, 12);
        expect(at(s.totalSteps)).toBe(s.minimum);
        expect(at(s.totalSteps + 7)).toBe(s.minimum);
        for (let i = s.warmupSteps; i < s.totalSteps; i += 7) {
          expect(at(i)).toBeLessThanOrEqual(s.peak * (1 + 1e-12));
          expect(at(i + 1)).toBeLessThanOrEqual(at(i) * (1 + 1e-12));
        }
      }
    }),
  );
});

test('a constant schedule is constant after its warm-up', () => {
  const at = constantSchedule({ peak: 2, warmupSteps: 4 });
  expect([0, 1, 4, 1000].map(at)).toEqual([0, 0.5, 2, 2]);
});

test('options that make no schedule are refused', () => {
  expect(() => cosineSchedule({ peak: 0, totalSteps: 1 })).toThrow('peak: expected > 0, got 0');
  expect(() => linearSchedule({ peak: 1, totalSteps: 10, warmupSteps: 11 })).toThrow('warmupSteps');
  expect(() => cosineSchedule({ peak: 1, totalSteps: 1, warmup: 3 } as never)).toThrow(
    'unknown option warmup',
  );
});
