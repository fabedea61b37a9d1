// Where merging can never cross: between two characters that stand side by side in no token. A whole text of a SentencePiece-style vocabulary, which has no
// pre-tokenizer, falls apart into words there (no token has a letter before a visible space), and words can be looked up and cached.
import { charLength } from '../scanners/character-classes.ts';

const GOLD = 0x9e3779b1 | 0;

export class HardBoundaries {
  private readonly ascii = new Uint8Array(128 * 128); // 1: the pair occurs in a token
  private pairs: Float64Array = new Float64Array(1 << 12).fill(-1);
  private count = 0;

  /** `tokens`: every token that merging may produce. */
  constructor(tokens: Iterable<string>) {
    for (const token of tokens) {
      let previous = -1;
      for (let i = 0; i < token.length; ) {
        const c = token.codePointAt(i)!;
        if (previous >= 0) this.add(previous, c);
        previous = c;
        i += c > 0xffff ? 2 : 1;
      }
    }
  }

  /** Where the word that begins at `start` ends. */
  next(bytes: Uint8Array, start: number, end: number): number {
    let at = start + charLength(bytes[start]);
    if (at >= end) return end;
    let previous = codePointAt(bytes, start);
    while (at < end) {
      const b = bytes[at];
      const c = b < 0x80 ? b : codePointAt(bytes, at);
      if (previous < 128 && c < 128 ? this.ascii[(previous << 7) | c] === 0 : !this.has(previous, c))
        return at;
      previous = c;
      at += b < 0x80 ? 1 : charLength(b);
    }
    return end;
  }

  private has(a: number, b: number): boolean {
    const key = a * 0x110000 + b;
    const { pairs } = this;
    const mask = pairs.length - 1;
    let q = slot(a, b) & mask;
    while (pairs[q] >= 0) {
      if (pairs[q] === key) return true;
      q = (q + 1) & mask;
    }
    return false;
  }

  private add(a: number, b: number): void {
    if (a < 128 && b < 128) {
      this.ascii[(a << 7) | b] = 1;
      return;
    }
    if (this.has(a, b)) return;
    if (++this.count * 2 > this.pairs.length) {
      const old = this.pairs;
      this.pairs = new Float64Array(old.length * 2).fill(-1);
      for (const key of old) if (key >= 0) this.place(Math.floor(key / 0x110000), key % 0x110000);
    }
    this.place(a, b);
  }

  private place(a: number, b: number): void {
    const mask = this.pairs.length - 1;
    let q = slot(a, b) & mask;
    while (this.pairs[q] >= 0) q = (q + 1) & mask;
    this.pairs[q] = a * 0x110000 + b;
  }
}

function slot(a: number, b: number): number {
  const h = Math.imul(a, GOLD) ^ Math.imul(b, 0x85ebca6b | 0);
  return (h ^ (h >>> 15)) >>> 0;
}

function codePointAt(bytes: Uint8Array, at: number): number {
  const b = bytes[at];
  if (b < 0x80) return b;
  if (b < 0xe0) return ((b & 31) << 6) | (bytes[at + 1] & 63);
  if (b < 0xf0) return ((b & 15) << 12) | ((bytes[at + 1] & 63) << 6) | (bytes[at + 2] & 63);
  return ((b & 7) << 18) | ((bytes[at + 1] & 63) << 12) | ((bytes[at + 2] & 63) << 6) | (bytes[at + 3] & 63);
}
