// Patterns of Oniguruma's and Rust's syntax by what native `tokenizers` 0.23.2 says they match.
import { describe, expect, it } from 'vitest';
import { otherCases } from './case-folds.ts';
import { translateRegex } from './translate-regex.ts';

const found = (source: string, text: string, flavor?: 'oniguruma' | 'rust'): string[] =>
  Array.from(text.matchAll(translateRegex(source, flavor)), (match) => match[0]);

describe('patterns', () => {
  it.each([
    // Word characters are letters, marks, digits and connectors; alone, but not in brackets, six fractions and powers of Latin-1 too
    ['\\w', 'a\u00bd\u2460\u24b6_\u0663', ['a', '\u00bd', '\u24b6', '_', '\u0663']],
    ['[\\w]', 'a\u00bd\u2460\u24b6_', ['a', '\u24b6', '_']],
    ['\\p{Word}', '\u00b2-', ['\u00b2']],
    ['\\b', '\u00bd', ['', '']],
    ['[[:punct:]]', '$.', ['$', '.']],
    ['\\p{Punct}', '$.', ['.']],
    ['[[:graph:]]+|[[:ascii:]]', 'a\u65e5 ', ['a\u65e5', ' ']],
    [
      '\\p{han}|\\p{uppercase letter}|\\p{Old Italic}|\\p{^alpha}',
      '\u65e5Aa\u{10300}1',
      ['\u65e5', 'A', '\u{10300}', '1'],
    ],
    ['\\p{Emoji}', 'a\u{1f600}', ['\u{1f600}']],
    // Case
    ['(?i)\u03c9|\u03c3|\u00df', '\u2126\u03c2\u03a3\u1e9e', ['\u2126', '\u03c2', '\u03a3', '\u1e9e']],
    ['(?i)[\u03b1-\u03c9]', '\u00b5\u0391', ['\u00b5', '\u0391']],
    ['(?i)\u0131', 'Ii\u0131', ['\u0131']],
    ['a(?i)e|L', 'aEal', ['aE', 'al']],
    ['(?i:x(?-i)L|l)', 'Xl XL l', ['Xl', 'XL']],
    // Flags
    ['(?m:e.)|.', 'e\na\n', ['e\n', 'a']],
    ['(?m).+', 'a\nb', ['a\nb']],
    ['(?x) e  l # two\n |\\ ', 'el ', ['el', ' ']],
    ['\\N+|\\O', 'ab\nc', ['ab', '\n', 'c']],
    ['(?<n>l)\\k<n>', 'lll', ['ll']],
  ])('%s in %j', (source, text, expected) => {
    expect(found(source, text)).toEqual(expected);
  });

  it("Rust's flags and properties", () => {
    expect(found('(?s)a.', 'a\n', 'rust')).toEqual(['a\n']);
    expect(found('(?m)^b$', 'a\nb\n', 'rust')).toEqual(['b']);
    expect(found('\\pL+(?P<d>\\d)', 'ab1', 'rust')).toEqual(['ab1']);
    expect(found('x(?i)a|b', 'xAB', 'rust')).toEqual(['xA', 'B']);
  });

  it.each(['\\X', '\\G.', 'a\\Kb', '(?~ab)', '(?s).', '\\p{Nothing}', '\\pL', '[[:nothing:]]'])(
    '%s is refused by name',
    (source) => {
      expect(() => translateRegex(source)).toThrow(SyntaxError);
    },
  );

  it('other cases fold back, and ASCII needs no table to say so', () => {
    for (const char of 'skaZ\u03c3\u212a\u017f\u00e5') {
      for (const other of otherCases(char)) expect(otherCases(other)).toContain(char);
      expect(otherCases(char)).toEqual(
        expect.arrayContaining([char === char.toLowerCase() ? char.toUpperCase() : char.toLowerCase()]),
      );
    }
    expect(otherCases('s')).toEqual(['S', '\u017f']);
    expect(otherCases('1')).toEqual([]);
  });
});
