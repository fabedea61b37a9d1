import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sampler } from '../sampler.ts';
import { encode, everyByte, jsonPieces } from './constraint-walks.ts';
import {
  type ConstraintGrammar,
  choices,
  constraint,
  constraintStep,
  grammar,
  jsonSchema,
  loadVocabulary,
  matchesGrammar,
} from './index.ts';

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
