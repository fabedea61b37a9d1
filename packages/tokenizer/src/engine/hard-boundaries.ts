// Where merging can never cross: between two characters that stand side by side in no token. A whole text of a SentencePiece-style vocabulary, which has no
// pre-tokenizer, falls apart into words there (no token has a letter before a visible space), and words can be looked up and cached.
import type { ScannedText } from '../scanners/character-classes.ts';

const GOLD = 0x9e3779b1 | 0;
const ASCII = 128;
const BMP = 0x10000;
const MOST = 0x7fff; // characters that are numbered; pairs of others are taken to be in some token

export class HardBoundaries {
  /** Numbers of characters that stand beside another in a token, from 1; 0 for all others. ASCII has the first. */
  private readonly numbers = new Uint16Array(BMP);
  private readonly beyond = new Map<number, number>();
  private count = ASCII;
  /** 1: the pair of numbers occurs in a token. */
  private readonly ascii = new Uint8Array(ASCII * ASCII);
  private pairs: Int32Array = new Int32Array(1 << 12); // left << 16 | right, 0 when free
  private shift = 32 - 12;
  private size = 0;

  /** `tokens`: every token that merging may produce. */
  constructor(tokens: Iterable<string>) {
    for (let c = 0; c < ASCII; c++) this.numbers[c] = c + 1;
    for (const token of tokens) {
      let previous = -1;
      for (let i = 0; i < token.length; ) {
        const c = token.codePointAt(i)!;
        if (previous >= 0) this.add(this.numbered(previous), this.numbered(c));
        previous = c;
        i += c > 0xffff ? 2 : 1;
      }
    }
  }

  /** Cuts as a `Scanner` does. */
  readonly scan = (text: ScannedText, start: number, end: number, ends: Int32Array): number => {
    const { bytes } = text;
    const { numbers, ascii } = this;
    const most = ends.length;
    let count = 0;
    let at = start;
    let previous = 0;
    while (at < end) {
      const b = bytes[at];
      let number: number;
      let next = at + 1;
      if (b < 0x80) number = b + 1;
      else if (b < 0xe0) {
        number = numbers[((b & 31) << 6) | (bytes[at + 1] & 63)];
        next = at + 2;
      } else if (b < 0xf0) {
        number = numbers[((b & 15) << 12) | ((bytes[at + 1] & 63) << 6) | (bytes[at + 2] & 63)];
        next = at + 3;
      } else {
        number = this.beyond.get(farCodePoint(bytes, at)) ?? 0;
        next = at + 4;
      }
      const joins =
        previous <= ASCII && number <= ASCII && previous > 0 && number > 0
          ? ascii[((previous - 1) << 7) | (number - 1)] !== 0
          : previous !== 0 && number !== 0 && this.has(previous, number);
      if (!joins && at > start) {
        ends[count++] = at;
        if (count === most) return count;
      }
      previous = number;
      at = next;
    }
    ends[count++] = end;
    return count;
  };

  private has(left: number, right: number): boolean {
    if (left === MOST || right === MOST) return true;
    const { pairs } = this;
    const key = (left << 16) | right;
    const mask = pairs.length - 1;
    let q = Math.imul(key, GOLD) >>> this.shift;
    for (let known = pairs[q]; known !== 0; known = pairs[q]) {
      if (known === key) return true;
      q = (q + 1) & mask;
    }
    return false;
  }

  private numbered(codePoint: number): number {
    const known = codePoint < BMP ? this.numbers[codePoint] : (this.beyond.get(codePoint) ?? 0);
    if (known > 0) return known;
    const number = Math.min(this.count + 1, MOST);
    this.count = number;
    if (codePoint < BMP) this.numbers[codePoint] = number;
    else this.beyond.set(codePoint, number);
    return number;
  }

  private add(left: number, right: number): void {
    if (left <= ASCII && right <= ASCII) this.ascii[((left - 1) << 7) | (right - 1)] = 1;
    else if (!this.has(left, right)) {
      if (++this.size * 4 > this.pairs.length) {
        const old = this.pairs;
        this.pairs = new Int32Array(old.length * 2);
        this.shift--;
        for (const key of old) if (key !== 0) this.place(key);
      }
      this.place((left << 16) | right);
    }
  }

  private place(key: number): void {
    const mask = this.pairs.length - 1;
    let q = Math.imul(key, GOLD) >>> this.shift;
    while (this.pairs[q] !== 0) q = (q + 1) & mask;
    this.pairs[q] = key;
  }
}

const farCodePoint = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] & 7) << 18) | ((bytes[at + 1] & 63) << 12) | ((bytes[at + 2] & 63) << 6) | (bytes[at + 3] & 63);
