import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sampler } from '../sampler.ts';
import {
  type ConstraintGrammar,
  choices,
  constraint,
  constraintStep,
  grammar,
  jsonSchema,
  loadVocabulary,
  matchesGrammar,
  prepareVocabulary,
  regex,
  structuralTags,
  UnsatisfiableConstraintError,
  UnsupportedConstraintError,
  type Vocabulary,
} from './index.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function vocabularyOf(pieces: readonly (string | Uint8Array)[]): Vocabulary {
  const texts = pieces.map((p) => (typeof p === 'string' ? encode(p) : p));
  return prepareVocabulary({
    vocabSize: texts.length + 1,
    tokenBytes: (id) => (id === 0 ? undefined : texts[id - 1]),
    eosTokenIds: [0],
  });
}

const bytes = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
const jsonPieces = [
  '{"',
  '"}',
  '": ',
  '", "',
  ', "',
  '}, {',
  'true',
  '10',
  '.0',
  'foo',
  ' "',
  '\\u',
  '":[',
  'é"',
];
const everyByte = vocabularyOf([
  ...bytes,
  ...jsonPieces,
  Uint8Array.of(0x22, 0xc3),
  Uint8Array.of(0xa9, 0x22),
]);

/** Draws allowed ids, short ones of the ending kind first after a while, until the text has ended. */
function walk(language: ConstraintGrammar, draw: (n: number) => number, most = 4000): string {
  const running = constraint(language, everyByte);
  const out: number[] = [];
  for (let step = 0; step < most; step++) {
    const mask = running.mask();
    const allowed: number[] = [];
    for (let id = 0; id < everyByte.vocabSize; id++) if ((mask[id >> 5] >>> (id & 31)) & 1) allowed.push(id);
    if (allowed.length === 0)
      throw new Error(`dead end after ${new TextDecoder().decode(Uint8Array.from(out))}`);
    // Late in the walk what closes is preferred, so that endless languages end.
    const closing =
      step > 40 ? [0, 1 + 0x22, 1 + 0x7d, 1 + 0x5d, 1 + 0x29].find((id) => allowed.includes(id)) : undefined;
    const id = closing ?? allowed[draw(allowed.length)];
    if (id === 0) return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(out));
    running.accept(id);
    out.push(...(everyByte.tokenBytes(id) as Uint8Array));
  }
  throw new Error('the walk did not end');
}

const seeded = fc.integer({ min: 1, max: 2 ** 31 - 2 }).map((seed) => {
  let state = seed;
  return (n: number): number => {
    state = (state * 48271) % 2147483647;
    return Math.floor((state / 2147483647) * n);
  };
});

// Random grammars without recursion, as text and as an enumeration of their texts.
interface Tree {
  readonly gbnf: string;
  readonly texts: ReadonlySet<string>;
}
const leaf = fc
  .constantFrom('a', 'b', 'ab', 'é', '')
  .map((t): Tree => ({ gbnf: `"${t}"`, texts: new Set([t]) }));
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.tuple(tie('tree'), tie('tree')).map(([x, y]) => ({
      gbnf: `(${x.gbnf} ${y.gbnf})`,
      texts: new Set([...x.texts].flatMap((s) => [...y.texts].map((t) => s + t))),
    })),
    fc.tuple(tie('tree'), tie('tree')).map(([x, y]) => ({
      gbnf: `(${x.gbnf} | ${y.gbnf})`,
      texts: new Set([...x.texts, ...y.texts]),
    })),
    tie('tree').map((x) => ({
      gbnf: `${x.gbnf}{0,2}`,
      texts: new Set(['', ...x.texts, ...[...x.texts].flatMap((s) => [...x.texts].map((t) => s + t))]),
    })),
  ),
}));

describe('mask', () => {
  test('equals brute force over random grammars and vocabularies', () => {
    const pieces = fc.uniqueArray(fc.constantFrom('a', 'b', 'aa', 'ab', 'ba', 'é', 'bé', 'abab', 'éa'), {
      maxLength: 9,
    });
    fc.assert(
      fc.property(tree, pieces, seeded, (one, extra, draw) => {
        const singles = ['a', 'b', Uint8Array.of(0xc3), Uint8Array.of(0xa9), Uint8Array.of(0x62, 0xc3)];
        const vocabulary = vocabularyOf([...singles, ...extra]);
        const texts = [...one.texts].map((t) => Buffer.from(t).toString('latin1'));
        const running = constraint(grammar(`root ::= ${one.gbnf}`), vocabulary);
        let prefix = '';
        for (let step = 0; step < 12; step++) {
          const expected: number[] = texts.includes(prefix) ? [0] : [];
          for (let id = 1; id < vocabulary.vocabSize; id++) {
            const piece = Buffer.from(vocabulary.tokenBytes(id) as Uint8Array).toString('latin1');
            if (texts.some((t) => t.startsWith(prefix + piece))) expected.push(id);
          }
          const mask = running.mask();
          const got = Array.from({ length: vocabulary.vocabSize }, (_, id) => id).filter(
            (id) => (mask[id >> 5] >>> (id & 31)) & 1,
          );
          expect(got).toEqual(expected);
          const id = expected[draw(expected.length)];
          if (id === 0) break;
          running.accept(id);
          prefix += Buffer.from(vocabulary.tokenBytes(id) as Uint8Array).toString('latin1');
        }
      }),
      { numRuns: 150, seed: 7 },
    );
  });

  test('equals trying every token, inside strings, keys and numbers', () => {
    const language = jsonSchema({
      type: 'object',
      properties: {
        foo: { type: 'integer', minimum: 3, maximum: 120 },
        é: { type: 'string', maxLength: 3 },
        long: { type: 'string', minLength: 4 },
      },
      additionalProperties: { type: 'array', items: { enum: ['foo', 10, true] }, uniqueItems: true },
      required: ['foo', 'long'],
      propertyNames: { minLength: 1 },
    });
    fc.assert(
      fc.property(seeded, (draw) => {
        const running = constraint(language, everyByte);
        for (let step = 0; step < 25; step++) {
          const mask = running.mask();
          const allowed: number[] = [];
          for (let id = 0; id < everyByte.vocabSize; id++) {
            const bit = ((mask[id >> 5] >>> (id & 31)) & 1) === 1;
            expect(bit).toBe(running.allows(id));
            if (bit) allowed.push(id);
          }
          const id = allowed[draw(allowed.length)];
          if (id === 0) break;
          running.accept(id);
        }
      }),
      { numRuns: 12, seed: 3 },
    );
  });
});

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

describe('running', () => {
  test('rollback undoes accept, a clone goes its own way, and bytes without a choice are forced', () => {
    const running = constraint(
      jsonSchema(
        {
          type: 'object',
          properties: { name: { enum: ['x', 'y'] } },
          required: ['name'],
          additionalProperties: false,
        },
        { whitespace: 'compact' },
      ),
      everyByte,
    );
    const first = running.mask();
    expect(new TextDecoder().decode(running.forcedBytes())).toBe('{"name":"');
    running.accept(1 + 0x7b);
    const copy = running.clone();
    running.accept(1 + 0x22);
    expect(copy.length).toBe(1);
    expect(() => copy.accept(1 + 0x78)).toThrow(RangeError);
    running.rollback(2);
    expect(running.mask()).toEqual(first);
  });

  test('a saved vocabulary is the same vocabulary', () => {
    const again = loadVocabulary(everyByte.save());
    const language = choices(['foo', 'é', 'true']);
    expect(constraint(language, again).mask()).toEqual(constraint(language, everyByte).mask());
  });

  test('forced bytes are taken as the longest tokens, and not where a token could reach beyond them', () => {
    const start = (language: ConstraintGrammar) => constraint(language, everyByte);
    const spelt = (ids: readonly number[]): string[] =>
      ids.map((id) => new TextDecoder().decode(everyByte.tokenBytes(id)));
    const name = grammar('root ::= "{\\"foo\\": " [0-9]');
    // Not the blank of the single bytes below: ' "' is a token too. '": ' could not reach beyond; with a choice behind '":' the last token is left to the model.
    expect(spelt(start(name).forcedIds())).toEqual(['{"', 'foo', '": ']);
    expect(spelt(start(name).forcedIds(2))).toEqual(['{"', 'foo']);
    expect(spelt(start(grammar('root ::= "{\\"foo\\":" [0-9 ]')).forcedIds())).toEqual(['{"', 'foo']);
    const spell = (text: string): number[] => [...encode(text)].map((byte) => byte + 1);
    expect(spelt(constraint(name, everyByte, { spell }).forcedIds()).join('|')).toBe('{|"|f|o|o|"|:');
    // A tokenizer that writes something else (a blank before every text) is not followed.
    const blank = (text: string): number[] => spell(` ${text}`);
    expect(spelt(constraint(name, everyByte, { spell: blank }).forcedIds())).toEqual(['{"', 'foo', '": ']);
    expect(constraint(name, everyByte, { jumpAhead: false }).forcedIds()).toEqual([]);
  });

  test('the constraint option: text is drawn and jumped over, sampled or rewound, and is always of the language', () => {
    const language = jsonSchema({
      type: 'object',
      properties: { foo: { enum: ['foo', 'été', 10] }, list: { items: { type: 'boolean' }, maxItems: 2 } },
      required: ['foo', 'list'],
      additionalProperties: false,
    });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), fc.boolean(), (seed, jumps) => {
        const own = sampler({ temperature: 1.5, constraint: constraint(language, everyByte), seed });
        for (const id of [5, 7]) own.accept(id);
        for (let step = 0; step < 200; step++) {
          if (jumps) own.jumpAhead(3);
          if (step % 7 === 3) {
            const before = own.save();
            const { id } = own.sample(new Float32Array(everyByte.vocabSize));
            own.rollback(1);
            expect(own.save()).toEqual(before);
            expect(own.clone().sample(new Float32Array(everyByte.vocabSize)).id).toBe(id);
          }
          if (own.sample(new Float32Array(everyByte.vocabSize)).id === 0) break;
        }
        const text = own
          .ids()
          .slice(2, -1)
          .map((id) => [...(everyByte.tokenBytes(id) as Uint8Array)]);
        expect(matchesGrammar(language, Uint8Array.from(text.flat()))).toBe(true);
      }),
      { numRuns: 60, seed: 6 },
    );
  });

  test('a step that forbids ids by themselves is not jumped over', () => {
    const running = constraint(choices(['foo']), everyByte);
    const foo = 257 + jsonPieces.indexOf('foo');
    expect(sampler({ constraint: running }).jumpAhead(9)).toEqual([foo]);
    for (const step of [
      { suppressIds: [foo] },
      { badWords: [[foo]] },
      { logitBias: { [foo]: -Infinity } },
      { noRepeatNgram: 1 },
      { allowedIds: [1 + 0x66, 1 + 0x6f] },
    ])
      expect(sampler({ constraint: running, ...step }).jumpAhead(9)).toEqual([]);
    expect(sampler({ constraint: running, logitBias: { [foo]: -2 } }).jumpAhead(9)).toEqual([foo]);
  });

  test('as a step of a chain, a sampler writes what the constraint allows, and only that', () => {
    const language = choices(['foo', 'true', 'éé']);
    for (let seed = 0; seed < 20; seed++) {
      const step = constraintStep({ constraint: constraint(language, everyByte) });
      const drawing = sampler({ processors: [step], seed });
      drawing.accept(5); // a prompt
      const out: number[] = [];
      for (;;) {
        const { id } = drawing.sample(new Float32Array(everyByte.vocabSize));
        if (id === 0) break;
        out.push(...(everyByte.tokenBytes(id) as Uint8Array));
      }
      expect(['foo', 'true', 'éé']).toContain(new TextDecoder().decode(Uint8Array.from(out)));
    }
  });
});
