// The split of cl100k_base, Llama 3 and Qwen 2; the twin is scanners/cl100k-scanner.ts.
import { anyClass, asciiClass, asciiLettersEnd, charLength, classAt, LETTER, lettersEnd, NEWLINE, NUMBER, SPACE } from './classes.as';
import { contractionLength, plainPieceEnd, scanNumber, scanSymbolsOrSpace } from './scan-common.as';

/** Writes the ends of up to `most` pieces from `start` on; returns how many. */
export function scanCl100k(start: u32, end: u32, ends: u32, most: u32, digits: u32, wholeAtEnd: bool): u32 {
  const last = ends + (most << 2);
  let write = ends;
  let at = start;
  while (write < last && at < end) {
    // A word: letters, or one character that is neither number nor newline nor apostrophe and then letters.
    const first = <u32>load<u8>(at);
    const k = first < 0x80 ? asciiClass(first) : classAt(at);
    let from = at + charLength(first);
    let after = from;
    if (!(k & (NUMBER | NEWLINE)) && first !== 39) {
      after = asciiLettersEnd(from);
      if (load<u8>(after) >= 0x80) after = lettersEnd(after);
    }
    if (after === from && !(k & LETTER)) {
      const plain = plainPieceEnd(at, end);
      after = plain !== 0 ? plain : next(at, end, digits, wholeAtEnd);
    }
    at = after;
    store<u32>(write, at);
    write += 4;
  }
  return (write - ends) >> 2;
}

function next(start: u32, end: u32, digits: u32, wholeAtEnd: bool): u32 {
  const first = <u32>load<u8>(start);
  const kind = anyClass(start);
  const at = start + charLength(first);
  if (kind & NUMBER) return scanNumber(at, end, digits);
  if (first === 39) {
    const contraction = contractionLength(start, end);
    if (contraction > 0) return start + contraction;
    const after = lettersEnd(at);
    if (after > at) return after;
  }
  if (wholeAtEnd && kind & SPACE && endsInSpace(start, end)) return end;
  return scanSymbolsOrSpace(start, end, kind, at, 0);
}

/** Whether all characters from `start` on are white space; the last byte is looked at first, so that runs cost their length once. */
function endsInSpace(start: u32, end: u32): bool {
  const final = <u32>load<u8>(end - 1);
  if (final < 0x80 && !(asciiClass(final) & SPACE)) return false;
  for (let at = start; at < end; ) {
    const b = <u32>load<u8>(at);
    if (b >= 0x80 && b !== 0xc2 && b !== 0xe1 && b !== 0xe2 && b !== 0xe3) return false;
    if (!(anyClass(at) & SPACE)) return false;
    at += charLength(b);
  }
  return true;
}
