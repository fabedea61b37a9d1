import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { grammar, jsonSchema, matchesGrammar, regex, structuralTags } from './index.ts';

describe('front ends', () => {
  test('a regular expression matches as in JavaScript', () => {
    const patterns = [
      'a(b|c)*d?',
      '[^a]{2,3}|aa',
      '(ab?)+',
      '\\d\\w.',
      '(?:^a|b)c$',
      'a*?b',
      '\\u0061|\\x62',
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...patterns),
        fc.string({ unit: fc.constantFrom(...'abcd1é😀'), maxLength: 5 }),
        (pattern, text) => {
          expect(matchesGrammar(regex(pattern), text)).toBe(new RegExp(`^(?:${pattern})$`, 'u').test(text));
          const found = new RegExp(pattern, 'u').test(text);
          expect(matchesGrammar(jsonSchema({ type: 'string', pattern }), JSON.stringify(text))).toBe(found);
        },
      ),
      { numRuns: 300, seed: 9 },
    );
  });

  test('what JavaScript finds nothing to repeat in is an error, and a brace that counts nothing is a character', () => {
    for (const pattern of ['a**', 'a+*', 'a{2}{3}', 'a??+', '+a', '(|*a)'])
      expect(() => regex(pattern), pattern).toThrow(/nothing to repeat|possessive/);
    expect(matchesGrammar(regex('a{,2}'), 'a{,2}')).toBe(true);
    expect(matchesGrammar(regex('a{,2}'), 'aa')).toBe(false);
  });

  test('a Lark grammar with ignored blanks', () => {
    const sum = grammar(
      'start: term ("+" term)*\nterm: NUMBER | "(" start ")"\n%import common.NUMBER\n%ignore " "\n',
    );
    for (const [text, ok] of [
      ['1+2', true],
      ['1 + (2+ 3) ', true],
      ['1+', false],
      ['1 2', false],
    ] as const)
      expect(matchesGrammar(sum, text), text).toBe(ok);
  });

  test('left recursion is refused by name', () => {
    expect(() => grammar('root ::= root "a" | "b"')).toThrow(/left recursion/);
  });

  test('structural tags constrain what follows a trigger and nothing else', () => {
    const number = jsonSchema({ type: 'integer' });
    const text = jsonSchema({ type: 'string' });
    const tags = structuralTags({
      tags: [
        { begin: '<n>', content: number, end: '</n>' },
        { begin: '<s>', content: text, end: '</s>' },
      ],
    });
    const cases: [string, boolean][] = [
      ['free < text', true],
      ['a <n>12</n> b <s>"x"</s>', true],
      ['<n>x</n>', false],
      ['<n>12', false],
      ['<s>12</s>', false],
    ];
    for (const [t, ok] of cases) expect(matchesGrammar(tags, t), t).toBe(ok);
  });
});
