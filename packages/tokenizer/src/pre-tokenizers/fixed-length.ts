// Cuts into chunks of a fixed number of characters.
import type { PreTokenizer } from './pre-tokenizer.ts';

export function fixedLength(length: number): PreTokenizer {
  if (!Number.isInteger(length) || length < 1)
    throw new RangeError(`FixedLength.length: expected an integer >= 1, got ${length}`);
  return {
    config: { type: 'FixedLength', length },
    split: (piece) => {
      const pieces = [];
      let start = 0;
      let count = 0;
      let at = 0;
      for (const char of piece.value) {
        at += char.length;
        if (++count % length === 0) {
          pieces.push(piece.slice(start, at));
          start = at;
        }
      }
      if (start < at) pieces.push(piece.slice(start, at));
      return pieces;
    },
  };
}
