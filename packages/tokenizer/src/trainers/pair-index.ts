// Pairs of symbols met in training: a number for each, its count, and a chain of the places where it occurs.

const FEW = 512; // pairs of symbols below are found without hashing
const NOWHERE = -1;

export class PairIndex {
  placesTaken: Int32Array = new Int32Array(1 << 10);
  /** What is known of a pair lies together: left and right symbol, the first link of its chain, a mark, and its count, 24 bytes. */
  private records: Int32Array = new Int32Array(6 << 12);
  private counts: Float64Array = new Float64Array(this.records.buffer);
  private readonly few = new Int32Array(FEW * FEW); // number of a pair, one more
  private links: Int32Array; // place, next link
  private linkCount = 0;
  private bits = 13;
  private table: Int32Array = new Int32Array(1 << 13); // number of a pair, one more
  private hashed = 0;
  private count = 0;

  /** `places`: about how many occurrences there will be. */
  constructor(places = 1 << 13) {
    this.links = new Int32Array(places * 2 + 2);
  }

  get size(): number {
    return this.count;
  }

  leftOf(id: number): number {
    return this.records[id * 6];
  }

  rightOf(id: number): number {
    return this.records[id * 6 + 1];
  }

  countOf(id: number): number {
    return this.counts[id * 3 + 2];
  }

  /** Adds to the count of a pair. */
  change(id: number, times: number): void {
    this.counts[id * 3 + 2] += times;
  }

  /** The pair is no more. */
  clear(id: number): void {
    this.counts[id * 3 + 2] = 0;
  }

  /** Sets the mark of a pair, 0 at first; returns whether it was another. */
  mark(id: number, mark: number): boolean {
    const at = id * 6 + 3;
    if (this.records[at] === mark) return false;
    this.records[at] = mark;
    return true;
  }

  /** The number of a pair; a new one has count 0. */
  id(left: number, right: number): number {
    if (left < FEW && right < FEW) {
      const at = left * FEW + right;
      if (this.few[at] === 0) this.few[at] = this.add(left, right) + 1;
      return this.few[at] - 1;
    }
    const { records, table } = this;
    const mask = table.length - 1;
    let q = slot(left, right) >>> (32 - this.bits);
    for (let known = table[q]; known !== 0; known = table[q]) {
      const at = (known - 1) * 6;
      if (records[at] === left && records[at + 1] === right) return known - 1;
      q = (q + 1) & mask;
    }
    const id = this.add(left, right);
    table[q] = id + 1;
    if (++this.hashed * 2 > table.length) this.grow();
    return id;
  }

  /** Adds an occurrence of a pair at a place. */
  occur(id: number, place: number, times: number): void {
    this.counts[id * 3 + 2] += times;
    if (this.linkCount === this.links.length) this.links = doubled(this.links);
    const link = this.linkCount;
    const { links, records } = this;
    links[link] = place;
    links[link + 1] = records[id * 6 + 2];
    records[id * 6 + 2] = link;
    this.linkCount = link + 2;
  }

  /**
   * The places of a pair, some of which may be out of date, into `placesTaken`; they are forgotten. Returns how many. In rising order for a pair of equal
   * symbols, whose occurrences overlap; for others the order makes no difference.
   */
  takePlaces(id: number): number {
    const { links, records } = this;
    let count = 0;
    for (let at = records[id * 6 + 2]; at !== NOWHERE; at = links[at + 1]) {
      if (count === this.placesTaken.length) this.placesTaken = doubled(this.placesTaken);
      this.placesTaken[count++] = links[at];
    }
    records[id * 6 + 2] = NOWHERE;
    if (records[id * 6] === records[id * 6 + 1]) this.placesTaken.subarray(0, count).sort();
    return count;
  }

  private add(left: number, right: number): number {
    if (this.count * 6 === this.records.length) {
      this.records = doubled(this.records);
      this.counts = new Float64Array(this.records.buffer);
    }
    const id = this.count++;
    this.records[id * 6] = left;
    this.records[id * 6 + 1] = right;
    this.records[id * 6 + 2] = NOWHERE;
    return id;
  }

  private grow(): void {
    this.bits++;
    const old = this.table;
    const table = new Int32Array(1 << this.bits);
    const mask = table.length - 1;
    for (const known of old) {
      if (known === 0) continue;
      const at = (known - 1) * 6;
      let q = slot(this.records[at], this.records[at + 1]) >>> (32 - this.bits);
      while (table[q] !== 0) q = (q + 1) & mask;
      table[q] = known;
    }
    this.table = table;
  }
}

const slot = (left: number, right: number): number =>
  Math.imul(Math.imul(left, 0x9e3779b1 | 0) ^ Math.imul(right, 0x85ebca6b | 0), 0xc2b2ae35 | 0);

function doubled(array: Int32Array): Int32Array {
  const wider = new Int32Array(array.length * 2);
  wider.set(array);
  return wider;
}
