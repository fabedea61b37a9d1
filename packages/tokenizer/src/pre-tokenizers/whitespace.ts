// Words and runs of other characters (`\w+|[^\w\s]+`), white space dropped; and the simpler cut at white space only.
import { characterPattern, invertPattern, regexPattern } from '../patterns.ts';
import { isWhiteSpace } from '../unicode/white-space.ts';
import { characterCuts, KEPT, REMOVED } from './character-cuts.ts';
import type { PreTokenizer } from './pre-tokenizer.ts';

const WORD = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u200c\\u200d';

export function whitespace(): PreTokenizer {
  const words = new RegExp(`[${WORD}]+|[^${WORD}\\p{White_Space}]+`, 'gu');
  const pattern = invertPattern(regexPattern(words));
  return {
    config: { type: 'Whitespace' },
    split: (piece) => piece.split(pattern, 'Removed'),
    words: (text) => text.match(words) ?? [],
  };
}

export function whitespaceSplit(): PreTokenizer {
  const pattern = characterPattern(isWhiteSpace);
  return {
    config: { type: 'WhitespaceSplit' },
    split: (piece) => piece.split(pattern, 'Removed'),
    words: characterCuts((c) => (isWhiteSpace(c) ? REMOVED : KEPT)),
  };
}
