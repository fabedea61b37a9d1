import fc from 'fast-check';
import { expect, it } from 'vitest';
import { lastSafeCut } from './safe-cut.ts';

it('a text is cut last between a letter or number and a space, or a newline and a letter', () => {
  const units = ['a', '\u00e9', '7', ' ', '\n', '!', '\u65e5', '\ud835', '\udc00', '\u0301', '\u2160'];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...units), { maxLength: 9 }), (parts) => {
      const text = parts.join('');
      const cuts = [...text.matchAll(/[\p{L}\p{N}](?= )|\n(?=\p{L})/gu)].map((m) => m.index + m[0].length);
      expect(lastSafeCut(text)).toBe(cuts.at(-1) ?? 0);
    }),
    { numRuns: 5000 },
  );
});
