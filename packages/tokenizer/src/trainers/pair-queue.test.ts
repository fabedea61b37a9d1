// The queue against looking at all pairs, while counts fall and rise as merges make them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PairIndex } from './pair-index.ts';
import { PairQueue } from './pair-queue.ts';

const count = fc.oneof(
  fc.integer({ min: 1, max: 6 }),
  fc.integer({ min: 65_530, max: 70_000 }),
  fc.constantFrom(0.5, 2.5, 2 ** 40),
);
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('take'), least: fc.constantFrom(0, 1, 3) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('rise'), left: fc.nat(600), right: fc.nat(3), count }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('fall'), pick: fc.nat(), share: fc.constantFrom(1, 2) }),
  },
) as fc.Arbitrary<
  | { kind: 'take'; least: number }
  | { kind: 'rise'; left: number; right: number; count: number }
  | { kind: 'fall'; pick: number; share: number }
>;

describe('queue of pairs', () => {
  it('gives the most frequent pair, of equal ones that of the least ids, whatever happened to the counts', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const pairs = new PairIndex();
        const queue = new PairQueue(pairs);
        for (const each of steps) {
          if (each.kind === 'rise') {
            const pair = pairs.id(each.left, each.right);
            pairs.change(pair, each.count);
            queue.push(pair, pairs.countOf(pair));
          } else if (each.kind === 'fall') {
            if (pairs.size === 0) continue;
            const pair = each.pick % pairs.size;
            pairs.change(pair, -Math.floor(pairs.countOf(pair) / each.share));
          } else {
            let best = -1;
            for (let pair = 0; pair < pairs.size; pair++) {
              const ahead = best < 0 ? pairs.countOf(pair) : pairs.countOf(pair) - pairs.countOf(best);
              const left = best < 0 ? 0 : pairs.leftOf(pair) - pairs.leftOf(best);
              const right = best < 0 ? 0 : pairs.rightOf(pair) - pairs.rightOf(best);
              if (ahead > 0 || (ahead === 0 && best >= 0 && (left < 0 || (left === 0 && right < 0))))
                best = pair;
            }
            const isEnough = best >= 0 && pairs.countOf(best) >= each.least;
            expect(queue.take(each.least)).toBe(isEnough ? best : -1);
            if (!isEnough) return;
            pairs.clear(best);
          }
        }
      }),
      { numRuns: 400 },
    );
  });
});
