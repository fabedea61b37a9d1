// A machine forgets; what it then makes anew must be the same.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ConstraintGrammar } from './constraint-grammar.ts';
import { constraint, grammar, jsonSchema, prepareVocabulary, UnsupportedConstraintError } from './index.ts';
import { Machine } from './machine.ts';

const limits = { states: 40, stacks: 150, frames: 60 };
const texts = [
  ...Array.from({ length: 128 }, (_, byte) => String.fromCharCode(byte)),
  ...['{"', '":', '","', '"a"', '[1', ',1', '],[', '}}', '1,2', '"],["', 'ab', ' [', '": {"', '(('],
];
const vocabulary = prepareVocabulary({
  vocabSize: texts.length + 1,
  tokenBytes: (id) => (id === 0 ? undefined : new TextEncoder().encode(texts[id - 1])),
  eosTokenIds: [0],
});

function forgetful(language: ConstraintGrammar): ConstraintGrammar {
  const machine = new Machine(limits);
  return { ...language, machine, start: machine.start(language.embed(machine)) };
}

const languages: readonly (readonly [string, ConstraintGrammar])[] = [
  ['any JSON', jsonSchema(true)],
  [
    'items that differ',
    jsonSchema({ type: 'array', uniqueItems: true, items: { type: ['integer', 'boolean', 'string'] } }),
  ],
  [
    'objects within each other',
    jsonSchema({
      type: 'object',
      properties: { a: { $ref: '#' }, b: { type: 'array', items: { $ref: '#' }, uniqueItems: true } },
      required: ['b'],
      minProperties: 1,
      maxProperties: 3,
      not: { required: ['ab', 'a'] },
    }),
  ],
  ['a grammar', grammar('root ::= "(" root* ")" | [a-c] root?')],
];

test.each(languages)('%s: a machine that forgets allows the same, and stays small', (_, language) => {
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat()), (draws) => {
      const [a, b] = [constraint(language, vocabulary), constraint(forgetful(language), vocabulary)];
      const small = forgetful(language);
      const c = constraint(small, vocabulary);
      for (let n = 0; n < 60; n++) {
        const mask = a.mask();
        expect([...b.mask()]).toEqual([...mask]);
        const allowed = texts.flatMap((_, i) =>
          ((mask[(i + 1) >> 5] >>> ((i + 1) & 31)) & 1) === 1 ? [i + 1] : [],
        );
        if (allowed.length === 0) break;
        const id = allowed[(draws.next().value as number) % allowed.length];
        for (const one of [a, b, c]) one.accept(id);
      }
      // Back where it has been, with what it has forgotten since.
      const half = Math.floor(a.length / 2);
      for (const one of [a, b, c]) one.rollback(half);
      expect([...b.mask()]).toEqual([...a.mask()]);
      expect([...c.mask()]).toEqual([...a.mask()]);
      // What one step more than the limit makes is remembered too.
      for (let i = 0; i < 300; i++) {
        small.machine.settle();
        small.machine.step(small.start, i % 128);
        const { states, stacks, frames } = small.machine.remembered;
        expect(states).toBeLessThan(2 * limits.states);
        expect(stacks).toBeLessThan(2 * limits.stacks);
        expect(frames).toBeLessThan(2 * limits.frames);
      }
    }),
    { numRuns: 8, seed: 23 },
  );
});

test('over a long text what a machine remembers is bounded', () => {
  const language = forgetful(jsonSchema({ type: 'array', uniqueItems: true, items: { type: 'integer' } }));
  const machine = language.machine;
  let state = language.start;
  let most = 0;
  const text = `[${Array.from({ length: 60 }, (_, i) => i).join(',')}]`;
  for (const char of text) {
    machine.settle();
    const next = machine.step(state, char.charCodeAt(0));
    if (next === null) throw new Error('the text is of the language');
    state = next;
    most = Math.max(most, machine.remembered.frames);
  }
  expect(state.complete).toBe(true);
  expect(most).toBeLessThanOrEqual(limits.frames + 8);
});

test('right recursion, and repetitions within repetitions, are read without piling up', () => {
  const { machine, start } = grammar('root ::= "(" root* ")" | [a-c] root? | "[" root+ "]"');
  let state = start;
  for (let i = 0; i < 400; i++) {
    const next = machine.step(state, 'a(b[c(a)b])'.charCodeAt(i % 11));
    if (next === null) break;
    state = next;
    expect(state.stacks.length).toBeLessThan(20);
  }
  expect(machine.remembered.states).toBeLessThan(100);
});

test('what can be read in too many ways is refused, not followed for ever', () => {
  const { machine, start } = grammar(
    'root ::= (a | b)* "."\na ::= "x" (root | c)?\nb ::= "x" root root?\nc ::= "x" a',
  );
  let state = start;
  expect(() => {
    for (let i = 0; i < 60; i++) state = machine.step(state, 0x78) ?? state;
  }).toThrow(UnsupportedConstraintError);
});
