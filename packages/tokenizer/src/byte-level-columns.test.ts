import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AddedTokens } from './added-tokens.ts';
import { byteLevelColumns } from './byte-level-columns.ts';
import { readTiktoken } from './formats/tiktoken.ts';
import { encodeColumns } from './pipeline.ts';

const words = [
  ...Array.from({ length: 256 }, (_, b) => String.fromCharCode(b)),
  'th',
  'the',
  ' t',
  '\xf0\x9f',
  '\n\n',
  'en',
];
const tokenizer = readTiktoken(words.map((word, i) => `${btoa(word)} ${i}`).join('\n'), {
  pattern: 'gpt2',
  specialTokens: { '<|a|>': 300, '<|b|>': 301 },
});
const added = new AddedTokens(tokenizer.parts.addedTokens);
const refused = new Set([300, 301]);

test('ids and offsets are those of the general path, wherever control tokens are allowed', () => {
  const text = fc
    .array(
      fc.oneof(
        fc.constantFrom('the', 'én', '😀', '<|a|>', '<|b|>', '<|', ' t', '\n\n', '\ud800'),
        fc.string({ unit: 'binary', maxLength: 3 }),
      ),
      { maxLength: 9 },
    )
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, fc.func(fc.boolean()), (source, chance) => {
      const allowed = (token: { id: number }, start: number, end: number) =>
        !refused.has(token.id) || chance(start, end);
      const general = encodeColumns(tokenizer.parts, added, source, 0, {
        allowedSpecial: allowed,
        excluded: refused,
      });
      const columns = byteLevelColumns(tokenizer, added, source, allowed, refused);
      expect(columns).toBeDefined();
      expect(columns!.ids).toEqual(general.ids);
      expect(columns!.offsets).toEqual(general.offsets);
    }),
  );
});

test('an id that plain text may not become sends the text to the general path', () => {
  expect(byteLevelColumns(tokenizer, added, 'the', () => true, new Set([257]))).toBeUndefined();
});
