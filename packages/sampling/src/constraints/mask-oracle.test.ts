import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { everyByte, seeded, vocabularyOf } from './constraint-walks.ts';
import { constraint, grammar, jsonSchema } from './index.ts';

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
