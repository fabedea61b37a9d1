// Which lengths of tokens can begin with what a text goes on with: bits by the first two bytes, and by hashes of the first four and eight. A bit too many
// costs a look-up; none is ever missing.
import { GOLD, GOLD2, HIGH_MASK, hashWords, LOW_MASK, type TokenTable } from './token-table.ts';

const BITS4 = 17;
const BITS8 = 16;
const LONGER = 39; // the last bit of a word stands for this length and all greater ones

export class TokenPrefixes {
  readonly table: TokenTable;
  private readonly lengths2 = new Uint8Array(1 << 16); // 2, 3, 4
  private readonly lengths4 = new Uint8Array(1 << BITS4); // 5 to 8
  private readonly lengths8 = new Int32Array(1 << BITS8); // 9 and more

  constructor(table: TokenTable) {
    this.table = table;
    const { offsets, view, size } = table;
    for (let id = 0; id < size; id++) {
      const at = offsets[id];
      const length = offsets[id + 1] - at;
      if (length < 2) continue;
      const low = view.getInt32(at, true);
      if (length <= 4) this.lengths2[low & 0xffff] |= 1 << (length - 2);
      else if (length <= 8) this.lengths4[slot4(low)] |= 1 << (length - 5);
      else this.lengths8[slot8(low, view.getInt32(at + 4, true))] |= 1 << (Math.min(length, LONGER + 1) - 9);
    }
  }

  /** The token with the bytes of a view from `start` to `end`, or a negative number. Most that is asked for is none, which the bits mostly tell. */
  find(view: DataView, start: number, end: number): number {
    const { table } = this;
    const length = end - start;
    const low = view.getInt32(start, true);
    if (length <= 4) {
      if (length < 2) return table.byteId[low & 0xff];
      return ((this.lengths2[low & 0xffff] >> (length - 2)) & 1) === 0
        ? -1
        : table.findShort(low & LOW_MASK[length], 0, length);
    }
    if (length <= 8) {
      return ((this.lengths4[slot4(low)] >> (length - 5)) & 1) === 0
        ? -1
        : table.findShort(low, view.getInt32(start + 4, true) & HIGH_MASK[length], length);
    }
    if (length > table.longest) return -1;
    const bits = this.lengths8[slot8(low, view.getInt32(start + 4, true))];
    if (((bits >> (Math.min(length, LONGER + 1) - 9)) & 1) === 0) return -1;
    return table.findLong(view, start, length, hashWords(view, start, length));
  }

  /** The longest token of at most `most` bytes that the bytes of a view from `at` on begin with, or -1. Eight bytes can be read there. */
  longest(view: DataView, at: number, most: number): number {
    const { table } = this;
    const low = view.getInt32(at, true);
    const high = view.getInt32(at + 4, true);
    if (most > 8) {
      const id = this.longestLong(view, at, most, this.lengths8[slot8(low, high)]);
      if (id >= 0) return id;
    }
    if (most > 4) {
      let bits = this.lengths4[slot4(low)] & ((2 << (Math.min(most, 8) - 5)) - 1);
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits);
        const id = table.findShort(low, high & HIGH_MASK[bit + 5], bit + 5);
        if (id >= 0) return id;
        bits ^= 1 << bit;
      }
    }
    if (most > 1) {
      let bits = this.lengths2[low & 0xffff] & ((2 << (Math.min(most, 4) - 2)) - 1);
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits);
        const id = table.findShort(low & LOW_MASK[bit + 2], 0, bit + 2);
        if (id >= 0) return id;
        bits ^= 1 << bit;
      }
    }
    return most > 0 ? table.byteId[low & 0xff] : -1;
  }

  private longestLong(view: DataView, at: number, most: number, lengths: number): number {
    const { table } = this;
    let bits = lengths;
    if (bits < 0) {
      for (let length = Math.min(most, table.longest); length > LONGER; length--) {
        const id = table.findLong(view, at, length, hashWords(view, at, length));
        if (id >= 0) return id;
      }
      bits &= 0x7fffffff;
    }
    if (most <= LONGER) bits &= (2 << (most - 9)) - 1;
    while (bits !== 0) {
      const bit = 31 - Math.clz32(bits);
      const id = table.findLong(view, at, bit + 9, hashWords(view, at, bit + 9));
      if (id >= 0) return id;
      bits ^= 1 << bit;
    }
    return -1;
  }
}

const slot4 = (low: number): number => Math.imul(low, GOLD) >>> (32 - BITS4);
const slot8 = (low: number, high: number): number =>
  (Math.imul(low, GOLD) ^ Math.imul(high, GOLD2)) >>> (32 - BITS8);
