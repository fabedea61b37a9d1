// Cuts at one character and drops it.
import { characterPattern } from '../patterns.ts';
import type { PreTokenizer } from './pre-tokenizer.ts';

export function charDelimiterSplit(delimiter: string): PreTokenizer {
  const pattern = characterPattern((c) => c === delimiter.codePointAt(0));
  return {
    config: { type: 'CharDelimiterSplit', delimiter },
    split: (piece) => piece.split(pattern, 'Removed'),
  };
}
