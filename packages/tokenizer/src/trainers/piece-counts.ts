// How often each piece of text (pre-token) occurs: all that a trainer needs of a corpus. Counts add up, so shards of a corpus may be counted anywhere and
// merged. Pieces are kept as UTF-8 bytes in one arena with an open-addressing table over it: about 30 bytes a distinct piece beside its text.
import { encodeUtf8 } from '../unicode/utf8.ts';

const GOLD = 0x9e3779b1 | 0;
const MAGIC = 0x31435041; // "APC1"

/** What counts hold, in the order first met: all pieces behind one another, where each begins (and the last one ends), and their counts. */
export interface PieceContents {
  readonly size: number;
  readonly bytes: Uint8Array;
  readonly offsets: Int32Array;
  readonly counts: Float64Array;
}

/** A view on what counts hold, for who works on all of it at once. */
export let contentsOf: (counts: PieceCounts) => PieceContents;

/** Adds contents whose pieces differ from each other. */
export let absorb: (counts: PieceCounts, contents: PieceContents) => void;

/**
 * Counts of pieces; `merge` adds another shard's, `toBytes` and `PieceCounts.fromBytes` carry them between processes and machines.
 *
 * @example
 * ```ts
 * import { PieceCounts } from '@ashlar/tokenizer';
 *
 * const shard = new PieceCounts();
 * shard.add('the', 3);
 * const whole = PieceCounts.fromBytes(shard.toBytes());
 * whole.merge(shard);
 * whole.get('the') // => 6
 * ```
 */
export class PieceCounts {
  private bits = 12;
  /** Hash, index; made when it is needed. */
  private table: Int32Array | undefined;
  private bytes: Uint8Array = new Uint8Array(1 << 16);
  private offsets: Int32Array = new Int32Array(1 << 12);
  private counts: Float64Array = new Float64Array(1 << 12);
  private count = 0;

  static {
    contentsOf = ({ count, bytes, offsets, counts }) => ({ size: count, bytes, offsets, counts });
    absorb = (into, { size, bytes, offsets, counts }) => {
      if (into.count > 0) {
        for (let i = 0; i < size; i++) into.addBytes(bytes, offsets[i], offsets[i + 1], counts[i]);
        return;
      }
      into.bytes = bytes.slice();
      into.offsets = offsets.slice();
      into.counts = new Float64Array(size + 1);
      into.counts.set(counts);
      into.count = size;
      into.table = undefined;
    };
  }

  /** Number of distinct pieces. */
  get size(): number {
    return this.count;
  }

  /** Sum of all counts. */
  get total(): number {
    let sum = 0;
    for (let i = 0; i < this.count; i++) sum += this.counts[i];
    return sum;
  }

  /** Adds `times` occurrences of a piece. */
  add(piece: string, times = 1): void {
    const bytes = encodeUtf8(piece);
    this.addBytes(bytes, 0, bytes.length, times);
  }

  /** Adds occurrences of the piece with the bytes from `start` to `end`. */
  addBytes(bytes: Uint8Array, start: number, end: number, times: number): void {
    const length = end - start;
    if (length === 0) return;
    const hash = hashOf(bytes, start, end);
    const index = this.find(bytes, start, length, hash);
    if (index >= 0) this.counts[index] += times;
    else this.insert(-1 - index, hash, bytes, start, length, times);
  }

  /** The count of a piece. */
  get(piece: string): number {
    const bytes = encodeUtf8(piece);
    const index = this.find(bytes, 0, bytes.length, hashOf(bytes, 0, bytes.length));
    return index < 0 ? 0 : this.counts[index];
  }

  /** Adds all counts of another. */
  merge(other: PieceCounts): void {
    for (let i = 0; i < other.count; i++)
      this.addBytes(other.bytes, other.offsets[i], other.offsets[i + 1], other.counts[i]);
  }

  /** Every piece with a count above 0, in the order first met. The bytes are a view into the arena. */
  *entries(): Generator<{ readonly bytes: Uint8Array; readonly count: number }> {
    for (let i = 0; i < this.count; i++) {
      if (this.counts[i] > 0)
        yield { bytes: this.bytes.subarray(this.offsets[i], this.offsets[i + 1]), count: this.counts[i] };
    }
  }

  /** The counts as bytes: a header, lengths, counts (float64), pieces; little-endian. */
  toBytes(): Uint8Array {
    const end = this.offsets[this.count];
    const out = new Uint8Array(8 + this.count * 12 + end);
    const view = new DataView(out.buffer);
    view.setUint32(0, MAGIC, true);
    view.setUint32(4, this.count, true);
    for (let i = 0; i < this.count; i++) {
      view.setUint32(8 + i * 4, this.offsets[i + 1] - this.offsets[i], true);
      view.setFloat64(8 + this.count * 4 + i * 8, this.counts[i], true);
    }
    out.set(this.bytes.subarray(0, end), 8 + this.count * 12);
    return out;
  }

  /** Reads what `toBytes` wrote. Throws a RangeError when the bytes are cut off or something else. */
  static fromBytes(bytes: Uint8Array): PieceCounts {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const count = bytes.length >= 8 ? view.getUint32(4, true) : 0;
    if (bytes.length < 8 || view.getUint32(0, true) !== MAGIC || 8 + count * 12 > bytes.length) {
      throw new RangeError('PieceCounts.fromBytes: expected what toBytes wrote');
    }
    const counts = new PieceCounts();
    let at = 8 + count * 12;
    for (let i = 0; i < count; i++) {
      const end = at + view.getUint32(8 + i * 4, true);
      if (end > bytes.length) throw new RangeError('PieceCounts.fromBytes: the bytes are cut off');
      counts.addBytes(bytes, at, end, view.getFloat64(8 + count * 4 + i * 8, true));
      at = end;
    }
    return counts;
  }

  /** The index of a piece, or -1 less the slot where it would be. */
  private find(bytes: Uint8Array, start: number, length: number, hash: number): number {
    const { offsets, bytes: known } = this;
    const table = this.table ?? this.index();
    const mask = (1 << this.bits) - 1;
    let q = Math.imul(hash, GOLD) >>> (32 - this.bits);
    for (;;) {
      const index = table[q * 2 + 1];
      if (index < 0) return -1 - q;
      if (table[q * 2] === hash) {
        const from = offsets[index];
        if (offsets[index + 1] - from === length) {
          let k = 0;
          while (k < length && known[from + k] === bytes[start + k]) k++;
          if (k === length) return index;
        }
      }
      q = (q + 1) & mask;
    }
  }

  private insert(
    slot: number,
    hash: number,
    bytes: Uint8Array,
    start: number,
    length: number,
    times: number,
  ): void {
    const from = this.offsets[this.count];
    if (from + length > this.bytes.length) {
      const wider = new Uint8Array(Math.max(from + length, this.bytes.length * 2));
      wider.set(this.bytes);
      this.bytes = wider;
    }
    if (this.count + 2 > this.offsets.length) {
      const offsets = new Int32Array(this.offsets.length * 2);
      offsets.set(this.offsets);
      this.offsets = offsets;
      const counts = new Float64Array(this.counts.length * 2);
      counts.set(this.counts);
      this.counts = counts;
    }
    for (let k = 0; k < length; k++) this.bytes[from + k] = bytes[start + k];
    this.offsets[this.count + 1] = from + length;
    this.counts[this.count] = times;
    const table = this.table as Int32Array;
    table[slot * 2] = hash;
    table[slot * 2 + 1] = this.count++;
    if (this.count * 2 > 1 << this.bits) this.table = undefined;
  }

  /** The table over all pieces, at least half of it free. */
  private index(): Int32Array {
    while (this.count * 2 > 1 << this.bits) this.bits++;
    const table = new Int32Array(2 << this.bits).fill(-1);
    const mask = (1 << this.bits) - 1;
    for (let i = 0; i < this.count; i++) {
      const hash = hashOf(this.bytes, this.offsets[i], this.offsets[i + 1]);
      let q = Math.imul(hash, GOLD) >>> (32 - this.bits);
      while (table[q * 2 + 1] >= 0) q = (q + 1) & mask;
      table[q * 2] = hash;
      table[q * 2 + 1] = i;
    }
    this.table = table;
    return table;
  }
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0;
  for (let i = start; i < end; i++) hash = (Math.imul(hash, 0x01000193) + bytes[i] + 1) | 0;
  return hash;
}
