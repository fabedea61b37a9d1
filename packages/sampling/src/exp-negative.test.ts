import { expect, it } from 'vitest';
import { expNegative } from './exp-negative.ts';
import { createRandom } from './random.ts';

it('is exp to 6e-16 relative on [-700, 0], and exp itself below', () => {
  const random = createRandom(5);
  let worst = 0;
  for (let i = 0; i < 200_000; i++) {
    const x = -(random.uniform('draw', i, 0) ** 3) * 700;
    worst = Math.max(worst, Math.abs(expNegative(x) / Math.exp(x) - 1));
  }
  expect(worst).toBeLessThan(6e-16);
  expect(expNegative(0)).toBe(1);
  expect(expNegative(-0)).toBe(1);
  expect(expNegative(-Infinity)).toBe(0);
  expect(expNegative(-744)).toBe(Math.exp(-744));
  for (let x = -800; x <= 0; x += 0.37)
    expect(Math.abs(expNegative(x) - Math.exp(x))).toBeLessThanOrEqual(6e-16 * Math.exp(x));
});
