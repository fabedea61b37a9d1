// Classes of code points as bits (scanners/character-classes.ts, which fills the table page by page: an entry of 0 was never filled). A byte below 0x80 is
// its own code point, so ASCII needs no table of its own.
import { allocate } from './memory.as';

export const LETTER: u32 = 1;
export const NUMBER: u32 = 2;
export const SPACE: u32 = 4;
export const UPPER: u32 = 8;
export const LOWER: u32 = 16;
export const MARK: u32 = 32;
export const NEWLINE: u32 = 64;

/** Fills the entries of 256 code points. */
@external('env', 'fillClasses')
declare function fillClasses(page: u32): void;

export let classes: u32 = 0;

/** Makes room for the classes, whose first page is to be filled before anything is cut; returns where it is. */
export function placeClasses(): u32 {
  classes = allocate(0x110000);
  return classes;
}

// @ts-ignore: decorator
@inline export function asciiClass(byte: u32): u32 {
  return load<u8>(classes + byte);
}

/** Bytes of the character that a byte begins. */
// @ts-ignore: decorator
@inline export function charLength(leading: u32): u32 {
  return leading < 0x80 ? 1 : leading < 0xe0 ? 2 : leading < 0xf0 ? 3 : 4;
}

/** The class of the character of several bytes at `at`. */
// @ts-ignore: decorator
@inline export function classAt(at: u32): u32 {
  const b = <u32>load<u8>(at);
  let c: u32;
  if (b < 0xe0) c = ((b & 31) << 6) | (load<u8>(at, 1) & 63);
  else if (b < 0xf0) c = ((b & 15) << 12) | (<u32>(load<u8>(at, 1) & 63) << 6) | (load<u8>(at, 2) & 63);
  else {
    c = ((b & 7) << 18) | (<u32>(load<u8>(at, 1) & 63) << 12) | (<u32>(load<u8>(at, 2) & 63) << 6) | (load<u8>(at, 3) & 63);
  }
  const k = <u32>load<u8>(classes + c);
  return k !== 0 ? k : filled(c);
}

function filled(c: u32): u32 {
  fillClasses(c >> 8);
  return load<u8>(classes + c);
}

/** The class of any character. */
// @ts-ignore: decorator
@inline export function anyClass(at: u32): u32 {
  const b = <u32>load<u8>(at);
  return b < 0x80 ? asciiClass(b) : classAt(at);
}

/** Where the run of ASCII letters from `at` on ends, sixteen bytes at a time. */
// @ts-ignore: decorator
@inline export function asciiLettersEnd(start: u32): u32 {
  let at = start;
  while (true) {
    const folded = v128.or(v128.load(at), i8x16.splat(0x20));
    const others = i8x16.bitmask(i8x16.ge_u(i8x16.sub(folded, i8x16.splat(97)), i8x16.splat(26)));
    if (others !== 0) return at + <u32>ctz(others);
    at += 16;
  }
}

/** As `asciiLettersEnd`, for a to z alone. */
// @ts-ignore: decorator
@inline export function asciiLowerEnd(start: u32): u32 {
  let at = start;
  while (true) {
    const others = i8x16.bitmask(i8x16.ge_u(i8x16.sub(v128.load(at), i8x16.splat(97)), i8x16.splat(26)));
    if (others !== 0) return at + <u32>ctz(others);
    at += 16;
  }
}

/** Where the run of letters from `at` on ends, none or some. */
export function lettersEnd(start: u32): u32 {
  let at = start;
  while (true) {
    at = asciiLettersEnd(at);
    let b = <u32>load<u8>(at);
    if (b < 0x80) return at;
    do {
      if (!(classAt(at) & LETTER)) return at;
      at += charLength(b);
      b = load<u8>(at);
    } while (b >= 0x80);
  }
}
