// What the splits share; the twins are in scanners/ (cl100k-scanner.ts, character-classes.ts). Zero bytes follow the text.
import { anyClass, asciiClass, charLength, LETTER, NEWLINE, NUMBER, SPACE } from './classes.as';

/** Length of (?i:'s|'t|'re|'ve|'m|'ll|'d) at `at`, or 0; long s (U+017F) folds to s. */
export function contractionLength(at: u32, end: u32): u32 {
  if (at + 1 >= end || load<u8>(at) !== 39) return 0;
  const a = <u32>load<u8>(at, 1), b = <u32>load<u8>(at, 2);
  if (a === 0xc5 && b === 0xbf) return 3;
  if (a < 65 || a >= 128) return 0;
  const lower = a | 32;
  if (lower === 115 || lower === 100 || lower === 109 || lower === 116) return 2;
  if (at + 2 >= end || b < 65 || b >= 128) return 0;
  const next = b | 32;
  return (lower === 108 && next === 108) || (lower === 118 && next === 101) || (lower === 114 && next === 101) ? 3 : 0;
}

/** End of ` ?[^\s\p{L}\p{N}]+[\r\n]*` or of a run of white space; `trailing` is one more byte that may follow the symbols, or 0. */
export function scanSymbolsOrSpace(start: u32, end: u32, kind: u32, after: u32, trailing: u32): u32 {
  let k = kind;
  let at = after;
  if (load<u8>(start) === 32 && after < end) {
    k = anyClass(after);
    at = after + charLength(load<u8>(after));
  }
  if (!(k & (SPACE | LETTER | NUMBER))) {
    while (at < end && !(anyClass(at) & (SPACE | LETTER | NUMBER))) at += charLength(load<u8>(at));
    for (; at < end; at++) {
      const b = <u32>load<u8>(at);
      if (b !== 13 && b !== 10 && (b !== trailing || trailing === 0)) break;
    }
    return at;
  }
  at = start;
  let afterNewline: u32 = 0;
  let last = start;
  while (at < end) {
    const c = anyClass(at);
    if (!(c & SPACE)) break;
    last = at;
    at += charLength(load<u8>(at));
    if (c & NEWLINE) afterNewline = at;
  }
  if (afterNewline > 0) return afterNewline;
  return at >= end || last === start ? at : last;
}

/** End of up to `most` numeric characters, the first of which ends at `after`. */
export function scanNumber(after: u32, end: u32, most: u32): u32 {
  let at = after;
  for (let count: u32 = 1; count < most && at < end && anyClass(at) & NUMBER; count++) at += charLength(load<u8>(at));
  return at;
}

/** The end of a piece that its next character decides, or 0: one symbol before a space, one newline or some spaces before what is no space. */
// @ts-ignore: decorator
@inline export function plainPieceEnd(start: u32, end: u32): u32 {
  const first = <u32>load<u8>(start);
  if (first >= 0x80) return 0;
  const kind = asciiClass(first) & (LETTER | NUMBER | SPACE | NEWLINE);
  let at = start + 1;
  let b = <u32>load<u8>(at);
  if (kind === 0) return b === 32 ? at : 0;
  if (kind & NEWLINE) return b >= 0x80 || asciiClass(b) & SPACE ? 0 : at;
  if (first !== 32 || b !== 32) return 0;
  do b = load<u8>(++at);
  while (b === 32);
  return at >= end || b >= 0x80 || asciiClass(b) & SPACE ? 0 : at - 1;
}
