import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../json.ts';
import { checkCalls } from './check-calls.ts';
import { type AcceptedCall, type FunctionCallingCase, perfectCalls } from './function-calling.ts';

const area: FunctionCallingCase['function'] = [
  {
    name: 'math.area',
    parameters: {
      type: 'dict',
      properties: {
        base: { type: 'float' },
        unit: { type: 'string' },
        tags: { type: 'array', items: { type: 'string' } },
        at: { type: 'dict' },
        steps: { type: 'array', items: { type: 'dict' } },
        exact: { type: 'boolean' },
        any: { type: 'any' },
      },
      required: ['base'],
    },
  },
];
const wanted: AcceptedCall[] = [
  {
    'math.area': {
      base: [10],
      unit: ['cm', 'centi-metres', ''],
      tags: [['a b', 'b'], ''],
      at: [{ x: [1, 2], y: [''], name: ['Main St.', ''] }, ''],
      steps: [[{ go: ['left'] }, { go: ['right'] }], ''],
      exact: [true, ''],
      any: [5, ''],
    },
  },
];
const verdict = (args: JsonObject, name = 'math_area') =>
  checkCalls([{ name, arguments: args }], wanted, area);

describe('a call', () => {
  it('is right with any of the accepted values, texts without case, spaces and some punctuation', () => {
    for (const more of [
      {},
      { unit: 'CM' },
      { unit: 'Centi Metres' },
      { tags: ['A-B', 'b'] },
      { tags: [] },
      { at: { x: 2 } },
      { at: { x: 1, name: 'main st' } },
      { steps: [{ go: 'LEFT' }, { go: 'right' }] },
      { exact: true },
      { any: 5 },
    ] as JsonObject[])
      expect(verdict({ base: 10, ...more }), JSON.stringify(more)).toBeUndefined();
    expect(verdict({ base: 10.0 }, 'math.area')).toBeUndefined();
  });
  it('is wrong otherwise', () => {
    for (const more of [
      { base: 11 },
      { base: '10' },
      { unit: 'm' },
      { unit: 3 },
      { tags: ['b', 'a b'] },
      { tags: ['a b'] },
      { tags: [1, 2] },
      { at: { x: 3 } },
      { at: { y: 1 } },
      { at: { x: 1, z: 1 } },
      { at: {} },
      { steps: [{ go: 'right' }, { go: 'left' }] },
      { steps: [{ go: 'left' }] },
      { exact: false },
      { exact: 'true' },
      { any: '5' },
      { extra: 1 },
    ] as JsonObject[])
      expect(verdict({ base: 10, ...more }), JSON.stringify(more)).toBeDefined();
    expect(verdict({})).toBe('base: missing');
    expect(verdict({ base: 10 }, 'other')).toBe('expected math.area, got other');
    expect(checkCalls([], wanted, area)).toBe('expected 1 calls, got 0');
    expect(checkCalls([], [], [])).toBeUndefined();
  });
  it('must have what is required, also where its value may be ""', () => {
    const asks = [{ f: { a: ['', 'x'] } }];
    const functions = [{ name: 'f', parameters: { properties: { a: { type: 'string' } }, required: ['a'] } }];
    expect(checkCalls([{ name: 'f', arguments: {} }], asks, functions)).toBe('a: missing');
    expect(checkCalls(perfectCalls(asks, functions), asks, functions)).toBeUndefined();
  });
});

// Parallel cases: functions f0.. with parameters of all types; every answer lists one to three values.
const value: fc.Arbitrary<{
  readonly type: string;
  readonly items?: string;
  readonly values: readonly Json[];
}> = fc.oneof(
  fc.record({
    type: fc.constant('integer'),
    values: fc.uniqueArray(fc.integer(), { minLength: 1, maxLength: 3 }),
  }),
  fc.record({
    type: fc.constant('string'),
    values: fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ type: fc.constant('boolean'), values: fc.constantFrom([true], [false], [true, false]) }),
  fc.record({
    type: fc.constant('array'),
    items: fc.constant('integer'),
    values: fc.array(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 }), {
      minLength: 1,
      maxLength: 2,
    }),
  }),
);
const parallel = fc
  .array(fc.record({ function: fc.nat(2), arguments: fc.record({ a: value, b: value }) }), {
    minLength: 1,
    maxLength: 5,
  })
  .map((entries) => ({
    wanted: entries.map(
      (entry, i): AcceptedCall => ({
        // Every call has functions of its own types: the index keeps them apart where the shapes differ.
        [`f.${entry.function}_${i}`]: {
          a: [...entry.arguments.a.values],
          b: [...entry.arguments.b.values, ''],
        },
      }),
    ),
    functions: entries.map((entry, i) => ({
      name: `f.${entry.function}_${i}`,
      parameters: {
        type: 'dict',
        properties: Object.fromEntries(
          Object.entries(entry.arguments).map(([key, { type, items }]) => [
            key,
            { type, ...(items === undefined ? {} : { items: { type: items } }) },
          ]),
        ),
        required: ['a'],
      } as JsonObject,
    })),
  }));

describe('parallel calls', () => {
  it('are right in every order', () => {
    fc.assert(
      fc.property(parallel, fc.infiniteStream(fc.nat()), ({ wanted, functions }, order) => {
        const calls = perfectCalls(wanted, functions).map((call) => ({
          call,
          at: order.next().value as number,
        }));
        const shuffled = calls.sort((a, b) => a.at - b.at).map(({ call }) => call);
        expect(checkCalls(shuffled, wanted, functions)).toBeUndefined();
      }),
    );
  });
  it('are wrong with one too few, too many, made twice in place of another, or with one value that nobody asked for', () => {
    fc.assert(
      fc.property(parallel, fc.nat(), ({ wanted, functions }, where) => {
        const calls = perfectCalls(wanted, functions);
        const at = where % calls.length;
        const one = calls[at] as (typeof calls)[number];
        expect(
          checkCalls(
            calls.filter((_, i) => i !== at),
            wanted,
            functions,
          ),
        ).toBeDefined();
        expect(checkCalls([...calls, one], wanted, functions)).toBeDefined();
        if (calls.length > 1)
          expect(
            checkCalls(
              calls.map((call, i) => (i === (at + 1) % calls.length ? one : call)),
              wanted,
              functions,
            ),
          ).toBeDefined();
        const changed = { ...one, arguments: { ...one.arguments, a: { unasked: 1 } } };
        expect(
          checkCalls(
            calls.map((call, i) => (i === at ? changed : call)),
            wanted,
            functions,
          ),
        ).toBeDefined();
      }),
    );
  });
  it('of one function are told apart by their values, whatever the order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer(), { minLength: 2, maxLength: 5 }), (values) => {
        const functions = [
          { name: 'f', parameters: { properties: { a: { type: 'integer' } }, required: ['a'] } },
        ];
        const asked = values.map((a) => ({ f: { a: [a] } }));
        const calls = values.map((a) => ({ name: 'f', arguments: { a } })).reverse();
        expect(checkCalls(calls, asked, functions)).toBeUndefined();
        expect(
          checkCalls(
            calls.map(() => calls[0]!),
            asked,
            functions,
          ),
        ).toBeDefined();
      }),
    );
  });
});
