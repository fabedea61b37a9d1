// The mask oracle where the engine takes short cuts: known slices of the vocabulary, keys and items whose text is left
// open, strings that share one walk. Every mask must be what stepping through each token says, on tokens made to cross
// the borders between keys, values and items.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ConstraintGrammar,
  constraint,
  grammar,
  jsonSchema,
  loadVocabulary,
  prepareVocabulary,
  regex,
  structuralTags,
} from './index.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const pieces = [
  ...[
    'a',
    'b',
    'x',
    'ab',
    'foo',
    'Foo',
    'bar',
    'name',
    'value',
    'Zoë',
    '😀',
    ' the',
    ' a b',
    '_x-1',
    'x-',
    '42',
    'aaaaaaaaaaaaaaaaaaaaaaaa',
  ],
  ...['abcdefghijklmnop', 'a, b.', '<', '</', '<n', 'n>', '<n>', 'a<', '!', '~x~', '\n', 'a\n', '\t'],
  ...[
    '","',
    '", "',
    '"a","a"',
    '"a","b',
    '","b","',
    'a","a',
    'a","ab',
    '"]',
    '"],',
    '["',
    '["a"',
    '"],"',
    '"a"]',
  ],
  ...[
    '":',
    '": ',
    '":1',
    '":1,"',
    '": 1, "',
    'a":1,"a',
    'a":1,"a":',
    'a":1,"b":',
    '"a":1',
    '"foo":',
    '","foo":',
    '{"',
    '{"a',
    '{"a":1',
    '"}',
    '"},{"',
  ],
  ...[
    '1,1',
    ',1',
    '1,2',
    ', 1',
    '0,',
    '10,1',
    '1]',
    '[1,1',
    '.5',
    'e5',
    'true',
    'true,',
    'false,true',
    'null',
    'null]',
    '{}',
    '[]',
    '{},{}',
    '},{',
  ],
  ...['\\', '\\"', '\\n', '\\u', '\\u00', '\\u0041', '\\ud83d', '\\ude00', 'a\\', '"\\"', '\\""', '\\u00e9"'],
];
const texts: Uint8Array[] = [
  ...Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)),
  ...pieces.map(encode),
  ...[
    [0x22, 0xc3],
    [0xa9, 0x22],
    [0xc3, 0xa9, 0x22],
    [0x61, 0xc3],
    [0xf0, 0x9f],
    [0x98, 0x80],
    [0xe2, 0x82],
    [0xac, 0x62],
    [0x22, 0x2c, 0x22, 0xc3],
  ].map((b) => Uint8Array.from(b)),
];
const vocabulary = prepareVocabulary({
  vocabSize: texts.length + 1,
  tokenBytes: (id) => (id === 0 ? undefined : texts[id - 1]),
  eosTokenIds: [0],
});

const unique = (items: unknown, more: object = {}): unknown => ({
  type: 'array',
  items,
  uniqueItems: true,
  ...more,
});
const schemas: readonly unknown[] = [
  unique({ type: 'string' }),
  unique({ type: 'string', minLength: 1, maxLength: 3 }, { maxItems: 3 }),
  unique({ enum: ['a', 'b', 'ab', 1, 2, 10, true, null] }, { minItems: 2 }),
  unique({ type: 'integer' }),
  unique({
    type: 'object',
    properties: { a: { enum: [1, 2] } },
    required: ['a'],
    additionalProperties: false,
  }),
  unique({ type: 'string', pattern: '^(a|b.*)$' }),
  unique({ type: ['boolean', 'null'] }, { prefixItems: [{ type: 'string' }] }),
  {
    type: 'object',
    properties: { a: unique({ type: 'string' }), b: unique({ type: 'string' }, { maxItems: 1 }) },
  },
  true,
  { type: 'object', additionalProperties: { type: 'integer' } },
  {
    type: 'object',
    properties: { a: { const: 1 }, ab: true, foo: { type: 'string', maxLength: 4 } },
    required: ['a'],
  },
  {
    type: 'object',
    patternProperties: { '^(a|x-.*)$': { type: 'integer' } },
    additionalProperties: false,
    minProperties: 2,
  },
  {
    type: 'object',
    patternProperties: { '^x-': { type: 'string' }, b$: { type: 'integer' } },
    maxProperties: 3,
  },
  { type: 'object', propertyNames: { pattern: '^[a-z]{1,4}$' }, required: ['foo'] },
  { type: 'object', propertyNames: { maxLength: 2 }, minProperties: 1 },
  { type: 'object', required: ['a', 'b'], maxProperties: 3, additionalProperties: { type: 'boolean' } },
  {
    type: 'object',
    properties: { a: true, b: true },
    dependentRequired: { a: ['foo'] },
    not: { required: ['x'] },
  },
  { type: 'object', required: ['foo', 'a'] },
  // Few keys that begin alike, and many: what may not come again is seen early, or does not matter yet.
  {
    type: 'object',
    patternProperties: { '^[ab](-[xy])?$': { type: 'integer' } },
    additionalProperties: false,
    minProperties: 4,
  },
  {
    type: 'object',
    patternProperties: { '^[a-z]{1,40}$': { type: 'string', minLength: 1, maxLength: 30 } },
    additionalProperties: false,
  },
  {
    type: 'object',
    patternProperties: { '^(ab?|fo{0,2})$': { const: 1 }, '^a$': { type: 'integer' } },
    additionalProperties: false,
    required: ['ab'],
  },
  { type: 'object', properties: { a: true, b: true, foo: true }, required: ['b'] },
  { type: 'string', maxLength: 5 },
  { type: 'string', minLength: 4, maxLength: 18 },
  { type: 'string', pattern: '^[a-z]{2,9}$' },
  { type: 'string', pattern: '^[a-z]+(-[a-z0-9]+)*$', maxLength: 12 },
  { type: 'string', pattern: '^[A-Za-z ]{1,20}, ', minLength: 6 },
  { type: 'string', pattern: 'foo' },
  { type: 'string', pattern: '^([^ ]+ ){0,9}[^ ]+$', minLength: 1, maxLength: 26 },
  { type: 'string', pattern: '^(..)*$', minLength: 3, maxLength: 31 },
  { type: 'string', pattern: '^(..)*$', minLength: 40, maxLength: 300 },
  { type: 'string', format: 'email' },
  { not: { type: ['object', 'array'] } },
  {
    type: 'array',
    items: {
      anyOf: [
        { type: 'string', maxLength: 2 },
        { type: 'number', multipleOf: 0.5 },
      ],
    },
  },
];
const languages: readonly (readonly [string, () => ConstraintGrammar])[] = [
  ...schemas.flatMap((schema) => {
    const name = JSON.stringify(schema);
    return [
      [name, () => jsonSchema(schema)],
      [
        `${name}, in order and compact`,
        () => jsonSchema(schema, { propertyOrder: 'schema', whitespace: 'compact' }),
      ],
    ] as const;
  }),
  ['a regular expression with counts', () => regex('[A-Za-z ,]+: [^\\n]{1,30}\\n')],
  ['a regular expression of letters', () => regex('([a-z]{1,7}|[A-Z ]+|\\d+)(, [^"]*)?')],
  [
    'a grammar',
    () =>
      grammar(
        'root ::= item ("," item)* ":"?\nitem ::= [a-z] [a-z0-9_-]* | "(" root ")" | "\\"" [^"]* "\\""',
      ),
  ],
  [
    'tags',
    () =>
      structuralTags({
        tags: [
          { begin: '<n>', content: jsonSchema({ type: 'integer' }), end: '</n>' },
          { begin: '<s>', content: jsonSchema(unique({ type: 'string' })), end: '</s>' },
        ],
      }),
  ],
];

describe('a mask is what stepping through every token says', () => {
  test.each(languages)('%s', (_, make) => {
    const language = make();
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 24, maxLength: 24 }), (draws) => {
        const running = constraint(language, vocabulary);
        for (const draw of draws) {
          const mask = running.mask();
          const wrong: string[] = [];
          const allowed: number[] = [];
          for (let id = 0; id < vocabulary.vocabSize; id++) {
            const bit = ((mask[id >> 5] >>> (id & 31)) & 1) === 1;
            if (bit) allowed.push(id);
            if (bit !== running.allows(id))
              wrong.push(
                `${bit ? 'allows' : 'refuses'} ${JSON.stringify(new TextDecoder().decode(texts[id - 1]))}`,
              );
          }
          expect(wrong).toEqual([]);
          // Rather the pieces than single bytes: they cross borders.
          const long = allowed.filter((id) => id > 256);
          const from = long.length > 0 && draw % 4 > 0 ? long : allowed;
          const id = from[Math.floor(draw / 4) % from.length];
          if (id === 0) break;
          running.accept(id);
        }
      }),
      { numRuns: 6, seed: 17 },
    );
  });
});

describe('vocabulary', () => {
  test('texts stand in the order of their bytes, each with its id, however many begin alike', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 9, max: 3 }), { minLength: 1, maxLength: 60 }),
        (list) => {
          const own = prepareVocabulary({
            vocabSize: list.length,
            tokenBytes: (id) => list[id],
            eosTokenIds: [],
          });
          const sorted = list
            .map((bytes, id) => [Buffer.from(bytes).toString('latin1'), id] as const)
            .sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] - b[1]));
          expect([...own.tokens]).toEqual(sorted.map(([, id]) => id));
          for (const [id, bytes] of list.entries()) expect(own.tokenBytes(id)).toEqual(bytes);
          const again = loadVocabulary(own.save());
          expect(again.bytes).toEqual(own.bytes);
          expect(again.skips).toEqual(own.skips);
          expect(again.firsts).toEqual(own.firsts);
          expect(again.tokens).toEqual(own.tokens);
        },
      ),
      { numRuns: 60, seed: 8 },
    );
  });

  test('saved bytes that were changed are refused or give a vocabulary, never anything else', () => {
    const saved = vocabulary.save();
    expect(() => loadVocabulary(saved.subarray(0, saved.length - 1))).toThrow(RangeError);
    expect(() => loadVocabulary(new Uint8Array(0))).toThrow(RangeError);
    fc.assert(
      fc.property(fc.nat({ max: saved.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const broken = saved.slice();
        broken[at] ^= change;
        try {
          loadVocabulary(broken);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: 200, seed: 9 },
    );
  });
});
