import { describe, expect, test } from 'vitest';
import { jsonSchema, matchesGrammar, UnsupportedConstraintError } from './index.ts';

const draft = (n: number): string => `http://json-schema.org/draft-0${n}/schema#`;

describe('drafts of JSON Schema', () => {
  test('an integer has no fraction in draft 4, and may have one of zeros later', () => {
    const accepts = (n: number, text: string): boolean =>
      matchesGrammar(jsonSchema({ $schema: draft(n), type: 'integer' }), text);
    for (const text of ['0', '-7', '120']) for (const n of [4, 6, 7]) expect(accepts(n, text)).toBe(true);
    for (const text of ['1.0', '12e1']) {
      expect(accepts(4, text)).toBe(false);
      expect(accepts(7, text)).toBe(true);
    }
    const other = jsonSchema({ $schema: draft(4), type: 'number', not: { type: 'integer' } });
    expect(matchesGrammar(other, '1.5')).toBe(true);
    expect(matchesGrammar(other, '1.0')).toBe(false);
  });

  test('if is refused by name where the draft has no such keyword', () => {
    const schema = (n: number) => ({
      $schema: draft(n),
      if: { type: 'string' },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { maxLength: 1 },
    });
    expect(matchesGrammar(jsonSchema(schema(7)), '"ab"')).toBe(false);
    for (const n of [4, 6]) expect(() => jsonSchema(schema(n))).toThrow(UnsupportedConstraintError);
    expect(() => jsonSchema(schema(4))).toThrow('if: not supported (before draft 7)');
  });
});
