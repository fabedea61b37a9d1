import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinLabels, type Label, labelsOfTokens, trustLevels } from './label.ts';

const label = fc.record({
  trust: fc.constantFrom(...trustLevels),
  source: fc.constantFrom('a', 'b', 'c'),
  readers: fc.option(fc.subarray(['x', 'y', 'z']), { nil: undefined }),
  private: fc.boolean(),
});
const clean = ({ readers, ...rest }: { readers: string[] | undefined } & Omit<Label, 'readers'>): Label => ({
  ...rest,
  ...(readers === undefined ? {} : { readers }),
});

describe('labels', () => {
  it('only get stricter by joining', () => {
    fc.assert(
      fc.property(fc.array(label, { minLength: 1, maxLength: 6 }), (given) => {
        const labels = given.map(clean);
        const joined = joinLabels(labels);
        for (const part of labels) {
          expect(trustLevels.indexOf(joined.trust)).toBeGreaterThanOrEqual(trustLevels.indexOf(part.trust));
          if (part.private) expect(joined.private).toBe(true);
          if (part.readers) expect(joined.readers?.every((r) => part.readers?.includes(r))).toBe(true);
        }
        expect(joinLabels([joined, joined])).toMatchObject({ trust: joined.trust });
      }),
    );
  });
  it('reach every token of their segment', () => {
    const user: Label = { trust: 'user', source: 'user' };
    expect(
      labelsOfTokens(
        [
          { kind: 'special', text: '<s>' },
          { kind: 'text', text: 'hi there', label: user },
        ],
        [1, 2],
      ),
    ).toEqual([undefined, user, user]);
    expect(() => labelsOfTokens([], [1])).toThrow(RangeError);
  });
});
