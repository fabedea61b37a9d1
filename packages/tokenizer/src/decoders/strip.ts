// Drops up to `start` and `stop` copies of a character from the ends of each token.
import type { Decoder } from './decoder.ts';

export const stripDecoder = (content: string, start: number, stop: number): Decoder => ({
  config: { type: 'Strip', content, start, stop },
  decode: (tokens) =>
    tokens.map((token) => {
      const chars = Array.from(token);
      let from = 0;
      let to = chars.length;
      while (from < start && from < to && chars[from] === content) from++;
      for (let n = 0; n < stop && to > from && chars[to - 1] === content; n++) to--;
      return chars.slice(from, to).join('');
    }),
});
