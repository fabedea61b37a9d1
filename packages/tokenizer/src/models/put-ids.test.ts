import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeUtf8 } from '../unicode/utf8.ts';
import type { Model } from './model.ts';
import { unigram } from './unigram.ts';
import { Vocabulary } from './vocabulary.ts';
import { wordPiece } from './word-piece.ts';

const UNITS = ['a', 'b', 'c', '\u2581', '\u00e9', '\u65e5', '\ud83d\ude00', '\ud83d\ude01'];
const string = fc.array(fc.constantFrom(...UNITS), { minLength: 1, maxLength: 5 }).map((u) => u.join(''));
const vocabularies = fc.uniqueArray(string, { minLength: 1, maxLength: 40 });
const pieces = fc.array(fc.constantFrom(...UNITS), { maxLength: 30 }).map((u) => u.join(''));
const excludedIds = fc.uniqueArray(fc.nat(40), { maxLength: 5 }).map((ids) => new Set(ids));

function expectLaws(model: Model, piece: string, excluded: ReadonlySet<number> | undefined): void {
  const tokens = model.tokenize(piece, excluded && { excluded });
  const ids = [-1];
  model.putIds?.(piece, excluded, ids);
  expect(ids).toEqual([-1, ...tokens.map((token) => token.id)]);
  for (const { id } of tokens) if (id !== 0) expect(excluded?.has(id) ?? false).toBe(false);
  // Tokens cover the piece; those of one unknown character's bytes share its place.
  const size = encodeUtf8(piece).length;
  if (piece !== '') expect([tokens[0]?.start, tokens.at(-1)?.end]).toEqual([0, size]);
  tokens.forEach((token, i) => {
    const before = tokens[i - 1];
    if (before !== undefined && before.start !== token.start) expect(token.start).toBe(before.end);
  });
}

describe('ids without objects are those of the tokens', () => {
  it('Unigram, with and without bytes, names of unknown runs and excluded tokens', () => {
    const score = fc.double({ min: -20, max: 0, noNaN: true });
    const options = fc.record({
      byteFallback: fc.boolean(),
      namesUnknown: fc.boolean(),
      singlePrecision: fc.boolean(),
    });
    fc.assert(
      fc.property(
        vocabularies,
        fc.array(score, { minLength: 40, maxLength: 40 }),
        fc.option(excludedIds, { nil: undefined }),
        pieces,
        options,
        (tokens, scores, excluded, piece, some) => {
          const bytes = some.byteFallback
            ? Array.from({ length: 256 }, (_, b): [string, number] => [
                `<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`,
                0,
              ])
            : [];
          const listed = ['<unk>', ...tokens].map((token, i): [string, number] => [token, scores[i % 40]]);
          const model = unigram({ pieces: [...listed, ...bytes], unkId: 0, ...some });
          expectLaws(model, piece, excluded);
          expectLaws(model, piece, undefined);
        },
      ),
    );
  });

  it('WordPiece, whose tokens are the longest that fit, as a search by slices finds', () => {
    fc.assert(
      fc.property(
        vocabularies,
        fc.option(excludedIds, { nil: undefined }),
        pieces,
        fc.nat(30),
        (tokens, excluded, piece, most) => {
          const entries = ['[UNK]', ...tokens.map((token, i) => (i % 3 === 0 ? token : `##${token}`))];
          const vocabulary = new Vocabulary(entries.map((token, id): [string, number] => [token, id]));
          const model = wordPiece({
            vocabulary,
            unkToken: '[UNK]',
            continuingSubwordPrefix: '##',
            maxInputCharsPerWord: most,
          });
          expectLaws(model, piece, excluded);
          const characters = Array.from(piece);
          const slow: number[] = [];
          for (let start = 0; start < characters.length && characters.length <= most; ) {
            let end = characters.length;
            const id = () => vocabulary.id((start > 0 ? '##' : '') + characters.slice(start, end).join(''));
            while (end > start && (id() === undefined || excluded?.has(id() as number))) end--;
            if (end === start) break;
            slow.push(id() as number);
            start = end;
          }
          const isCovered =
            slow.map((id) => Array.from(entries[id].replace(/^##/, '')).length).reduce((a, b) => a + b, 0) ===
            characters.length;
          const ids = model.tokenize(piece, excluded && { excluded }).map((token) => token.id);
          expect(ids).toEqual(isCovered ? slow : [0]);
        },
      ),
    );
  });
});
