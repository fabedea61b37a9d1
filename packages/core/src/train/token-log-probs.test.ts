import fc from 'fast-check';
import { expect, test } from 'vitest';
import { roundedUp } from './token-log-probs.ts';

test('a rounded count is no smaller, at most a 16th larger, and one of few', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1 << 22 }), (count) => {
      const size = roundedUp(count);
      expect(size).toBeGreaterThanOrEqual(Math.max(1, count));
      expect(size).toBeLessThanOrEqual(Math.max(1, count + count / 16));
      expect(roundedUp(size)).toBe(size);
    }),
  );
  const sizes = new Set(Array.from({ length: 4096 }, (_, i) => roundedUp(4096 + i)));
  expect(sizes.size).toBeLessThanOrEqual(17);
});
