// The split of cl100k_base, Llama 3 and Qwen 2 by hand, one pass and no back-tracking:
//   (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
import {
  ASCII_CLASS,
  asciiLettersEnd,
  charLength,
  classAt,
  LETTER,
  MULTI_BYTE,
  NEWLINE,
  NUMBER,
  plainPieceEnd,
  type Scanner,
  SPACE,
} from './character-classes.ts';

/** Length of (?i:'s|'t|'re|'ve|'m|'ll|'d) at `at`, or 0; long s (U+017F) folds to s. */
export function contractionLength(bytes: Uint8Array, at: number, end: number): number {
  if (at + 1 >= end || bytes[at] !== 39) return 0;
  const a = bytes[at + 1];
  if (a === 0xc5 && bytes[at + 2] === 0xbf) return 3;
  if (a < 65 || a >= 128) return 0;
  const lower = a | 32;
  if (lower === 115 || lower === 100 || lower === 109 || lower === 116) return 2;
  const b = bytes[at + 2];
  if (at + 2 >= end || b < 65 || b >= 128) return 0;
  const next = b | 32;
  return (lower === 108 && next === 108) || (lower === 118 && next === 101) || (lower === 114 && next === 101)
    ? 3
    : 0;
}

/** End of ` ?[^\s\p{L}\p{N}]+[\r\n]*` or of a run of white space; `trailing` is one more byte that may follow the symbols, or -1. */
export function scanSymbolsOrSpace(
  bytes: Uint8Array,
  start: number,
  end: number,
  kind: number,
  after: number,
  trailing: number,
): number {
  let k = kind;
  let at = after;
  if (bytes[start] === 32 && after < end) {
    k = ASCII_CLASS[bytes[after]];
    at = after + 1;
    if (k === MULTI_BYTE) {
      k = classAt(bytes, after);
      at = after + charLength(bytes[after]);
    }
  }
  if (!(k & (SPACE | LETTER | NUMBER))) {
    while (at < end) {
      const b = bytes[at];
      let c = ASCII_CLASS[b];
      let length = 1;
      if (c === MULTI_BYTE) {
        c = classAt(bytes, at);
        length = charLength(b);
      }
      if (c & (SPACE | LETTER | NUMBER)) break;
      at += length;
    }
    while (at < end && (bytes[at] === 13 || bytes[at] === 10 || bytes[at] === trailing)) at++;
    return at;
  }
  at = start;
  let afterNewline = -1;
  let last = start;
  while (at < end) {
    const b = bytes[at];
    let c = ASCII_CLASS[b];
    let length = 1;
    if (c === MULTI_BYTE) {
      c = classAt(bytes, at);
      length = charLength(b);
    }
    if (!(c & SPACE)) break;
    last = at;
    at += length;
    if (c & NEWLINE) afterNewline = at;
  }
  if (afterNewline >= 0) return afterNewline;
  return at >= end || last === start ? at : last;
}

/** End of up to `most` numeric characters, the first of which ends at `after`. */
export function scanNumber(bytes: Uint8Array, after: number, end: number, most: number): number {
  let at = after;
  for (let count = 1; count < most && at < end; count++) {
    const b = bytes[at];
    let c = ASCII_CLASS[b];
    let length = 1;
    if (c === MULTI_BYTE) {
      c = classAt(bytes, at);
      length = charLength(b);
    }
    if (!(c & NUMBER)) break;
    at += length;
  }
  return at;
}

/**
 * `mostDigits`: how many numeric characters make one piece. `wholeAtEnd`: white space that ends the text is one piece even when it has newlines, as in
 * the newer way of writing the expression (`\s++$` first).
 */
export function cl100kScanner(mostDigits: number, wholeAtEnd = false): Scanner {
  const next = (bytes: Uint8Array, start: number, end: number): number => {
    const first = bytes[start];
    let kind = ASCII_CLASS[first];
    let at = start + 1;
    if (kind === MULTI_BYTE) {
      kind = classAt(bytes, start);
      at = start + charLength(first);
    }
    let isWord = (kind & LETTER) !== 0;
    if (!isWord && !(kind & (NUMBER | NEWLINE))) {
      if (first === 39) {
        const contraction = contractionLength(bytes, start, end);
        if (contraction > 0) return start + contraction;
      }
      const b = bytes[at];
      const k = ASCII_CLASS[b];
      if (k & LETTER) {
        isWord = true;
        at++;
      } else if (k === MULTI_BYTE && at < end && classAt(bytes, at) & LETTER) {
        isWord = true;
        at += charLength(b);
      }
    }
    if (isWord) {
      for (;;) {
        let k = ASCII_CLASS[bytes[at]];
        while (k & LETTER) k = ASCII_CLASS[bytes[++at]];
        if (k !== MULTI_BYTE || at >= end || !(classAt(bytes, at) & LETTER)) return at;
        at += charLength(bytes[at]);
      }
    }
    if (kind & NUMBER) return scanNumber(bytes, at, end, mostDigits);
    if (wholeAtEnd && kind & SPACE && endsInSpace(bytes, start, end)) return end;
    return scanSymbolsOrSpace(bytes, start, end, kind, at, -1);
  };
  const scan: Scanner = (text, start, end, ends) => {
    const { bytes, view } = text;
    const most = ends.length;
    let count = 0;
    let at = start;
    while (count < most && at < end) {
      // A word: letters, or one character that is neither number nor newline nor apostrophe and then letters.
      const first = bytes[at];
      let k = ASCII_CLASS[first];
      let after = at + 1;
      if (k === MULTI_BYTE) {
        k = classAt(bytes, at);
        after = at + charLength(first);
      }
      let isWord = (k & LETTER) !== 0;
      if (!isWord && !(k & (NUMBER | NEWLINE)) && first !== 39) {
        const b = bytes[after];
        k = ASCII_CLASS[b];
        if (k & LETTER) {
          isWord = true;
          after++;
        } else if (k === MULTI_BYTE && after < end && classAt(bytes, after) & LETTER) {
          isWord = true;
          after += charLength(b);
        }
      }
      if (!isWord) {
        at = plainPieceEnd(bytes, at, end) || next(bytes, at, end);
        ends[count++] = at;
        continue;
      }
      at = after;
      for (;;) {
        at = asciiLettersEnd(view, at);
        const b = bytes[at];
        if (b < 0x80 || !(classAt(bytes, at) & LETTER)) break;
        at += charLength(b);
      }
      ends[count++] = at;
    }
    return count;
  };
  return Object.assign(scan, { kernel: { kind: 'cl100k', digits: mostDigits, flag: wholeAtEnd } as const });
}

/** Whether all characters from `start` on are white space; the last character is looked at first, so that runs cost their length once. */
function endsInSpace(bytes: Uint8Array, start: number, end: number): boolean {
  if (ASCII_CLASS[bytes[end - 1]] !== MULTI_BYTE && !(ASCII_CLASS[bytes[end - 1]] & SPACE)) return false;
  for (let at = start; at < end; ) {
    const b = bytes[at];
    let k = ASCII_CLASS[b];
    let length = 1;
    if (k === MULTI_BYTE) {
      if (b !== 0xc2 && b !== 0xe1 && b !== 0xe2 && b !== 0xe3) return false;
      k = classAt(bytes, at);
      length = charLength(b);
    }
    if (!(k & SPACE)) return false;
    at += length;
  }
  return true;
}
