// The split of o200k_base and Tekken; the twin is scanners/o200k-scanner.ts.
import { anyClass, asciiClass, asciiLowerEnd, charLength, LETTER, LOWER, MARK, NEWLINE, NUMBER, UPPER } from './classes.as';
import { contractionLength, plainPieceEnd, scanNumber, scanSymbolsOrSpace } from './scan-common.as';

const SLASH: u32 = 47;

/** Writes the ends of up to `most` pieces from `start` on; returns how many. */
export function scanO200k(start: u32, end: u32, ends: u32, most: u32, digits: u32, contractions: bool): u32 {
  const last = ends + (most << 2);
  let write = ends;
  let begin = start;
  while (write < last && begin < end) {
    // An ASCII word: one character that may lead it, upper-case letters, lower-case letters, and a contraction.
    const first = <u32>load<u8>(begin);
    let after: u32 = 0;
    if (first < 0x80) {
      const kind = asciiClass(first);
      if (!(kind & (NUMBER | NEWLINE))) {
        const from = kind & LETTER ? begin : begin + 1;
        let at = from;
        while (<u32>load<u8>(at) - 65 < 26) at++;
        at = asciiLowerEnd(at);
        const b = <u32>load<u8>(at);
        if (at > from && b < 0x80) {
          after = at;
          if (b === 39 && contractions) after += contractionLength(at, end);
        }
      }
    }
    if (after === 0) {
      const plain = plainPieceEnd(begin, end);
      after = plain !== 0 ? plain : next(begin, end, digits, contractions);
    }
    begin = after;
    store<u32>(write, begin);
    write += 4;
  }
  return (write - ends) >> 2;
}

/** End of a word at `from`, negated when only its second form fits, or 0. */
function scanWord(from: u32, end: u32): i32 {
  let at = from;
  let lastLower: u32 = 0; // end of the last character of the first run that could also begin the second
  while (at < end) {
    const k = anyClass(at);
    if (!(k & UPPER)) break;
    at += charLength(load<u8>(at));
    if (k & LOWER) lastLower = at;
  }
  const upperEnd = at;
  while (at < end && anyClass(at) & LOWER) at += charLength(load<u8>(at));
  if (at > upperEnd) return at;
  if (lastLower > 0) return lastLower;
  return upperEnd > from ? -(<i32>upperEnd) : 0;
}

function next(start: u32, end: u32, digits: u32, contractions: bool): u32 {
  const kind = anyClass(start);
  const after = start + charLength(load<u8>(start));
  let word: i32 = 0;
  if (kind & LETTER) word = scanWord(start, end);
  else if (!(kind & (NUMBER | NEWLINE))) {
    word = scanWord(after, end);
    // A mark may itself be the first letter: first form with prefix, first form without, then the second forms.
    if (kind & MARK && word <= 0) {
      const bare = scanWord(start, end);
      if (bare > 0 || word === 0) word = bare;
    }
  }
  if (word !== 0) {
    const at = <u32>abs(word);
    return contractions ? at + contractionLength(at, end) : at;
  }
  if (kind & NUMBER) return scanNumber(after, end, digits);
  return scanSymbolsOrSpace(start, end, kind, after, SLASH);
}
