import fc from 'fast-check';
import { expect, it } from 'vitest';
import { repetitionLoop } from './repetition-loop.ts';

it('finds a run that is repeated often enough, with the shortest period', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(3), { maxLength: 20 }),
      fc.array(fc.nat(3), { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 3, max: 6 }),
      (head, run, times) => {
        const ids = [...head, ...Array.from({ length: times }, () => run).flat()];
        const loop = repetitionLoop({ repeats: 3, minTail: 1 })(ids);
        expect(loop).toBeDefined();
        const { period, length } = loop as { period: number; length: number };
        expect(period).toBeLessThanOrEqual(run.length);
        expect(length).toBeGreaterThanOrEqual(3 * period);
        for (let i = 0; i < length - period; i++)
          expect(ids[ids.length - 1 - i]).toBe(ids[ids.length - 1 - i - period]);
      },
    ),
  );
});

it('leaves texts without a loop alone, and asks for a long enough tail', () => {
  const loop = repetitionLoop();
  expect(loop(Array.from({ length: 100 }, (_, i) => i))).toBeUndefined();
  expect(loop([7, 7, 7, 7])).toBeUndefined();
  expect(loop(new Array(16).fill(7))).toEqual({ period: 1, length: 16 });
  expect(() => repetitionLoop({ repeats: 1 })).toThrow('repeats: expected an integer >= 2, got 1');
});
