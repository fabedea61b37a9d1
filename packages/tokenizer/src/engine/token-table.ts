// Token bytes and their ids in typed arrays: all bytes in one array, tokens of up to 8 bytes found by two packed integers without a comparison of bytes,
// longer ones by a hash of their words and a comparison. About 50 bytes a token in all. Text is read through a view, four bytes at a time, so eight
// readable bytes must follow it (see TextBuffer). Pieces that are no token but have been merged before are learned into the same two tables, with a place
// in an arena of ids instead of an id: the slot that a look-up of an unknown piece ends at is where it would be, so a known one costs no further table.

/** Base of the hash of words: h' = (h ^ word) * PRIME, folded. */
export const PRIME = 0x01000193 | 0;
/** The rank of a pair that does not merge. */
export const INFINITE_RANK = 0x7fffffff;

/** Multipliers of the table of short tokens: slot = (low * GOLD ^ (high ^ length) * GOLD2) >>> shortShift. */
export const GOLD = 0x9e3779b1 | 0;
export const GOLD2 = 0x85ebca6b | 0;

/** What a piece of 0 to 8 bytes has of the first and of the second four bytes at its start. */
export const LOW_MASK: Int32Array = /* @__PURE__ */ Int32Array.of(
  0,
  0xff,
  0xffff,
  0xffffff,
  -1,
  -1,
  -1,
  -1,
  -1,
);
export const HIGH_MASK: Int32Array = /* @__PURE__ */ Int32Array.of(0, 0, 0, 0, 0, 0xff, 0xffff, 0xffffff, -1);

/** The fourth number of a slot of short tokens: its length, and from this bit on how many ids the piece has. */
export const LENGTH_BITS = 255;
export const ID_COUNT_SHIFT = 8;

const PADDING = 8;
const FREE = -1; // ids below it are learned pieces: their record in the arena is at LEARNED - id
const LEARNED = -2;
const LONGEST_LEARNED = 512;
const NONE = new Int32Array(0); // a table that has not been made

/** Hash of `length` bytes of a view. */
export function hashWords(view: DataView, start: number, length: number): number {
  let hash = length;
  let at = start;
  const whole = start + (length & ~3);
  while (at < whole) {
    hash = Math.imul(hash ^ view.getInt32(at, true), PRIME);
    hash ^= hash >>> 15;
    at += 4;
  }
  if (length & 3) {
    hash = Math.imul(hash ^ (view.getInt32(at, true) & LOW_MASK[length & 3]), PRIME);
    hash ^= hash >>> 15;
  }
  return hash;
}

/** Whether `length` bytes of two views are equal. */
export function equalWords(a: DataView, from: number, b: DataView, start: number, length: number): boolean {
  const whole = length & ~3;
  for (let k = 0; k < whole; k += 4)
    if (a.getInt32(from + k, true) !== b.getInt32(start + k, true)) return false;
  const mask = LOW_MASK[length & 3];
  return mask === 0 || ((a.getInt32(from + whole, true) ^ b.getInt32(start + whole, true)) & mask) === 0;
}

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
  /** Pieces of up to 8 bytes, four numbers a slot: low, high, id (-1 when free, less when learned), length + 256 * number of ids. */
  short: Int32Array = NONE;
  shortShift = 0;
  /** Records of learned pieces: number of ids and ids; before them, for pieces of more than 8 bytes, length and words. */
  memory: Int32Array = new Int32Array(0);
  /** A view on `bytes`. */
  readonly view: DataView;
  private long: Int32Array = NONE; // hash, id
  private longShift = 0;
  private shorts = 0;
  private longs = 0;
  private used = 0; // of the arena

  /**
   * `bytes` and `offsets` as they are kept (copied when fewer than eight bytes follow the last token); a token of no byte is absent.
   */
  constructor(bytes: Uint8Array, offsets: Int32Array) {
    this.offsets = offsets;
    this.size = offsets.length - 1;
    this.bytes = padded(bytes, offsets[this.size]);
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    let longest = 0;
    for (let id = 0; id < this.size; id++) {
      const length = offsets[id + 1] - offsets[id];
      if (length > longest) longest = length;
      if (length === 1) this.byteId[this.bytes[offsets[id]]] = id;
    }
    this.longest = longest;
  }

  /** A table from one array a token. */
  static from(tokens: readonly (Uint8Array | undefined)[]): TokenTable {
    const offsets = new Int32Array(tokens.length + 1);
    for (let id = 0; id < tokens.length; id++) offsets[id + 1] = offsets[id] + (tokens[id]?.length ?? 0);
    const bytes = new Uint8Array(offsets[tokens.length] + PADDING);
    tokens.forEach((token, id) => {
      if (token !== undefined) bytes.set(token, offsets[id]);
    });
    return new TokenTable(bytes, offsets);
  }

  /** Makes the tables, which are not needed where kernels look up; `short` is not to be read before. */
  prepare(): void {
    if (this.short === NONE) this.insertTokens();
  }

  /** The bytes of a token; empty when absent. */
  bytesOf(id: number): Uint8Array {
    return this.bytes.subarray(this.offsets[id], this.offsets[id + 1]);
  }

  /** The token of up to 8 bytes packed little-endian; or a negative number: -1 for nothing, else that of a learned piece. */
  findShort(low: number, high: number, length: number): number {
    this.prepare();
    const { short } = this;
    const mask = (short.length >> 2) - 1;
    let q = (Math.imul(low, GOLD) ^ Math.imul(high ^ length, GOLD2)) >>> this.shortShift;
    for (;;) {
      const at = q << 2;
      const id = short[at + 2];
      if (
        id === FREE ||
        (short[at] === low && short[at + 1] === high && (short[at + 3] & LENGTH_BITS) === length)
      )
        return id;
      q = (q + 1) & mask;
    }
  }

  /** The token of more than 8 bytes with that hash, or a negative number as `findShort`. */
  findLong(view: DataView, start: number, length: number, hash: number): number {
    this.prepare();
    const { long, offsets } = this;
    const mask = (long.length >> 1) - 1;
    let q = Math.imul(hash, GOLD) >>> this.longShift;
    for (;;) {
      const id = long[q * 2 + 1];
      if (id === FREE) return id;
      if (long[q * 2] === hash) {
        if (id >= 0) {
          const at = offsets[id];
          if (offsets[id + 1] - at === length && equalWords(this.view, at, view, start, length)) return id;
        } else if (this.isLearned(LEARNED - id, view, start, length)) return id;
      }
      q = (q + 1) & mask;
    }
  }

  /** Where the ids of a learned piece are: their number at that place of `memory`, then they. `found` is what a look-up returned, below -1. */
  idsOf(found: number, length: number): number {
    const at = LEARNED - found;
    return length <= 8 ? at : at + 1 + ((length + 3) >> 2);
  }

  /**
   * Learns the ids `out[from..to)` of a piece that no look-up finds, within `most` bytes of arena; when it is full, all learned pieces are forgotten.
   * `hash`: of `hashWords`, for pieces of more than 8 bytes.
   */
  learn(
    text: { readonly view: DataView },
    start: number,
    length: number,
    hash: number,
    out: Int32Array,
    from: number,
    to: number,
    most: number,
  ): void {
    if (length > LONGEST_LEARNED) return;
    const words = length <= 8 ? 0 : 1 + ((length + 3) >> 2);
    const needed = words + 1 + to - from;
    if (needed * 4 > most) return;
    if ((this.used + needed) * 4 > most) this.insertTokens();
    if (this.used + needed > this.memory.length) {
      const wider = new Int32Array(Math.max(1 << 12, this.used + needed, this.memory.length * 2));
      wider.set(this.memory);
      this.memory = wider;
    }
    const { memory } = this;
    const { view } = text;
    const id = LEARNED - this.used;
    if (words > 0) {
      memory[this.used++] = length;
      const whole = length & ~3;
      for (let k = 0; k < whole; k += 4) memory[this.used++] = view.getInt32(start + k, true);
      if (length & 3) memory[this.used++] = view.getInt32(start + whole, true) & LOW_MASK[length & 3];
      this.placeLong(hash, id);
      if (++this.longs * 2 > this.long.length >> 1) this.growLong();
    } else {
      const low = view.getInt32(start, true) & LOW_MASK[length];
      const high = view.getInt32(start + 4, true) & HIGH_MASK[length];
      this.placeShort(low, high, length | ((to - from) << ID_COUNT_SHIFT), id);
      if (++this.shorts * 3 > this.short.length >> 1) this.growShort();
    }
    memory[this.used++] = to - from;
    for (let k = from; k < to; k++) memory[this.used++] = out[k];
  }

  private isLearned(record: number, view: DataView, start: number, length: number): boolean {
    const { memory } = this;
    if (memory[record] !== length) return false;
    const whole = length >> 2;
    for (let k = 0; k < whole; k++)
      if (memory[record + 1 + k] !== view.getInt32(start + k * 4, true)) return false;
    const rest = length & 3;
    return (
      rest === 0 || memory[record + 1 + whole] === (view.getInt32(start + whole * 4, true) & LOW_MASK[rest])
    );
  }

  /** The token with the bytes of a view from `start` to `end`, or a negative number. */
  find(view: DataView, start: number, end: number): number {
    const length = end - start;
    if (length <= 8) {
      return this.findShort(
        view.getInt32(start, true) & LOW_MASK[length],
        view.getInt32(start + 4, true) & HIGH_MASK[length],
        length,
      );
    }
    if (length > this.longest) return -1;
    return this.findLong(view, start, length, hashWords(view, start, length));
  }

  /** The token with these bytes, or -1; for bytes in no buffer of ours. */
  idOf(bytes: Uint8Array): number {
    if (bytes.length === 0 || bytes.length > this.longest) return -1;
    const copy = new Uint8Array(bytes.length + PADDING);
    copy.set(bytes);
    return this.find(new DataView(copy.buffer), 0, bytes.length);
  }

  /** The tables with the tokens alone. */
  private insertTokens(): void {
    const { offsets, view } = this;
    this.shorts = 0;
    this.longs = 0;
    this.used = 0;
    for (let id = 0; id < this.size; id++) {
      const length = offsets[id + 1] - offsets[id];
      if (length > 8) this.longs++;
      else if (length > 0) this.shorts++;
    }
    this.short = emptySlots(bitsFor(this.shorts * 2), 4, 2);
    this.long = emptySlots(bitsFor(this.longs * 2), 2, 1);
    this.shortShift = shiftOf(this.short.length >> 2);
    this.longShift = shiftOf(this.long.length >> 1);
    for (let id = 0; id < this.size; id++) {
      const start = offsets[id];
      const length = offsets[id + 1] - start;
      if (length === 0) continue;
      if (length > 8) {
        this.placeLong(hashWords(view, start, length), id);
        continue;
      }
      const low = view.getInt32(start, true) & LOW_MASK[length];
      this.placeShort(
        low,
        view.getInt32(start + 4, true) & HIGH_MASK[length],
        length | (1 << ID_COUNT_SHIFT),
        id,
      );
    }
  }

  private placeShort(low: number, high: number, lengthAndCount: number, id: number): void {
    const { short } = this;
    const mask = (short.length >> 2) - 1;
    const length = lengthAndCount & LENGTH_BITS;
    let q = (Math.imul(low, GOLD) ^ Math.imul(high ^ length, GOLD2)) >>> this.shortShift;
    while (short[q * 4 + 2] !== FREE) q = (q + 1) & mask;
    short[q * 4] = low;
    short[q * 4 + 1] = high;
    short[q * 4 + 2] = id;
    short[q * 4 + 3] = lengthAndCount;
  }

  private placeLong(hash: number, id: number): void {
    const { long } = this;
    const mask = (long.length >> 1) - 1;
    let q = Math.imul(hash, GOLD) >>> this.longShift;
    while (long[q * 2 + 1] !== FREE) q = (q + 1) & mask;
    long[q * 2] = hash;
    long[q * 2 + 1] = id;
  }

  private growShort(): void {
    const old = this.short;
    this.short = emptySlots(bitsFor(old.length >> 1), 4, 2);
    this.shortShift = shiftOf(this.short.length >> 2);
    for (let at = 0; at < old.length; at += 4)
      if (old[at + 2] !== FREE) this.placeShort(old[at], old[at + 1], old[at + 3], old[at + 2]);
  }

  private growLong(): void {
    const old = this.long;
    this.long = emptySlots(bitsFor(old.length), 2, 1);
    this.longShift = shiftOf(this.long.length >> 1);
    for (let at = 0; at < old.length; at += 2) if (old[at + 1] !== FREE) this.placeLong(old[at], old[at + 1]);
  }
}

function emptySlots(bits: number, width: number, idAt: number): Int32Array {
  const slots = new Int32Array(width << bits);
  for (let i = idAt; i < slots.length; i += width) slots[i] = FREE;
  return slots;
}

const shiftOf = (slots: number): number => Math.clz32(slots) + 1;

function padded(bytes: Uint8Array, end: number): Uint8Array {
  if (bytes.length >= end + PADDING) return bytes;
  const wider = new Uint8Array(end + PADDING);
  wider.set(bytes.subarray(0, end));
  return wider;
}

function bitsFor(slots: number): number {
  let bits = 4;
  while (1 << bits < slots) bits++;
  return bits;
}
