// The slow twin of counted lengths: an automaton with a state for every length.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { boundedAutomaton } from './char-automaton.ts';
import { allStrings, type CharDfa } from './char-dfa.ts';
import { patternDfa } from './regex.ts';
import { stringLexeme } from './string-lexeme.ts';
import { jsonStringLexeme } from './text-lexeme.ts';

const patterns: readonly CharDfa[] = [
  allStrings,
  ...[
    '^$|^([^ ]+ +){0,4}[^ ]+$',
    '^(..)*$',
    'é',
    '^[a-cé😀]+$',
    '^(a|bbb)*$',
    '\\u0000',
    '^[\\ud7ff-\\uffff]*$',
  ].map(patternDfa),
];
const bytes = fc.array(
  fc.oneof(
    fc.constantFrom(...'abc  "\\ud83dDE00/né😀'.split('')).map((c) => [...new TextEncoder().encode(c)]),
    fc
      .constantFrom('\\u00e9', '\\ud83d\\ude00', '\\u0000', '\\n', 'bbb')
      .map((t) => [...new TextEncoder().encode(t)]),
    fc.integer({ min: 0, max: 255 }).map((b) => [b]),
  ),
  { maxLength: 30 },
);

it('counting the length beside the automaton is an automaton with a state for every length', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...patterns),
      fc.nat({ max: 9 }),
      fc.oneof(fc.nat({ max: 12 }), fc.constant(Infinity)),
      bytes,
      (dfa, min, room, text) => {
        const max = min + room;
        const counted = stringLexeme({ type: 'string', dfa, min, max });
        const slow = jsonStringLexeme(boundedAutomaton(dfa, min, max));
        expect(counted.empty).toBe(slow.empty);
        if (slow.empty) return;
        let [a, b] = [0, 0];
        for (const byte of [0x22, ...text.flat()]) {
          for (let other = 0; other < 256; other++)
            expect(counted.step(a, other) >= 0).toBe(slow.step(b, other) >= 0);
          a = counted.step(a, byte);
          b = slow.step(b, byte);
          if (b < 0) return;
          expect([counted.accepts(a), counted.continues(a)]).toEqual([slow.accepts(b), slow.continues(b)]);
        }
      },
    ),
    { numRuns: 600, seed: 5 },
  );
});

it('far from the bound the state without it reads the same, and near it there is none', () => {
  const lexeme = stringLexeme({ type: 'string', dfa: patternDfa('^[a-z]+(-[a-z]+)*$'), min: 0, max: 20 });
  const at = lexeme.step(lexeme.step(0, 0x22), 0x61);
  expect(lexeme.looseState(at, 18)).toBe(lexeme.loose.step(lexeme.loose.step(0, 0x22), 0x61));
  expect(lexeme.looseState(at, 19)).toBe(-1);
});
