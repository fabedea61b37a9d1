// The tokens that training begins with: control tokens, then the alphabet (all bytes, or the characters that occur); and pieces as numbers of them.
import { BYTE_TO_CHAR } from '../byte-alphabet.ts';
import { decodeUtf8 } from '../unicode/utf8.ts';
import type { BpeTrainerOptions } from './bpe-options.ts';
import type { PieceCounts } from './piece-counts.ts';

export interface InitialSymbols {
  /** Tokens by number. */
  readonly tokens: string[];
  readonly ids: Map<string, number>;
  /** For bytes: the number of each. */
  readonly byteIds: Int32Array | undefined;
  /** For characters: the numbers of a piece's symbols. Symbols with a prefix or suffix become tokens when they are first met. */
  symbolsOf(bytes: Uint8Array): number[];
}

export function initialSymbols(counts: PieceCounts, options: BpeTrainerOptions): InitialSymbols {
  const {
    symbols: kind = 'bytes',
    specialTokens = [],
    continuingSubwordPrefix = '',
    endOfWordSuffix = '',
  } = options;
  const isBytes = kind === 'bytes';
  const tokens: string[] = [];
  const ids = new Map<string, number>();
  const idOf = (text: string): number => {
    let id = ids.get(text);
    if (id === undefined) {
      id = tokens.length;
      tokens.push(text);
      ids.set(text, id);
    }
    return id;
  };
  for (const token of specialTokens) idOf(token);
  // Characters get ids in the order of code points, bytes in the order of the alphabet's: the order that decides ties.
  const alphabet = isBytes ? [...BYTE_TO_CHAR] : alphabetOf(counts, options.limitAlphabet);
  alphabet.sort((x, y) => x.codePointAt(0)! - y.codePointAt(0)!);
  const allowed = new Set(alphabet);
  for (const char of alphabet) idOf(char);
  const byteIds = isBytes ? Int32Array.from(BYTE_TO_CHAR, (char) => ids.get(char)!) : undefined;
  const symbolsOf = (bytes: Uint8Array): number[] => {
    const chars = Array.from(decodeUtf8(bytes));
    const last = chars.length - 1;
    return chars.flatMap((char, i) =>
      allowed.has(char)
        ? [idOf((i > 0 ? continuingSubwordPrefix : '') + char + (i === last ? endOfWordSuffix : ''))]
        : [],
    );
  };
  return { tokens, ids, byteIds, symbolsOf };
}

function alphabetOf(counts: PieceCounts, limit = Number.POSITIVE_INFINITY): string[] {
  const seen = new Map<string, number>();
  for (const { bytes, count } of counts.entries())
    for (const char of decodeUtf8(bytes)) seen.set(char, (seen.get(char) ?? 0) + count);
  const byCount = [...seen].sort((a, b) => b[1] - a[1] || a[0].codePointAt(0)! - b[0].codePointAt(0)!);
  return byCount.slice(0, limit).map(([char]) => char);
}
