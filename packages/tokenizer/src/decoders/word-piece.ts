// Joins continuations, puts spaces between words and, on demand, takes them away again before punctuation.
import type { Decoder } from './decoder.ts';

export const wordPieceDecoder = (prefix: string, cleanup: boolean): Decoder => ({
  config: { type: 'WordPiece', prefix, cleanup },
  decode: (tokens) =>
    tokens.map((token, i) => {
      let text = token;
      if (i > 0) text = token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
      return cleanup ? cleanUp(text) : text;
    }),
});

const REWRITES: readonly (readonly [string, string])[] = [
  [' .', '.'],
  [' ?', '?'],
  [' !', '!'],
  [' ,', ','],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [' do not', " don't"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

/** Undoes the spaces that English tokenization puts in. */
export const cleanUp = (text: string): string =>
  REWRITES.reduce((t, [from, to]) => t.replaceAll(from, to), text);
