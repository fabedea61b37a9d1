// Cuts at numeric characters (category N), each by itself or in runs.
import { characterPattern } from '../patterns.ts';
import type { PreTokenizer } from './pre-tokenizer.ts';

const NUMERIC = /\p{N}/u;

export function digits(individualDigits: boolean): PreTokenizer {
  const pattern = characterPattern((c) =>
    c < 128 ? c >= 48 && c <= 57 : NUMERIC.test(String.fromCodePoint(c)),
  );
  return {
    config: { type: 'Digits', individual_digits: individualDigits },
    split: (piece) => piece.split(pattern, individualDigits ? 'Isolated' : 'Contiguous'),
  };
}
