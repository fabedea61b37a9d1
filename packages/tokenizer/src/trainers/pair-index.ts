// Pairs of symbols met in training: a number for each, its count, and a chain of the places where it occurs.

export class PairIndex {
  /** Left and right symbol of a pair. */
  left: Int32Array = new Int32Array(1 << 12);
  right: Int32Array = new Int32Array(1 << 12);
  counts: Float64Array = new Float64Array(1 << 12);
  private heads: Int32Array = new Int32Array(1 << 12);
  private positions: Int32Array = new Int32Array(1 << 14);
  private nexts: Int32Array = new Int32Array(1 << 14);
  placesTaken: Int32Array = new Int32Array(1 << 10);
  private places = 0;
  private bits = 13;
  private table: Int32Array = new Int32Array(1 << 13).fill(-1);
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** The number of a pair; a new one has count 0. */
  id(left: number, right: number): number {
    const mask = (1 << this.bits) - 1;
    let q = slot(left, right) >>> (32 - this.bits);
    for (let id = this.table[q]; id >= 0; id = this.table[q]) {
      if (this.left[id] === left && this.right[id] === right) return id;
      q = (q + 1) & mask;
    }
    if (this.count === this.left.length) {
      this.left = doubled(this.left);
      this.right = doubled(this.right);
      this.counts = doubled(this.counts);
      this.heads = doubled(this.heads);
    }
    const id = this.count++;
    this.left[id] = left;
    this.right[id] = right;
    this.counts[id] = 0;
    this.heads[id] = -1;
    this.table[q] = id;
    if (this.count * 2 > 1 << this.bits) this.grow();
    return id;
  }

  /** Adds an occurrence at a place; returns the pair's number. */
  add(left: number, right: number, place: number, times: number): number {
    const id = this.id(left, right);
    this.counts[id] += times;
    if (this.places === this.positions.length) {
      this.positions = doubled(this.positions);
      this.nexts = doubled(this.nexts);
    }
    this.positions[this.places] = place;
    this.nexts[this.places] = this.heads[id];
    this.heads[id] = this.places++;
    return id;
  }

  /**
   * The places of a pair, some of which may be out of date, into `placesTaken`; they are forgotten. Returns how many. In rising order for a pair of equal
   * symbols, whose occurrences overlap; for others the order makes no difference.
   */
  takePlaces(id: number): number {
    let count = 0;
    for (let at = this.heads[id]; at >= 0; at = this.nexts[at]) {
      if (count === this.placesTaken.length) this.placesTaken = doubled(this.placesTaken);
      this.placesTaken[count++] = this.positions[at];
    }
    this.heads[id] = -1;
    if (this.left[id] === this.right[id]) this.placesTaken.subarray(0, count).sort();
    return count;
  }

  private grow(): void {
    this.bits++;
    this.table = new Int32Array(1 << this.bits).fill(-1);
    const mask = (1 << this.bits) - 1;
    for (let id = 0; id < this.count; id++) {
      let q = slot(this.left[id], this.right[id]) >>> (32 - this.bits);
      while (this.table[q] >= 0) q = (q + 1) & mask;
      this.table[q] = id;
    }
  }
}

const slot = (left: number, right: number): number =>
  Math.imul(Math.imul(left, 0x9e3779b1 | 0) ^ Math.imul(right, 0x85ebca6b | 0), 0xc2b2ae35 | 0);

function doubled<T extends Int32Array | Float64Array>(array: T): T {
  const wider = new (array.constructor as new (length: number) => T)(array.length * 2);
  wider.set(array);
  return wider;
}
