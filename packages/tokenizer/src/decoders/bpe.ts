// Turns the end-of-word suffix into spaces, but for the last token.
import type { Decoder } from './decoder.ts';

export const bpeDecoder = (suffix: string): Decoder => ({
  config: { type: 'BPEDecoder', suffix },
  decode: (tokens) =>
    tokens.map((token, i) =>
      token.includes(suffix) ? token.replaceAll(suffix, i === tokens.length - 1 ? '' : ' ') : token,
    ),
});
