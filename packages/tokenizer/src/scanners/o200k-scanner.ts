// The split of o200k_base (and Tekken) by hand. A word is [UPPER]*[LOWER]+ or [UPPER]+[LOWER]* with one optional leading character that is neither
// letter, number nor newline; scripts without case are in both classes, so the first form must be able to give characters back.
import {
  ASCII_CLASS,
  asciiLowerEnd,
  charLength,
  classAt,
  LETTER,
  LOWER,
  MARK,
  MULTI_BYTE,
  NEWLINE,
  NUMBER,
  plainPieceEnd,
  type Scanner,
  UPPER,
} from './character-classes.ts';
import { contractionLength, scanNumber, scanSymbolsOrSpace } from './cl100k-scanner.ts';

const ASCII_UPPER = LETTER | UPPER;
const SLASH = 47;

/** End of a word at `from`, negated when only its second form fits, or 0. */
function scanWord(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  let lastLower = 0; // end of the last character of the first run that could also begin the second
  while (at < end) {
    const b = bytes[at];
    let k = ASCII_CLASS[b];
    let length = 1;
    if (k === MULTI_BYTE) {
      k = classAt(bytes, at);
      length = charLength(b);
    }
    if (!(k & UPPER)) break;
    at += length;
    if (k & LOWER) lastLower = at;
  }
  const upperEnd = at;
  while (at < end) {
    const b = bytes[at];
    let k = ASCII_CLASS[b];
    let length = 1;
    if (k === MULTI_BYTE) {
      k = classAt(bytes, at);
      length = charLength(b);
    }
    if (!(k & LOWER)) break;
    at += length;
  }
  if (at > upperEnd) return at;
  if (lastLower > 0) return lastLower;
  return upperEnd > from ? -upperEnd : 0;
}

/** `mostDigits`: numeric characters a piece; `contractions`: whether 's, 've and so on belong to the word before. */
export function o200kScanner(mostDigits: number, contractions: boolean): Scanner {
  const next = (bytes: Uint8Array, start: number, end: number): number => {
    const first = bytes[start];
    let kind = ASCII_CLASS[first];
    let after = start + 1;
    if (kind === MULTI_BYTE) {
      kind = classAt(bytes, start);
      after = start + charLength(first);
    }
    let word = 0;
    if (kind & LETTER) word = scanWord(bytes, start, end);
    else if (!(kind & (NUMBER | NEWLINE))) {
      word = scanWord(bytes, after, end);
      // A mark may itself be the first letter: first form with prefix, first form without, then the second forms.
      if (kind & MARK && word <= 0) {
        const bare = scanWord(bytes, start, end);
        if (bare > 0 || word === 0) word = bare;
      }
    }
    if (word !== 0) {
      const at = Math.abs(word);
      return contractions ? at + contractionLength(bytes, at, end) : at;
    }
    if (kind & NUMBER) return scanNumber(bytes, after, end, mostDigits);
    return scanSymbolsOrSpace(bytes, start, end, kind, after, SLASH);
  };
  const scan: Scanner = (text, start, end, ends) => {
    const { bytes, view } = text;
    const most = ends.length;
    let count = 0;
    let begin = start;
    while (count < most && begin < end) {
      // An ASCII word: one character that may lead it, upper-case letters, lower-case letters, and a contraction.
      const kind = ASCII_CLASS[bytes[begin]];
      let at = begin;
      if (!(kind & (NUMBER | NEWLINE | MULTI_BYTE))) {
        const from = kind & LETTER ? begin : begin + 1;
        at = from;
        while (ASCII_CLASS[bytes[at]] === ASCII_UPPER) at++;
        at = asciiLowerEnd(view, at);
        const b = bytes[at];
        if (at > from && b < 0x80) {
          if (b === 39 && contractions) at += contractionLength(bytes, at, end);
          begin = at;
          ends[count++] = at;
          continue;
        }
      }
      begin = plainPieceEnd(bytes, begin, end) || next(bytes, begin, end);
      ends[count++] = begin;
    }
    return count;
  };
  return Object.assign(scan, { kernel: { kind: 'o200k', digits: mostDigits, flag: contractions } as const });
}
