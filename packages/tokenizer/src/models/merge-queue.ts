// A 4-ary min-heap of candidate merges ordered by rank, then position. Keys are doubles rank * 2^27 + position, so comparisons are single numbers.

const POSITIONS = 134217728; // 2^27: positions up to 134 million, ranks up to 2^26

export class MergeQueue {
  /** A key is rank * POSITIONS + position. */
  static readonly POSITIONS = POSITIONS;
  private keys = new Float64Array(64);
  private count = 0;

  get size(): number {
    return this.count;
  }

  clear(): void {
    this.count = 0;
  }

  push(rank: number, position: number): void {
    if (this.count === this.keys.length) {
      const wider = new Float64Array(this.count * 2);
      wider.set(this.keys);
      this.keys = wider;
    }
    const keys = this.keys;
    const key = rank * POSITIONS + position;
    let i = this.count++;
    while (i > 0) {
      const parent = (i - 1) >> 2;
      if (keys[parent] <= key) break;
      keys[i] = keys[parent];
      i = parent;
    }
    keys[i] = key;
  }

  /** Takes the least key; split it with `rankOf` and `positionOf`. */
  pop(): number {
    const keys = this.keys;
    const top = keys[0];
    const count = --this.count;
    if (count > 0) {
      const key = keys[count];
      let i = 0;
      for (;;) {
        let child = 4 * i + 1;
        if (child >= count) break;
        let least = child;
        let leastKey = keys[child];
        const end = Math.min(child + 4, count);
        for (child++; child < end; child++) {
          if (keys[child] < leastKey) {
            leastKey = keys[child];
            least = child;
          }
        }
        if (leastKey >= key) break;
        keys[i] = leastKey;
        i = least;
      }
      keys[i] = key;
    }
    return top;
  }

  static rankOf(key: number): number {
    return Math.floor(key / POSITIONS);
  }

  static positionOf(key: number): number {
    return key % POSITIONS;
  }
}
