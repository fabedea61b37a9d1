import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seeded, walk } from './constraint-walks.ts';
import { grammar, jsonSchema, matchesGrammar } from './index.ts';

const schemas: readonly unknown[] = [
  { type: 'integer', minimum: 10, maximum: 19, multipleOf: 7 },
  { type: 'array', items: { enum: [1, 2, 3] }, uniqueItems: true, minItems: 2 },
  { type: 'array', items: { type: 'boolean' }, uniqueItems: true, maxItems: 2 },
  {
    type: 'object',
    properties: { a: { type: 'null' }, b: { const: 'x' } },
    additionalProperties: false,
    minProperties: 1,
  },
  {
    type: 'object',
    patternProperties: { '^(a|b+)$': { type: 'boolean' } },
    additionalProperties: false,
    maxProperties: 4,
  },
  { type: 'string', pattern: '^[a-c]{2,5}$', minLength: 3 },
  { type: 'number', exclusiveMinimum: -1, exclusiveMaximum: 0.25 },
  {
    oneOf: [
      { type: 'integer', multipleOf: 2 },
      { type: 'integer', multipleOf: 3 },
    ],
  },
  {
    type: 'array',
    contains: { const: 1 },
    minContains: 2,
    maxContains: 2,
    items: { type: 'integer', minimum: 0, maximum: 9 },
    maxItems: 5,
  },
  { not: { type: ['object', 'array', 'string'] } },
  { type: 'string', format: 'date-time' },
  {
    $defs: {
      node: {
        type: 'object',
        properties: { next: { $ref: '#/$defs/node' }, v: { type: 'boolean' } },
        required: ['v'],
        additionalProperties: false,
      },
    },
    $ref: '#/$defs/node',
  },
  {
    type: 'object',
    properties: { kind: { enum: ['a', 'b'] } },
    required: ['kind'],
    if: { properties: { kind: { const: 'a' } } },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { required: ['x'] },
    additionalProperties: true,
    maxProperties: 3,
  },
  { type: 'object', required: ['a', 'b', 'c'], maxProperties: 3 },
];

describe('no dead ends', () => {
  test.each(schemas.map((schema) => [JSON.stringify(schema).slice(0, 60), schema] as const))(
    'random walks finish: %s',
    (_, schema) => {
      const language = jsonSchema(schema);
      fc.assert(
        fc.property(seeded, (draw) => {
          const text = walk(language, draw);
          JSON.parse(text);
          expect(matchesGrammar(language, text)).toBe(true);
        }),
        { numRuns: 12, seed: 11 },
      );
    },
  );

  test('random walks finish in a recursive grammar', () => {
    const language = grammar(
      'root ::= term ("+" term)*\nterm ::= [0-9]+ | "(" root ")" | dead "x"\ndead ::= "y" dead',
    );
    fc.assert(
      fc.property(seeded, (draw) => {
        expect(walk(language, draw)).not.toContain('y');
      }),
      { numRuns: 50, seed: 5 },
    );
  });
});
