// Classes of code points as bits, for the scanners. Pages of 256 code points are filled from the engine's Unicode tables when first met.

export const LETTER = 1;
export const NUMBER = 2;
/** White_Space. */
export const SPACE = 4;
/** Lu, Lt, Lm, Lo, M: what o200k takes for the beginning of a word. */
export const UPPER = 8;
/** Ll, Lm, Lo, M: what o200k takes for the rest of a word. */
export const LOWER = 16;
export const MARK = 32;
/** Carriage return and line feed; set for ASCII bytes only. */
export const NEWLINE = 64;
/** In ASCII_CLASS: the byte begins a multi-byte character. */
export const MULTI_BYTE = 128;

const TESTS: readonly (readonly [RegExp, number])[] = [
  [/\p{L}/u, LETTER],
  [/\p{N}/u, NUMBER],
  [/\p{White_Space}/u, SPACE],
  [/[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]/u, UPPER],
  [/[\p{Ll}\p{Lm}\p{Lo}\p{M}]/u, LOWER],
  [/\p{M}/u, MARK],
];

const classes = new Uint8Array(0x110000);
const filled = new Uint8Array(0x1100);

function fill(page: number): void {
  for (let c = page * 256; c < page * 256 + 256; c++) {
    if (c >= 0xd800 && c < 0xe000) continue;
    const char = String.fromCodePoint(c);
    let bits = 0;
    for (const [test, bit] of TESTS) if (test.test(char)) bits |= bit;
    classes[c] = bits;
  }
  filled[page] = 1;
}

/** For each byte: its class bits when it is ASCII, else MULTI_BYTE. */
export const ASCII_CLASS: Uint8Array = /* @__PURE__ */ (() => {
  fill(0);
  const table = new Uint8Array(256).fill(MULTI_BYTE);
  table.set(classes.subarray(0, 128));
  table[10] |= NEWLINE;
  table[13] |= NEWLINE;
  return table;
})();

/** The class bits of the multi-byte character at `at`; well-formed UTF-8 is assumed. Its length is `charLength(bytes[at])`. */
export function classAt(bytes: Uint8Array, at: number): number {
  const b = bytes[at];
  let c: number;
  if (b < 0xe0) c = ((b & 31) << 6) | (bytes[at + 1] & 63);
  else if (b < 0xf0) c = ((b & 15) << 12) | ((bytes[at + 1] & 63) << 6) | (bytes[at + 2] & 63);
  else {
    c = ((b & 7) << 18) | ((bytes[at + 1] & 63) << 12) | ((bytes[at + 2] & 63) << 6) | (bytes[at + 3] & 63);
  }
  if (filled[c >> 8] === 0) fill(c >> 8);
  return classes[c];
}

/** Bytes of the character that a leading byte begins. */
export const charLength = (leading: number): number =>
  leading < 0x80 ? 1 : leading < 0xe0 ? 2 : leading < 0xf0 ? 3 : 4;

/** Where the next piece of UTF-8 text ends. `bytes` has at least four zero bytes behind `end`. */
export type Scanner = (bytes: Uint8Array, start: number, end: number) => number;
