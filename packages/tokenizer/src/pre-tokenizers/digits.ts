// Cuts at numeric characters (category N), each by itself or in runs.
import { characterPattern } from '../patterns.ts';
import { characterCuts, ISOLATED, KEPT } from './character-cuts.ts';
import type { PreTokenizer } from './pre-tokenizer.ts';

const NUMERIC = /\p{N}/u;

export function digits(individualDigits: boolean): PreTokenizer {
  const isDigit = (c: number): boolean =>
    c < 128 ? c >= 48 && c <= 57 : NUMERIC.test(String.fromCodePoint(c));
  const pattern = characterPattern(isDigit);
  return {
    config: { type: 'Digits', individual_digits: individualDigits },
    split: (piece) => piece.split(pattern, individualDigits ? 'Isolated' : 'Contiguous'),
    ...(individualDigits && { words: characterCuts((c) => (isDigit(c) ? ISOLATED : KEPT)) }),
  };
}
