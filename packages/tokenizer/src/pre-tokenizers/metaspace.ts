// SentencePiece's: spaces become a visible character, one is put before the text, and words are cut before it.
import { characterPattern, stringPattern } from '../patterns.ts';
import type { PreTokenizer } from './pre-tokenizer.ts';

/** When a replacement character is put before a piece that lacks one. */
export type PrependScheme = 'always' | 'first' | 'never';

export function metaspace(replacement: string, prependScheme: PrependScheme, cut: boolean): PreTokenizer {
  const isReplacement = characterPattern((c) => c === replacement.codePointAt(0));
  const space = stringPattern(' ');
  const literal = replacement.replaceAll('$', '$$$$'); // a plain replacement is faster than a function
  return {
    config: { type: 'Metaspace', replacement, prepend_scheme: prependScheme, split: cut },
    split: (piece) => {
      if (piece.tracked) piece.replace(space, replacement);
      else piece.value = piece.value.replaceAll(' ', literal);
      const wanted = prependScheme === 'always' || (prependScheme === 'first' && piece.originalStart === 0);
      if (wanted && !piece.value.startsWith(replacement)) piece.prepend(replacement);
      return cut ? piece.split(isReplacement, 'MergedWithNext') : [piece];
    },
    // Whether a piece begins the text is not known of plain text.
    ...(prependScheme !== 'first' &&
      Array.from(replacement).length === 1 && {
        words: (text) => {
          let value = text.replaceAll(' ', literal);
          if (prependScheme === 'always' && text !== '' && !value.startsWith(replacement))
            value = replacement + value;
          return cut ? cutBefore(value, replacement) : [value];
        },
      }),
  };
}

/** The parts of a text that begin with `mark`, and what is before the first. */
function cutBefore(text: string, mark: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let at = text.indexOf(mark, 1); at >= 0; at = text.indexOf(mark, at + 1)) {
    parts.push(text.slice(start, at));
    start = at;
  }
  if (start < text.length) parts.push(text.slice(start));
  return parts;
}
