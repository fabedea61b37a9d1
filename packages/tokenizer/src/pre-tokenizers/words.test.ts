import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AlignedText } from '../aligned-text.ts';
import { digits } from './digits.ts';
import { metaspace } from './metaspace.ts';
import type { PreTokenizer } from './pre-tokenizer.ts';
import { bertPreTokenizer, punctuation } from './punctuation.ts';
import { preTokenizerSequence } from './sequence.ts';
import { whitespace, whitespaceSplit } from './whitespace.ts';

const ATOMS = [
  ' ',
  '  ',
  '\n',
  '\u0085',
  '\u3000',
  '\u2581',
  '\u2581\u2581',
  '.',
  ',',
  '\u3002',
  '$',
  '7',
  '\u0663',
  'a',
  'bc',
  '\u65e5',
  '\ud83d\ude00',
  '\ud835\udfce',
  '\u0301',
  '\u200d',
  '_',
];
const texts = fc.oneof(
  fc.array(fc.constantFrom(...ATOMS), { maxLength: 20 }).map((atoms) => atoms.join('')),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
);

const stages: Record<string, PreTokenizer> = {
  WhitespaceSplit: whitespaceSplit(),
  Whitespace: whitespace(),
  BertPreTokenizer: bertPreTokenizer(),
  'Punctuation, isolated': punctuation('Isolated'),
  'Punctuation, removed': punctuation('Removed'),
  'Digits, each': digits(true),
  'Metaspace, always': metaspace('\u2581', 'always', true),
  'Metaspace, never': metaspace('\u2581', 'never', true),
  'Metaspace, whole': metaspace('_', 'always', false),
};
const all = Object.values(stages);
stages['Sequence of T5'] = preTokenizerSequence([whitespaceSplit(), metaspace('\u2581', 'always', true)]);
stages['Sequence of all'] = preTokenizerSequence(all);

describe('the words of a plain text are the pieces of the aligned one', () => {
  it.each(Object.keys(stages))('%s', (name) => {
    const { split, words } = stages[name];
    fc.assert(
      fc.property(texts, (text) => {
        const pieces = split(AlignedText.from(text, true)).map((piece) => piece.value);
        expect(words?.(text).filter((word) => word !== '')).toEqual(pieces.filter((piece) => piece !== ''));
      }),
      { numRuns: 300 },
    );
  });
});

it('a stage that asks where a piece stands, or joins its cuts, has no words', () => {
  expect(metaspace('\u2581', 'first', true).words).toBeUndefined();
  expect(punctuation('MergedWithNext').words).toBeUndefined();
  expect(digits(false).words).toBeUndefined();
  expect(preTokenizerSequence([whitespaceSplit(), digits(false)]).words).toBeUndefined();
});
