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

/** Runs of characters with the same bits, the frequent ones first; every character is in one of them. */
const RUNS: readonly (readonly [RegExp, number])[] = [
  [/\p{Lo}+/uy, LETTER | UPPER | LOWER],
  [/\p{Ll}+/uy, LETTER | LOWER],
  [/\p{Lu}+/uy, LETTER | UPPER],
  [/[^\p{L}\p{M}\p{N}\p{White_Space}]+/uy, 0],
  [/\p{M}+/uy, MARK | UPPER | LOWER],
  [/\p{N}+/uy, NUMBER],
  [/\p{Lm}+/uy, LETTER | UPPER | LOWER],
  [/\p{White_Space}+/uy, SPACE],
  [/\p{Lt}+/uy, LETTER | UPPER],
];

const FILLED = 128; // on every entry of a page that has been filled
const classes = new Uint8Array(0x110000);
const units = new Uint16Array(512);

/** Fills the page of a code point, run by run. */
function fill(page: number): void {
  const from = page * 256;
  const width = from > 0xffff ? 2 : 1;
  for (let i = 0; i < 256; i++) {
    const c = from + i;
    if (width === 1) units[i] = c;
    else {
      units[i * 2] = 0xd7c0 + (c >> 10);
      units[i * 2 + 1] = 0xdc00 | (c & 0x3ff);
    }
  }
  const text = String.fromCharCode(...units.subarray(0, 256 * width));
  for (let at = 0; at < text.length; ) {
    const start = at;
    for (const [run, bits] of RUNS) {
      run.lastIndex = at;
      if (!run.test(text)) continue;
      at = run.lastIndex;
      classes.fill(FILLED | bits, from + start / width, from + at / width);
      break;
    }
  }
}

/** The class bits of the 256 code points of a page, as they are kept: with one bit more that is on every one. ASCII newlines have theirs. */
export function classesOfPage(page: number): Uint8Array {
  if (classes[page * 256] === 0) fill(page);
  const bits = classes.slice(page * 256, page * 256 + 256);
  if (page === 0) {
    bits[10] |= NEWLINE;
    bits[13] |= NEWLINE;
  }
  return bits;
}

/** For each byte: its class bits when it is ASCII, else MULTI_BYTE. */
export const ASCII_CLASS: Uint8Array = /* @__PURE__ */ (() => {
  fill(0);
  const table = new Uint8Array(256).fill(MULTI_BYTE);
  for (let c = 0; c < 128; c++) table[c] = classes[c] & ~FILLED;
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
  let bits = classes[c];
  if (bits === 0) {
    fill(c >> 8);
    bits = classes[c];
  }
  return bits & ~FILLED;
}

/** Bytes of the character that a leading byte begins. */
export const charLength = (leading: number): number =>
  leading < 0x80 ? 1 : leading < 0xe0 ? 2 : leading < 0xf0 ? 3 : 4;

/** UTF-8 bytes and a view on them, eight zero bytes behind the text: `TextBuffer` is one. */
export interface ScannedText {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/**
 * Where the run of ASCII letters from `at` on ends, four bytes at a time: with 0x20 set and the high bit cleared a byte is a letter when adding 0x1f carries
 * into the high bit and adding 5 does not. Fewer branches than bytes, so that the processor mispredicts the end of a word once and not at every length.
 */
export function asciiLettersEnd(view: DataView, at: number): number {
  for (;;) {
    const word = view.getInt32(at, true);
    const folded = (word & 0x7f7f7f7f) | 0x20202020;
    const others = ~((folded + 0x1f1f1f1f) & ~(folded + 0x05050505) & ~word) & 0x80808080;
    if (others !== 0) return at + ((31 - Math.clz32(others & -others)) >> 3);
    at += 4;
  }
}

/** As `asciiLettersEnd`, for a to z alone. */
export function asciiLowerEnd(view: DataView, at: number): number {
  for (;;) {
    const word = view.getInt32(at, true);
    const low = word & 0x7f7f7f7f;
    const others = ~((low + 0x1f1f1f1f) & ~(low + 0x05050505) & ~word) & 0x80808080;
    if (others !== 0) return at + ((31 - Math.clz32(others & -others)) >> 3);
    at += 4;
  }
}

/**
 * The end of a piece that its next character decides, or 0, for expressions with `\s+(?!\S)` and symbols behind an optional space: one symbol before a
 * space, one newline before what is no space, and spaces but the last before what is no space.
 */
export function plainPieceEnd(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start];
  const kind = ASCII_CLASS[first];
  let at = start + 1;
  if (kind === 0) return bytes[at] === 32 ? at : 0;
  if (kind & NEWLINE) return ASCII_CLASS[bytes[at]] & (SPACE | MULTI_BYTE) ? 0 : at;
  if (first !== 32 || bytes[at] !== 32) return 0;
  do at++;
  while (bytes[at] === 32);
  return at >= end || ASCII_CLASS[bytes[at]] & (SPACE | MULTI_BYTE) ? 0 : at - 1;
}

/** What the kernels (engine/kernels/scan.as.ts) are told of a split. */
export interface KernelSplit {
  readonly kind: 'gpt2' | 'cl100k' | 'o200k';
  /** Numeric characters a piece; gpt2 has all. */
  readonly digits: number;
  /** gpt2: digits alone; cl100k: white space is whole at the end; o200k: contractions belong to the word before. */
  readonly flag: boolean;
}

/**
 * Cuts UTF-8 text into pieces: writes the ends of the pieces from `start` on to `ends` until it is full or the text ends, and returns how many. The loops
 * know the frequent cases; each scanner has a function for any one piece beside them.
 */
export interface Scanner {
  (text: ScannedText, start: number, end: number, ends: Int32Array): number;
  /** The same split in WebAssembly. */
  readonly kernel?: KernelSplit;
}
