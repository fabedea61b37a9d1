// Joins continuations, puts spaces between words and, on demand, takes them away again before punctuation.
import { type Decoder, eachToken } from './decoder.ts';

export function wordPieceDecoder(prefix: string, cleanup: boolean): Decoder {
  const textOf = (token: string, isFirst: boolean): string => {
    let text = token;
    if (!isFirst) text = token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
    return cleanup ? cleanUp(text) : text;
  };
  return { config: { type: 'WordPiece', prefix, cleanup }, ...eachToken(textOf) };
}

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
