import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Composition, compose, continuation } from './compose.ts';
import { matchesGrammar } from './constraint-grammar.ts';
import { jsonSchema } from './json-schema.ts';
import { choices, regex } from './text-grammars.ts';

const value = jsonSchema({ type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] });

describe('compose', () => {
  it('a composition of texts is the regular expression of the same shape', () => {
    const text = fc.stringMatching(/^[ab]{0,2}$/);
    const shape = fc.letrec<{ part: { composition: Composition; pattern: string } }>((tie) => ({
      part: fc.oneof(
        { maxDepth: 3 },
        text.map((t) => ({ composition: t, pattern: t })),
        fc.constantFrom('[ab]', 'a|b').map((r) => ({ composition: { regex: r }, pattern: `(?:${r})` })),
        fc.array(tie('part'), { maxLength: 3 }).map((parts) => ({
          composition: { sequence: parts.map((p) => p.composition) },
          pattern: `(?:${parts.map((p) => p.pattern).join('')})`,
        })),
        fc.array(tie('part'), { minLength: 1, maxLength: 3 }).map((parts) => ({
          composition: { choice: parts.map((p) => p.composition) },
          pattern: `(?:${parts.map((p) => p.pattern).join('|')})`,
        })),
        tie('part').map((p) => ({
          composition: { repeat: { sequence: ['a', p.composition] }, max: 2 },
          pattern: `(?:a(?:${p.pattern})){0,2}`,
        })),
      ),
    })).part;
    fc.assert(
      fc.property(shape, fc.stringMatching(/^[ab]{0,5}$/), ({ composition, pattern }, subject) => {
        expect(matchesGrammar(compose(composition), subject)).toBe(
          new RegExp(`^(?:${pattern})$`).test(subject),
        );
      }),
      { numRuns: 300 },
    );
  });
  it('embedded JSON is read by its schema, wherever it stands', () => {
    const calls = compose({
      sequence: [{ choice: ['f(', 'g('] }, value, { repeat: { sequence: [', ', value] } }, ')'],
    });
    expect(matchesGrammar(calls, 'g({"n": 1}, {"n":2})')).toBe(true);
    expect(matchesGrammar(calls, 'g({"n": "1"})')).toBe(false);
    expect(matchesGrammar(calls, 'f({"n": 1}')).toBe(false);
  });
  it('bare strings are those that the schema admits as JSON, and the frame matches', () => {
    const within = '(?:[^<]|<[^/<])*';
    const schema = fc.constantFrom<unknown>(
      { type: 'string' },
      { type: 'string', minLength: 2, maxLength: 3 },
      { type: 'string', pattern: '^[ab]+$' },
      { type: 'string', pattern: 'b', maxLength: 2 },
      { type: 'string', format: 'date' },
      { enum: ['', 'a', 'ab</', 7, null] },
      { type: ['string', 'null'], not: { pattern: '^a' } },
      { anyOf: [{ $ref: '#/$defs/x' }, { type: 'integer' }], $defs: { x: { type: 'string', maxLength: 1 } } },
    );
    const subject = fc.oneof(
      fc.stringMatching(/^[ab</]{0,4}$/),
      fc.constantFrom('2024-02-29', '2023-02-29', 'é🗼'),
    );
    fc.assert(
      fc.property(schema, subject, (given, text) => {
        const bare = compose({ sequence: ['>', { strings: given, within }, '</'] });
        const expected =
          matchesGrammar(jsonSchema(given), JSON.stringify(text)) &&
          new RegExp(`^(?:${within})$`, 'u').test(text);
        expect(matchesGrammar(bare, `>${text}</`)).toBe(expected);
      }),
      { numRuns: 400 },
    );
    expect(() => compose({ strings: { type: 'integer' } })).toThrow(/no string satisfies/);
    expect(() => compose({ strings: { pattern: '(a)\\1' } })).toThrow(/back reference/);
  });
  it('parts that may be empty are refused where they would go on for ever', () => {
    expect(() => compose({ repeat: { regex: 'a*' } })).toThrow(/repeat: expected a part that is never empty/);
    expect(() => compose({ sequence: [regex('a*'), 'b'] })).toThrow(/never empty/);
    expect(() => compose({ choice: [] })).toThrow(/choice: expected at least one part/);
    expect(() => compose({ repeat: 'a', min: 2, max: 1 })).toThrow(/0 <= min <= max/);
  });
});

describe('continuation', () => {
  it('text and rest are in the language exactly when the rest is in the continuation', () => {
    const words = ['yes', 'yard', 'yen', 'no', 'not', 'é🗼'];
    const language = choices(words);
    const bytes = (s: string) => new TextEncoder().encode(s);
    for (const word of words)
      for (let i = 0; i <= bytes(word).length; i++) {
        const rest = continuation(language, bytes(word).subarray(0, i));
        expect(rest && matchesGrammar(rest, bytes(word).subarray(i))).toBe(true);
        expect(rest && matchesGrammar(rest, 'x')).toBe(false);
      }
    expect(continuation(language, 'x')).toBe(undefined);
  });
  it('is not composed further', () => {
    const rest = continuation(regex('ab'), 'a');
    expect(() => rest && compose({ sequence: [rest, 'c'] })).toThrow(/expected a whole language/);
  });
});
