// GPT-2's split; the twin is scanners/gpt2-scanner.ts.
import { anyClass, asciiLettersEnd, charLength, classAt, LETTER, lettersEnd, NUMBER, SPACE } from './classes.as';
import { plainPieceEnd } from './scan-common.as';

/** Writes the ends of up to `most` pieces from `start` on; returns how many. `digitsAlone`: every numeric character is a piece by itself. */
export function scanGpt2(start: u32, end: u32, ends: u32, most: u32, digitsAlone: bool): u32 {
  const last = ends + (most << 2);
  let write = ends;
  let at = start;
  while (write < last && at < end) {
    const from = at + u32(load<u8>(at) === 32);
    let after = asciiLettersEnd(from);
    if (load<u8>(after) >= 0x80) after = lettersEnd(after);
    if (after === from) {
      const plain = digitsAlone ? 0 : plainPieceEnd(at, end);
      after = plain !== 0 ? plain : next(at, end, digitsAlone);
    }
    at = after;
    store<u32>(write, at);
    write += 4;
  }
  return (write - ends) >> 2;
}

function next(start: u32, end: u32, digitsAlone: bool): u32 {
  const first = <u32>load<u8>(start);
  let kind = anyClass(start);
  let at = start + charLength(first);
  if (digitsAlone && kind & NUMBER) return at;
  if (first === 39 && at < end) {
    const a = <u32>load<u8>(at), b = <u32>load<u8>(at, 1);
    if (a === 115 || a === 116 || a === 109 || a === 100) return at + 1;
    if (at + 1 < end && ((a === 114 && b === 101) || (a === 118 && b === 101) || (a === 108 && b === 108))) return at + 2;
  }
  let after = at;
  if (first === 32 && at < end) {
    kind = anyClass(at);
    after = at + charLength(load<u8>(at));
    if (digitsAlone && kind & NUMBER) return at;
  }
  if (!(kind & SPACE)) {
    const wanted = kind & (LETTER | NUMBER);
    while (after < end) {
      const k = anyClass(after);
      if ((k & (LETTER | NUMBER)) !== wanted || k & SPACE) break;
      after += charLength(load<u8>(after));
    }
    return after;
  }
  // A run of white space leaves its last character to what follows.
  let last = start;
  at = start;
  while (at < end) {
    const k = anyClass(at);
    if (!(k & SPACE)) {
      if (digitsAlone && k & NUMBER) return at;
      return last > start ? last : at;
    }
    last = at;
    at += charLength(load<u8>(at));
  }
  return at;
}
