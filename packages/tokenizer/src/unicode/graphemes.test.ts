import fc from 'fast-check';
import { expect, it } from 'vitest';
import { graphemes } from './graphemes.ts';

const ATOMS = [
  'a',
  '\r',
  '\n',
  '\u0301',
  '\ud83d\udc68',
  '\u200d',
  '\ud83d\udc69',
  '\ud83c\uddea',
  '\ud83c\uddf8',
  '\u0600',
  '\u65e5',
  '\u1100',
  '\u1161',
  '\u11a8',
  '\u0915',
  '\u094d',
  '\u0937',
  '\ufe0f',
  '\ud83c\udffb',
  '\ud83c\udff4',
  '\u2764',
  '\u20e3',
  '\u00e9',
  '\uac00',
  '\uac01',
  '\u2019',
  '\u0623',
  '\u05d0',
  '\uff41',
  '\u0434',
];

it('clusters are those of Intl.Segmenter, however long the text', () => {
  const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
  const text = fc.array(fc.constantFrom(...ATOMS), { maxLength: 400 }).map((a) => a.join(''));
  fc.assert(
    fc.property(fc.oneof(text, fc.string({ unit: 'binary', maxLength: 300 })), (t) => {
      expect([...graphemes(t)]).toEqual(Array.from(segmenter.segment(t), (s) => s.segment));
    }),
    { numRuns: 1000 },
  );
});
