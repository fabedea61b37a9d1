// Drops up to `start` and `stop` copies of a character from the ends of each token.
import { type Decoder, eachToken } from './decoder.ts';

export const stripDecoder = (content: string, start: number, stop: number): Decoder => ({
  config: { type: 'Strip', content, start, stop },
  ...eachToken((token) => {
    let from = 0;
    let to = token.length;
    for (let n = 0; n < start && content !== '' && token.startsWith(content, from); n++)
      from += content.length;
    for (
      let n = 0;
      n < stop && content !== '' && to - content.length >= from && token.endsWith(content, to);
      n++
    )
      to -= content.length;
    return token.slice(from, to);
  }),
});
