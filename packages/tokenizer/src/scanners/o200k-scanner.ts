// The split of o200k_base (and Tekken) by hand. A word is [UPPER]*[LOWER]+ or [UPPER]+[LOWER]* with one optional leading character that is neither
// letter, number nor newline; scripts without case are in both classes, so the first form must be able to give characters back.
import {
  ASCII_CLASS,
  charLength,
  classAt,
  LETTER,
  LOWER,
  MARK,
  MULTI_BYTE,
  NEWLINE,
  NUMBER,
  type Scanner,
  UPPER,
} from './character-classes.ts';
import { contractionLength, scanNumber, scanSymbolsOrSpace } from './cl100k-scanner.ts';

const ASCII_UPPER = LETTER | UPPER;
const ASCII_LOWER = LETTER | LOWER;
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
  return (bytes, start, end) => {
    const first = bytes[start];
    let kind = ASCII_CLASS[first];
    let after = start + 1;
    if (kind === MULTI_BYTE) {
      kind = classAt(bytes, start);
      after = start + charLength(first);
    } else if (!(kind & (NUMBER | NEWLINE))) {
      // Most pieces: an ASCII word, ended by an ASCII character that is neither a letter nor an apostrophe.
      let at = kind & LETTER ? start : after;
      const from = at;
      while (ASCII_CLASS[bytes[at]] === ASCII_UPPER) at++;
      const upperEnd = at;
      let k = ASCII_CLASS[bytes[at]];
      while (k === ASCII_LOWER) k = ASCII_CLASS[bytes[++at]];
      if (k !== MULTI_BYTE && bytes[at] !== 39 && at > from && (at > upperEnd || k !== ASCII_LOWER)) {
        // An upper-case run directly before a lower-case one has been taken whole; a later upper-case letter begins a new piece.
        return at;
      }
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
}
