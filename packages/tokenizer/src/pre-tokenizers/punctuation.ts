// Cuts at punctuation: ASCII punctuation (symbols such as $ and + too) and Unicode's category P. BERT's pre-tokenizer drops white space first.
import type { SplitBehavior } from '../aligned-text.ts';
import { characterPattern } from '../patterns.ts';
import { isWhiteSpace } from '../unicode/white-space.ts';
import { characterCuts, ISOLATED, KEPT, REMOVED } from './character-cuts.ts';
import type { PreTokenizer } from './pre-tokenizer.ts';

const PUNCTUATION = /\p{P}/u;

/** ASCII punctuation or category P. */
export const isPunctuation = (c: number): boolean =>
  c < 128
    ? (c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) || (c >= 123 && c <= 126)
    : PUNCTUATION.test(String.fromCodePoint(c));

export function punctuation(behavior: SplitBehavior): PreTokenizer {
  const pattern = characterPattern(isPunctuation);
  const cut = behavior === 'Isolated' ? ISOLATED : behavior === 'Removed' ? REMOVED : undefined;
  return {
    config: { type: 'Punctuation', behavior },
    split: (piece) => piece.split(pattern, behavior),
    ...(cut !== undefined && { words: characterCuts((c) => (isPunctuation(c) ? cut : KEPT)) }),
  };
}

export function bertPreTokenizer(): PreTokenizer {
  const spaces = characterPattern(isWhiteSpace);
  const marks = characterPattern(isPunctuation);
  return {
    config: { type: 'BertPreTokenizer' },
    split: (piece) => piece.split(spaces, 'Removed').flatMap((word) => word.split(marks, 'Isolated')),
    words: characterCuts((c) => (isWhiteSpace(c) ? REMOVED : isPunctuation(c) ? ISOLATED : KEPT)),
  };
}
