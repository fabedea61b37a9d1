// Pieces met before and their ids: keys in an arena of bytes, values in an arena of ids, one open-addressing table over both. It begins small, doubles up to
// its bound and is emptied when full; there is no bookkeeping on a hit.

const GOLD = 0x9e3779b1 | 0;
const LONGEST = 512; // longer pieces are not worth remembering

export class PieceCache {
  private readonly most: number;
  private bits = 9;
  private table: Int32Array = new Int32Array(0); // hash, key offset, key length | id count << 16, value offset
  private keys: Uint8Array = new Uint8Array(0);
  private values: Uint32Array = new Uint32Array(0);
  private keyEnd = 0;
  private valueEnd = 0;
  private count = 0;

  /** `most`: bytes of keys to remember; 0 switches the cache off. */
  constructor(most: number) {
    this.most = most;
    if (most > 0) {
      this.table = new Int32Array(4 << this.bits).fill(-1);
      this.keys = new Uint8Array(Math.min(most, 1 << 13));
      this.values = new Uint32Array(1 << 11);
    }
  }

  /** Handle of a piece, or -1. */
  find(bytes: Uint8Array, start: number, length: number, hash: number): number {
    if (this.most === 0 || length > LONGEST) return -1;
    const { table, keys } = this;
    const mask = (1 << this.bits) - 1;
    let q = Math.imul(hash ^ length, GOLD) >>> (32 - this.bits);
    for (;;) {
      const at = q << 2;
      const key = table[at + 1];
      if (key < 0) return -1;
      if (table[at] === hash && (table[at + 2] & 0xffff) === length) {
        let k = 0;
        while (k < length && keys[key + k] === bytes[start + k]) k++;
        if (k === length) return at;
      }
      q = (q + 1) & mask;
    }
  }

  /** Copies the ids of a handle; returns where they end. */
  copy(handle: number, out: Uint32Array, at: number): number {
    const count = this.table[handle + 2] >>> 16;
    const from = this.table[handle + 3];
    const { values } = this;
    for (let i = 0; i < count; i++) out[at + i] = values[from + i];
    return at + count;
  }

  /** Remembers that a piece has the ids `out[from..to)`. */
  add(
    bytes: Uint8Array,
    start: number,
    length: number,
    hash: number,
    out: Uint32Array,
    from: number,
    to: number,
  ): void {
    if (this.most === 0 || length > LONGEST) return;
    const count = to - from;
    if (this.count * 2 >= 1 << this.bits) this.growTable();
    if (this.keyEnd + length > this.keys.length && !this.growKeys()) this.clear();
    if (this.valueEnd + count > this.values.length) {
      const wider = new Uint32Array(this.values.length * 2);
      wider.set(this.values);
      this.values = wider;
    }
    const { table, keys, values } = this;
    const mask = (1 << this.bits) - 1;
    let q = Math.imul(hash ^ length, GOLD) >>> (32 - this.bits);
    while (table[(q << 2) + 1] >= 0) q = (q + 1) & mask;
    const at = q << 2;
    table[at] = hash;
    table[at + 1] = this.keyEnd;
    table[at + 2] = length | (count << 16);
    table[at + 3] = this.valueEnd;
    for (let k = 0; k < length; k++) keys[this.keyEnd + k] = bytes[start + k];
    for (let k = 0; k < count; k++) values[this.valueEnd + k] = out[from + k];
    this.keyEnd += length;
    this.valueEnd += count;
    this.count++;
  }

  private clear(): void {
    this.table.fill(-1);
    this.keyEnd = 0;
    this.valueEnd = 0;
    this.count = 0;
  }

  private growKeys(): boolean {
    if (this.keys.length >= this.most) return false;
    const wider = new Uint8Array(Math.min(this.most, this.keys.length * 2));
    wider.set(this.keys);
    this.keys = wider;
    return true;
  }

  private growTable(): void {
    const old = this.table;
    this.bits++;
    this.table = new Int32Array(4 << this.bits).fill(-1);
    const mask = (1 << this.bits) - 1;
    for (let at = 0; at < old.length; at += 4) {
      if (old[at + 1] < 0) continue;
      let q = Math.imul(old[at] ^ (old[at + 2] & 0xffff), GOLD) >>> (32 - this.bits);
      while (this.table[(q << 2) + 1] >= 0) q = (q + 1) & mask;
      for (let k = 0; k < 4; k++) this.table[(q << 2) + k] = old[at + k];
    }
  }
}
