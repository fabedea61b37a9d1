import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  constraint,
  jsonSchema,
  matchesGrammar,
  prepareVocabulary,
  UnsatisfiableConstraintError,
  UnsupportedConstraintError,
} from './index.ts';

type Schema = Record<string, unknown> | boolean;
type Doc = Record<string, number>;

/** The keywords below, on objects of small numbers: read one by one. */
function valid(schema: Schema, value: Doc | number): boolean {
  if (typeof schema === 'boolean') return schema;
  return Object.entries(schema).every(([keyword, of]) => {
    const list = of as Schema[];
    switch (keyword) {
      case 'const':
        return value === of;
      case 'not':
        return !valid(of as Schema, value);
      case 'allOf':
        return list.every((part) => valid(part, value));
      case 'anyOf':
        return list.some((part) => valid(part, value));
      case 'oneOf':
        return list.filter((part) => valid(part, value)).length === 1;
      case 'type':
        return of === (typeof value === 'number' ? 'number' : 'object');
    }
    if (typeof value === 'number') return true;
    const keys = Object.keys(value);
    const patterns = Object.keys((schema['patternProperties'] as object | undefined) ?? {});
    const names = Object.keys((schema['properties'] as object | undefined) ?? {});
    switch (keyword) {
      case 'properties':
        return Object.entries(of as Record<string, Schema>).every(
          ([name, part]) => !(name in value) || valid(part, value[name]),
        );
      case 'patternProperties':
        return Object.entries(of as Record<string, Schema>).every(([pattern, part]) =>
          keys.every((key) => !new RegExp(pattern, 'u').test(key) || valid(part, value[key])),
        );
      case 'additionalProperties':
        return keys.every(
          (key) =>
            names.includes(key) ||
            patterns.some((pattern) => new RegExp(pattern, 'u').test(key)) ||
            valid(of as Schema, value[key]),
        );
      case 'required':
        return (of as string[]).every((name) => name in value);
      case 'minProperties':
        return keys.length >= (of as number);
      case 'maxProperties':
        return keys.length <= (of as number);
      default:
        throw new Error(`no such keyword here: ${keyword}`);
    }
  });
}

const names = ['a', 'b', 'ab', 'c'];
const scalar = fc.oneof(
  { weight: 3, arbitrary: fc.boolean() as fc.Arbitrary<Schema> },
  { weight: 3, arbitrary: fc.constantFrom(0, 1).map((value): Schema => ({ const: value })) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1).map((value): Schema => ({ not: { const: value } })) },
);
const flat: fc.Arbitrary<Schema> = fc.record(
  {
    properties: fc.dictionary(fc.constantFrom(...names), scalar, { maxKeys: 3 }),
    patternProperties: fc.dictionary(fc.constantFrom('^a', 'b$', '^[ab]$', '^.{1,2}$'), scalar, {
      maxKeys: 2,
    }),
    additionalProperties: fc.oneof(fc.constant(false), scalar),
    required: fc.subarray(names, { maxLength: 2 }),
    minProperties: fc.integer({ min: 0, max: 2 }),
    maxProperties: fc.integer({ min: 0, max: 3 }),
  },
  { requiredKeys: [] },
);
const schemas: fc.Arbitrary<Schema> = fc
  .tuple(flat, fc.array(flat, { maxLength: 2 }), fc.option(fc.array(flat, { minLength: 2, maxLength: 3 })))
  .map(([own, nots, oneOf]) => ({
    type: 'object',
    ...(own as object),
    allOf: nots.map((not) => ({ not })),
    ...(oneOf !== null && { oneOf }),
  }));

/** Every object of up to three of the names and a stranger, values 0 and 1, in every order of keys. */
function documents(): Doc[] {
  const all: Doc[] = [{}];
  const grow = (doc: Doc): void => {
    if (Object.keys(doc).length === 3) return;
    for (const name of [...names, 'xyz'])
      if (!(name in doc))
        for (const value of [0, 1]) {
          const next = { ...doc, [name]: value };
          all.push(next);
          grow(next);
        }
  };
  grow({});
  return all;
}
const everyDocument = documents();
const everyByte = prepareVocabulary({
  vocabSize: 257,
  tokenBytes: (id) => (id === 256 ? undefined : Uint8Array.of(id)),
  eosTokenIds: [256],
});

/** Undefined where it is refused by name or empty. */
function compiled(schema: Schema, propertyOrder: 'any' | 'schema') {
  try {
    return jsonSchema(schema, { propertyOrder, whitespace: 'compact' });
  } catch (error) {
    if (error instanceof UnsupportedConstraintError) return undefined;
    if (error instanceof UnsatisfiableConstraintError) return 'empty';
    throw error;
  }
}

describe('needs whose key is open', () => {
  test('what is accepted is what a reading of the keywords one by one accepts', () => {
    let read = 0;
    fc.assert(
      fc.property(schemas, (schema) => {
        const grammar = compiled(schema, 'any');
        if (grammar === undefined) return;
        read++;
        for (const doc of everyDocument) {
          const accepted = grammar !== 'empty' && matchesGrammar(grammar, JSON.stringify(doc));
          expect(accepted, JSON.stringify([schema, doc])).toBe(valid(schema, doc));
        }
      }),
      { numRuns: 40 },
    );
    expect(read).toBeGreaterThan(35);
  });

  test('in the order of the schema as well, nothing else is accepted and every walk ends', () => {
    fc.assert(
      fc.property(schemas, fc.infiniteStream(fc.nat(255)), (schema, draws) => {
        for (const order of ['schema', 'any'] as const) {
          const grammar = compiled(schema, order);
          if (grammar === undefined || grammar === 'empty') continue;
          const running = constraint(grammar, everyByte);
          let text = '';
          for (let step = 0; ; step++) {
            const mask = running.mask();
            const allowed: number[] = [];
            for (let id = 0; id <= 256; id++) if (((mask[id >> 5] >>> (id & 31)) & 1) === 1) allowed.push(id);
            expect(allowed.length, JSON.stringify([schema, text])).toBeGreaterThan(0);
            // After a while the shortest way out: the end, a closing brace or quote, digits.
            const plain = allowed.filter((id) => id === 256 || (id >= 0x20 && id < 0x7f && id !== 0x5c));
            const out = [256, 0x7d, 0x22, 0x3a, 0x30, 0x31].find((id) => allowed.includes(id));
            const drawn = draws.next().value as number;
            const id = step > 60 && out !== undefined ? out : plain[drawn % plain.length];
            if (id === undefined || step > 400) break;
            if (id === 256) {
              expect(valid(schema, JSON.parse(text) as Doc), JSON.stringify([schema, text])).toBe(true);
              break;
            }
            running.accept(id);
            text += String.fromCharCode(id);
          }
        }
      }),
      { numRuns: 40 },
    );
  });
});
