// References out of the document, and references whose meaning depends on the way that led to them.
import { expect, it } from 'vitest';
import { jsonSchema, matchesGrammar, UnsupportedConstraintError } from './index.ts';

const accepts = (schema: unknown, schemas: Record<string, unknown>, ...values: unknown[]): boolean[] => {
  const language = jsonSchema(schema, { schemas });
  return values.map((value) => matchesGrammar(language, JSON.stringify(value)));
};

const positive = { $defs: { positive: { exclusiveMinimum: 0 } }, type: 'integer' };

it('references lead into documents that were handed in, relative to their URI, and out of those again', () => {
  const schemas = {
    'https://example.com/numbers.json': positive,
    'https://example.com/lists.json': {
      type: 'array',
      items: { allOf: [{ $ref: 'numbers.json' }, { $ref: 'numbers.json#/$defs/positive' }] },
    },
  };
  expect(accepts({ $ref: 'https://example.com/lists.json' }, schemas, [1, 2], [0], ['a'], 3)).toEqual([
    true,
    false,
    false,
    false,
  ]);
  expect(
    accepts(
      { $id: 'https://example.com/root.json', properties: { n: { $ref: 'numbers.json' } } },
      schemas,
      { n: 1 },
      {
        n: 'a',
      },
    ),
  ).toEqual([true, false]);
});

it('a document is known by its own $id too, and by anchors in it', () => {
  const schemas = {
    'https://example.com/a': {
      $id: 'https://other.org/b',
      $defs: { s: { $anchor: 'text', type: 'string' } },
    },
  };
  expect(accepts({ $ref: 'https://example.com/a#/$defs/s' }, schemas, 'x', 1)).toEqual([true, false]);
  expect(
    accepts(
      { anyOf: [{ $ref: 'https://example.com/a' }], items: { $ref: 'https://other.org/b#text' } },
      schemas,
      ['x'],
      [1],
    ),
  ).toEqual([true, false]);
});

it('nothing is fetched: what was not handed in is refused by name, and so is another draft', () => {
  expect(() => jsonSchema({ $ref: 'https://example.com/x' })).toThrow(UnsupportedConstraintError);
  expect(() => jsonSchema({ $ref: 'https://example.com/x' })).toThrow(
    'https://example.com/x is not in the document or in schemas',
  );
  const old = { $schema: 'http://json-schema.org/draft-07/schema#', type: 'string' };
  expect(() =>
    jsonSchema({ $ref: 'https://example.com/x' }, { schemas: { 'https://example.com/x': old } }),
  ).toThrow('https://example.com/x is of another draft');
  expect(() => jsonSchema(true, { schemas: { 'x.json': true } })).toThrow(
    'schemas: expected absolute URIs without fragments, got x.json',
  );
  expect(() =>
    jsonSchema({ $ref: 'https://example.com/x' }, { schemas: { 'https://example.com/x': 7 } }),
  ).toThrow('schemas: expected a schema at https://example.com/x');
  // What no reference leads to is not looked at.
  expect(accepts({ type: 'string' }, { 'https://example.com/x': 7 }, 'a')).toEqual([true]);
});

const tree = {
  $id: 'https://example.com/tree',
  $dynamicAnchor: 'node',
  type: 'object',
  properties: { data: true, children: { type: 'array', items: { $dynamicRef: '#node' } } },
};
const strict = {
  $id: 'https://example.com/strict',
  $dynamicAnchor: 'node',
  $ref: 'tree',
  unevaluatedProperties: false,
};

it('a dynamic reference means the outermost schema of its name on the way that led to it', () => {
  const schemas = { 'https://example.com/tree': tree, 'https://example.com/strict': strict };
  const misspelt = { children: [{ daat: 1 }] };
  const spelt = { children: [{ data: 1, children: [] }] };
  expect(accepts({ $ref: 'https://example.com/tree' }, schemas, misspelt, spelt)).toEqual([true, true]);
  expect(accepts({ $ref: 'https://example.com/strict' }, schemas, misspelt, spelt)).toEqual([false, true]);
  // Both ways within one schema: the same tree is met in two scopes.
  const both = {
    properties: {
      loose: { $ref: 'https://example.com/tree' },
      strict: { $ref: 'https://example.com/strict' },
    },
    additionalProperties: false,
  };
  expect(
    accepts(
      both,
      schemas,
      { loose: misspelt, strict: spelt },
      { loose: misspelt, strict: misspelt },
      { strict: spelt },
    ),
  ).toEqual([true, false, true]);
});

it('$recursiveRef is the same by the outermost $recursiveAnchor', () => {
  const $schema = 'https://json-schema.org/draft/2019-09/schema';
  const schemas = {
    'https://example.com/list': {
      $schema,
      $recursiveAnchor: true,
      anyOf: [{ type: 'integer' }, { type: 'array', items: { $recursiveRef: '#' } }],
    },
  };
  const wider = {
    $schema,
    $id: 'https://example.com/wider',
    $recursiveAnchor: true,
    anyOf: [{ type: 'string' }, { $ref: 'list' }],
  };
  expect(accepts({ $schema, $ref: 'https://example.com/list' }, schemas, [1, [2]], [['a']])).toEqual([
    true,
    false,
  ]);
  expect(accepts(wider, schemas, [1, [2]], [['a', 1]], 'a', null)).toEqual([true, true, true, false]);
});
