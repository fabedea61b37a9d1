// Token bytes and their ids in typed arrays: all bytes in one array, tokens of up to 8 bytes found by two packed integers without a comparison of bytes,
// longer ones by a polynomial hash and a comparison. About 50 bytes a token in all.

/** Base of the polynomial hash h' = h * PRIME + byte + 1. */
export const PRIME = 0x01000193 | 0;
/** The rank of a pair that does not merge. */
export const INFINITE_RANK = 0x7fffffff;

/** Multipliers of the table of short tokens: slot = (low * GOLD ^ (high ^ length) * GOLD2) >>> shortShift. */
export const GOLD = 0x9e3779b1 | 0;
export const GOLD2 = 0x85ebca6b | 0;

export class TokenTable {
  /** One more than the greatest id. */
  readonly size: number;
  /** The bytes of all tokens, token `id` from `offsets[id]` to `offsets[id + 1]`. */
  readonly bytes: Uint8Array;
  readonly offsets: Int32Array;
  /** For each byte its one-byte token, or -1. */
  readonly byteId = new Int32Array(256).fill(-1);
  /** Bytes of the longest token. */
  readonly longest: number;
  /** Tokens of up to 8 bytes, four numbers a slot: low, high, id (-1 when free), length. */
  readonly short: Int32Array;
  readonly shortShift: number;
  private readonly long: Int32Array; // hash, id
  private readonly longShift: number;
  private readonly powers: Int32Array;

  /** `bytes` and `offsets` as they are kept; a token of no byte is absent. `hidden` tokens have bytes but are never found in text. */
  constructor(bytes: Uint8Array, offsets: Int32Array, hidden?: (id: number) => boolean) {
    this.bytes = bytes;
    this.offsets = offsets;
    this.size = offsets.length - 1;
    let shorts = 0;
    let longs = 0;
    let longest = 0;
    for (let id = 0; id < this.size; id++) {
      const length = offsets[id + 1] - offsets[id];
      if (length === 0) continue;
      if (length <= 8) shorts++;
      else longs++;
      if (length > longest) longest = length;
    }
    this.longest = longest;
    const shortBits = bitsFor(shorts * 2);
    const longBits = bitsFor(longs * 2);
    this.shortShift = 32 - shortBits;
    this.longShift = 32 - longBits;
    this.short = new Int32Array(4 << shortBits);
    for (let i = 2; i < this.short.length; i += 4) this.short[i] = -1;
    this.long = new Int32Array(2 << longBits);
    for (let i = 1; i < this.long.length; i += 2) this.long[i] = -1;
    this.powers = new Int32Array(longest + 2);
    this.powers[0] = 1;
    for (let i = 1; i < this.powers.length; i++) this.powers[i] = Math.imul(this.powers[i - 1], PRIME);
    for (let id = 0; id < this.size; id++) {
      if (offsets[id + 1] > offsets[id] && !hidden?.(id)) this.insert(id);
    }
  }

  /** A table from one array a token. */
  static from(tokens: readonly (Uint8Array | undefined)[], hidden?: (id: number) => boolean): TokenTable {
    const offsets = new Int32Array(tokens.length + 1);
    for (let id = 0; id < tokens.length; id++) offsets[id + 1] = offsets[id] + (tokens[id]?.length ?? 0);
    const bytes = new Uint8Array(offsets[tokens.length]);
    tokens.forEach((token, id) => {
      if (token !== undefined) bytes.set(token, offsets[id]);
    });
    return new TokenTable(bytes, offsets, hidden);
  }

  /** The bytes of a token; empty when absent. */
  bytesOf(id: number): Uint8Array {
    return this.bytes.subarray(this.offsets[id], this.offsets[id + 1]);
  }

  /** The token of up to 8 bytes packed little-endian, or -1. */
  findShort(low: number, high: number, length: number): number {
    const { short } = this;
    const mask = (short.length >> 2) - 1;
    let q = (Math.imul(low, GOLD) ^ Math.imul(high ^ length, GOLD2)) >>> this.shortShift;
    for (;;) {
      const at = q << 2;
      const id = short[at + 2];
      if (id < 0 || (short[at] === low && short[at + 1] === high && short[at + 3] === length)) return id;
      q = (q + 1) & mask;
    }
  }

  /** The token of more than 8 bytes with that hash, or -1. */
  findLong(bytes: Uint8Array, start: number, length: number, hash: number): number {
    if (length > this.longest) return -1;
    const { long, offsets } = this;
    const mask = (long.length >> 1) - 1;
    let q = Math.imul(hash, GOLD) >>> this.longShift;
    for (;;) {
      const id = long[q * 2 + 1];
      if (id < 0) return -1;
      if (long[q * 2] === hash) {
        const at = offsets[id];
        if (offsets[id + 1] - at === length && this.equals(at, bytes, start, length)) return id;
      }
      q = (q + 1) & mask;
    }
  }

  /** The token with the bytes from `start` to `end`, or -1. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (length <= 8) {
      let low = 0;
      let high = 0;
      for (let k = 0; k < length; k++) {
        if (k < 4) low |= bytes[start + k] << (k << 3);
        else high |= bytes[start + k] << ((k - 4) << 3);
      }
      return this.findShort(low, high, length);
    }
    if (length > this.longest) return -1;
    let hash = 0;
    for (let k = start; k < end; k++) hash = (Math.imul(hash, PRIME) + bytes[k] + 1) | 0;
    return this.findLong(bytes, start, length, hash);
  }

  /** As `find`, with the hash taken from prefix hashes of the text: constant time for a token that is not there. */
  findHashed(bytes: Uint8Array, start: number, length: number, prefix: Int32Array, from: number): number {
    if (length <= 8) return this.find(bytes, start, start + length);
    if (length > this.longest) return -1;
    return this.findLong(
      bytes,
      start,
      length,
      (prefix[from + length] - Math.imul(prefix[from], this.powers[length])) | 0,
    );
  }

  private equals(at: number, bytes: Uint8Array, start: number, length: number): boolean {
    const own = this.bytes;
    for (let k = 0; k < length; k++) if (own[at + k] !== bytes[start + k]) return false;
    return true;
  }

  private insert(id: number): void {
    const start = this.offsets[id];
    const length = this.offsets[id + 1] - start;
    const { bytes } = this;
    if (length === 1) this.byteId[bytes[start]] = id;
    if (length <= 8) {
      let low = 0;
      let high = 0;
      for (let k = 0; k < length; k++) {
        if (k < 4) low |= bytes[start + k] << (k << 3);
        else high |= bytes[start + k] << ((k - 4) << 3);
      }
      const mask = (this.short.length >> 2) - 1;
      let q = (Math.imul(low, GOLD) ^ Math.imul(high ^ length, GOLD2)) >>> this.shortShift;
      while (this.short[q * 4 + 2] >= 0) q = (q + 1) & mask;
      this.short[q * 4] = low;
      this.short[q * 4 + 1] = high;
      this.short[q * 4 + 2] = id;
      this.short[q * 4 + 3] = length;
      return;
    }
    let hash = 0;
    for (let k = start; k < start + length; k++) hash = (Math.imul(hash, PRIME) + bytes[k] + 1) | 0;
    const mask = (this.long.length >> 1) - 1;
    let q = Math.imul(hash, GOLD) >>> this.longShift;
    while (this.long[q * 2 + 1] >= 0) q = (q + 1) & mask;
    this.long[q * 2] = hash;
    this.long[q * 2 + 1] = id;
  }
}

function bitsFor(slots: number): number {
  let bits = 4;
  while (1 << bits < slots) bits++;
  return bits;
}
