import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  grammar,
  jsonSchema,
  matchesGrammar,
  UnsatisfiableConstraintError,
  UnsupportedConstraintError,
} from './index.ts';

describe('JSON Schema', () => {
  test('JSON texts of a free schema are accepted however characters are escaped', () => {
    const any = jsonSchema(true);
    fc.assert(
      fc.property(fc.json({ maxDepth: 3 }), (text) => {
        const value: unknown = JSON.parse(text);
        expect(matchesGrammar(any, JSON.stringify(value))).toBe(!hasLoneSurrogate(value));
      }),
      { numRuns: 150, seed: 2 },
    );
    for (const text of [
      '"\\u00e9\\ud83d\\ude00"',
      '[1, 2]',
      '[1,2]',
      '{"a": 1e-5}',
      ' 1',
      '"\\ud83d"',
      '01',
      '{"a":1,"a":2}',
      '"\n"',
    ])
      expect(matchesGrammar(any, text), text).toBe(!/^ |d83d"$|^01|a":2|\n/.test(text));
  });

  test('bounds and multiples of numbers are exact', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -2000, max: 2000 }),
        fc.integer({ min: 0, max: 500 }),
        fc.integer({ min: -3000, max: 3000 }),
        (low, width, value) => {
          const [min, max, x] = [low / 8, (low + width) / 8, value / 8];
          const language = jsonSchema({ type: 'number', minimum: min, exclusiveMaximum: max + 1 });
          expect(matchesGrammar(language, String(x))).toBe(x >= min && x < max + 1);
          const step = (width % 40) + 1;
          expect(matchesGrammar(jsonSchema({ multipleOf: step / 4 }), String(value / 4))).toBe(
            value % step === 0,
          );
        },
      ),
      { numRuns: 60, seed: 4 },
    );
  });

  test('what is not supported is refused by name', () => {
    const refusal = (schema: unknown): string => {
      try {
        jsonSchema(schema);
      } catch (error) {
        if (error instanceof UnsupportedConstraintError) return error.keyword;
      }
      return '';
    };
    expect(refusal({ anyOf: [{ $ref: '#' }, { items: true }], unevaluatedItems: false })).toBe(
      'unevaluatedItems',
    );
    expect(refusal({ pattern: '(?=a)b' })).toBe('pattern: lookahead');
    expect(refusal({ $ref: 'other.json' })).toBe('$ref');
    expect(refusal({ $ref: '#' })).toBe('$ref');
    expect(refusal({ format: 'iri' })).toBe('format: iri');
    expect(() => jsonSchema({}, { strict: true } as object)).toThrow(TypeError);
  });

  test('what is unevaluated is what no schema in place has spoken of', () => {
    const closed = jsonSchema({
      $ref: '#/$defs/base',
      allOf: [{ patternProperties: { '^x': true } }],
      properties: { a: { type: 'integer' } },
      unevaluatedProperties: false,
      $defs: { base: { type: 'object', properties: { b: true }, required: ['b'] } },
    });
    expect(matchesGrammar(closed, '{"a": 1, "b": 2, "xy": 3}')).toBe(true);
    expect(matchesGrammar(closed, '{"b": 2, "c": 3}')).toBe(false);
    expect(matchesGrammar(jsonSchema({ not: closedAgain }), '{"c": 1}')).toBe(true);
    expect(matchesGrammar(jsonSchema({ not: closedAgain }), '{"a": 1}')).toBe(false);
  });

  test('what is unevaluated depends on which of the parts hold', () => {
    const closed = jsonSchema({
      anyOf: [
        { properties: { a: { const: 1 } }, required: ['a'] },
        { properties: { b: true }, required: ['b'] },
      ],
      if: { properties: { c: { const: 2 } }, required: ['c'] },
      dependentSchemas: { d: { properties: { e: true } } },
      properties: { d: true },
      unevaluatedProperties: false,
    });
    const cases: readonly (readonly [unknown, boolean])[] = [
      [{ a: 1 }, true],
      [{ b: 1 }, true],
      [{ a: 1, b: 1 }, true],
      [{ a: 2, b: 1 }, false], // the first part does not hold, so `a` is not evaluated
      [{ a: 1, c: 2 }, true],
      [{ a: 1, c: 3 }, false],
      [{ a: 1, d: 1, e: 1 }, true],
      [{ a: 1, e: 1 }, false],
      [{}, false],
    ];
    for (const [value, ok] of cases)
      expect(matchesGrammar(closed, JSON.stringify(value)), JSON.stringify(value)).toBe(ok);
    const items = jsonSchema({
      oneOf: [
        { prefixItems: [{ const: 1 }], minItems: 1 },
        { prefixItems: [{ const: 2 }, true], minItems: 1 },
      ],
      contains: { type: 'string' },
      unevaluatedItems: { type: 'null' },
    });
    for (const [value, ok] of [
      [[1, 'x', null], true],
      [[1, true, 'x'], false],
      [[2, true, 'x'], true],
      [[2, true, 'x', 3], false],
      [[3, 'x'], false],
    ] as const)
      expect(matchesGrammar(items, JSON.stringify(value)), JSON.stringify(value)).toBe(ok);
  });

  test('a dynamic reference with one target is a reference', () => {
    const tree = jsonSchema({
      $dynamicAnchor: 'node',
      type: 'object',
      properties: { children: { items: { $dynamicRef: '#node' } } },
      additionalProperties: false,
    });
    expect(matchesGrammar(tree, '{"children":[{"children":[]},{}]}')).toBe(true);
    expect(matchesGrammar(tree, '{"children":[{"child":[]}]}')).toBe(false);
  });

  test('an empty language is refused', () => {
    for (const schema of [
      false,
      { type: 'integer', minimum: 2, maximum: 1.5 },
      { type: 'object', required: ['a'], properties: { a: false } },
      { type: 'array', items: { enum: [1] }, uniqueItems: true, minItems: 2 },
    ])
      expect(() => jsonSchema(schema)).toThrow(UnsatisfiableConstraintError);
    expect(() => grammar('root ::= "a" root')).toThrow(UnsatisfiableConstraintError);
  });
});

const closedAgain = { properties: { a: true }, unevaluatedProperties: false };

function hasLoneSurrogate(value: unknown): boolean {
  return /\\ud[89a-f]/i.test(JSON.stringify(value));
}
