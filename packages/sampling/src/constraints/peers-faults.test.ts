// Faults of other engines, each named, that must not come back here. Sources: shared/anchors/sampling.md.
import fc from 'fast-check';
import { expect, it, test } from 'vitest';
import { sampler } from '../sampler.ts';
import {
  choices,
  constraint,
  grammar,
  jsonSchema,
  matchesGrammar,
  prepareVocabulary,
  regex,
  UnsatisfiableConstraintError,
  UnsupportedConstraintError,
} from './index.ts';

const bytes = prepareVocabulary({
  vocabSize: 129,
  tokenBytes: (id) => (id === 0 ? undefined : Uint8Array.of(id - 1)),
  eosTokenIds: [0],
});
const allowed = (mask: Uint32Array): number[] =>
  Array.from({ length: 129 }, (_, id) => id).filter((id) => ((mask[id >> 5] >>> (id & 31)) & 1) === 1);

const deadEnds: readonly (readonly [string, unknown])[] = [
  ['"18e+000" where 14 is the only number', { type: 'integer', minimum: 10, maximum: 19, multipleOf: 7 }],
  [
    'digits of no member where the members run out',
    { type: 'array', items: { enum: [1, 2, 3] }, uniqueItems: true, minItems: 2 },
  ],
];
test.each(deadEnds)(
  'transformers-structured-output dead-ends at %s: here random walks over bytes always finish',
  (_, schema) => {
    const language = jsonSchema(schema);
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), (draws) => {
        const running = constraint(language, bytes);
        let text = '';
        for (let n = 0; n < 60 && !running.isFinished; n++) {
          const ids = allowed(running.mask());
          expect(ids.length).toBeGreaterThan(0);
          const id = running.isComplete && n > 20 ? 0 : ids[(draws.next().value as number) % ids.length];
          running.accept(id);
          if (id > 0) text += String.fromCharCode(id - 1);
        }
        expect(matchesGrammar(language, text)).toBe(true);
      }),
      { numRuns: 60, seed: 4 },
    );
  },
);

it('xgrammar takes 20 s for such bounds (852), does not respect them (131), drops them beside a pattern (749); llama.cpp fails to parse large ones (26596)', () => {
  const plain = jsonSchema({ type: 'string', minLength: 10, maxLength: 400 });
  const both = jsonSchema({ type: 'string', pattern: '^[a-z]+(-[a-z]+)*$', maxLength: 400 });
  const large = jsonSchema({ type: 'string', pattern: '^x*$', minLength: 1, maxLength: 200_000 });
  const matches = (language: typeof plain, length: number): boolean =>
    matchesGrammar(language, JSON.stringify('x'.repeat(length)));
  expect([9, 10, 400, 401].map((n) => matches(plain, n))).toEqual([false, true, true, false]);
  expect([0, 1, 400, 401].map((n) => matches(both, n))).toEqual([false, true, true, false]);
  expect([0, 1, 5000].map((n) => matches(large, n))).toEqual([false, true, true]);
});

it('xgrammar aborts at a bad pattern or a false schema, and all that ran in it: here both are typed errors, and the next schema compiles', () => {
  expect(() => jsonSchema({ type: 'string', pattern: '(' })).toThrow(UnsupportedConstraintError);
  expect(() => jsonSchema(false)).toThrow(UnsatisfiableConstraintError);
  expect(() => regex('[')).toThrow();
  expect(matchesGrammar(jsonSchema({ const: 1 }), '1')).toBe(true);
});

it('xgrammar 345, ollama 2605: endless white space: here one space at most, and never a line break', () => {
  const running = constraint(jsonSchema({ type: 'object', required: ['a'] }), bytes);
  for (const char of '{ ') running.accept(char.charCodeAt(0) + 1);
  expect(allowed(running.mask()).map((id) => String.fromCharCode(id - 1))).toEqual(['"']);
});

const ignored: readonly (readonly [unknown, unknown, unknown])[] = [
  [{ not: { type: 'string' } }, 1, 'a'],
  [{ if: { type: 'null' }, else: { minLength: 2 } }, 'ab', 'a'],
  [{ dependentRequired: { a: ['b'] } }, { a: 1, b: 1 }, { a: 1 }],
  [{ type: 'array', uniqueItems: true }, [1, 2], [1, 1]],
  [{ type: 'array', contains: { const: 1 } }, [2, 1], [2]],
  [{ type: 'number', multipleOf: 0.5 }, 1.5, 1.25],
  [{ allOf: [{ minLength: 1 }, { maxLength: 2 }], type: 'string' }, 'ab', 'abc'],
  [{ oneOf: [{ type: 'integer' }, { minimum: 2 }] }, 1, 3],
];
test.each(ignored)('xgrammar and llama.cpp read past a keyword of %j: here it holds', (schema, yes, no) => {
  const language = jsonSchema(schema);
  expect(matchesGrammar(language, JSON.stringify(yes))).toBe(true);
  expect(matchesGrammar(language, JSON.stringify(no))).toBe(false);
});

it('llama.cpp draws first and asks the grammar then: (.75, .25); here the mask comes before top-k: (.6, .4)', () => {
  const letters = ['', 'a', 'b', 'c'].map((text) => new TextEncoder().encode(text));
  const vocabulary = prepareVocabulary({ vocabSize: 4, tokenBytes: (id) => letters[id], eosTokenIds: [0] });
  for (const order of ['hf', 'llamacpp', 'vllm'] as const) {
    const law = sampler({ topK: 2, order, constraint: constraint(choices(['b', 'c']), vocabulary) }).law(
      Float32Array.from([0, 0.5, 0.3, 0.2], Math.log),
    );
    expect(law[2]).toBeCloseTo(0.6, 6);
    expect(law[3]).toBeCloseTo(0.4, 6);
  }
});

it('llama.cpp refuses a grammar of more than 2,000 repetitions and loops on left recursion elsewhere: here one works and the other is refused by name', () => {
  const long = grammar('root ::= [a-z]{1,3000} "."');
  expect(matchesGrammar(long, `${'x'.repeat(3000)}.`)).toBe(true);
  expect(matchesGrammar(long, `${'x'.repeat(3001)}.`)).toBe(false);
  expect(() => grammar('root ::= root "a" | "a"')).toThrow(/^left recursion/);
});

it("llama.cpp's reset leaves the grammar where it was: here a constraint that went back starts at its beginning", () => {
  const running = constraint(choices(['ab']), bytes);
  const before = [...running.mask()];
  running.accept(98);
  running.rollback(1);
  expect([...running.mask()]).toEqual(before);
  expect(running.clone().length).toBe(0);
});
