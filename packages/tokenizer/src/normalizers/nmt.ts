// SentencePiece's nmt_nfkc clean-up without the NFKC: drops control characters and turns exotic spaces into U+0020.
import type { Normalizer } from './normalizer.ts';

const isDropped = (c: number): boolean =>
  (c >= 1 && c <= 8) || c === 0x0b || (c >= 0x0e && c <= 0x1f) || c === 0x7f || c === 0x8f || c === 0x9f;

const isSpaceLike = (c: number): boolean =>
  c === 0x09 ||
  c === 0x0a ||
  c === 0x0c ||
  c === 0x0d ||
  c === 0x1680 ||
  (c >= 0x200b && c <= 0x200f) ||
  c === 0x2028 ||
  c === 0x2029 ||
  c === 0x2581 ||
  c === 0xfeff ||
  c === 0xfffd;

export const nmt = (): Normalizer => ({
  config: { type: 'Nmt' },
  normalize: (text) => {
    text.filter((_, c) => !isDropped(c));
    text.map((char, c) => (isSpaceLike(c) ? ' ' : char));
  },
});
