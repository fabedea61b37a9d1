// A 4-ary max-heap of pairs by count; of equal ones the pair with the least left, then right symbol goes first, or as a rule says.

import type { PairIndex } from './pair-index.ts';

export class PairHeap {
  private ids = new Int32Array(1 << 12);
  private counts = new Float64Array(1 << 12);
  private count = 0;
  private readonly pairs: PairIndex;
  private readonly wins: ((a: number, b: number) => boolean) | undefined;

  /** `wins`: whether of two pairs with equal counts the first goes first. */
  constructor(pairs: PairIndex, wins?: (a: number, b: number) => boolean) {
    this.pairs = pairs;
    this.wins = wins;
  }

  get size(): number {
    return this.count;
  }

  /** The pair that goes first. */
  get top(): number {
    return this.ids[0];
  }

  get topCount(): number {
    return this.counts[0];
  }

  push(id: number, count: number): void {
    if (this.count === this.ids.length) {
      const ids = new Int32Array(this.count * 2);
      ids.set(this.ids);
      this.ids = ids;
      const counts = new Float64Array(this.count * 2);
      counts.set(this.counts);
      this.counts = counts;
    }
    let i = this.count++;
    while (i > 0) {
      const parent = (i - 1) >> 2;
      if (!this.before(count, id, this.counts[parent], this.ids[parent])) break;
      this.ids[i] = this.ids[parent];
      this.counts[i] = this.counts[parent];
      i = parent;
    }
    this.ids[i] = id;
    this.counts[i] = count;
  }

  /** Takes the greatest. */
  pop(): number {
    const top = this.ids[0];
    const last = --this.count;
    if (last > 0) {
      const id = this.ids[last];
      const count = this.counts[last];
      let i = 0;
      for (;;) {
        let child = 4 * i + 1;
        if (child >= last) break;
        let best = child;
        const end = Math.min(child + 4, last);
        for (child++; child < end; child++) {
          if (this.before(this.counts[child], this.ids[child], this.counts[best], this.ids[best]))
            best = child;
        }
        if (!this.before(this.counts[best], this.ids[best], count, id)) break;
        this.ids[i] = this.ids[best];
        this.counts[i] = this.counts[best];
        i = best;
      }
      this.ids[i] = id;
      this.counts[i] = count;
    }
    return top;
  }

  private before(countA: number, a: number, countB: number, b: number): boolean {
    if (countA !== countB) return countA > countB;
    if (this.wins !== undefined) return this.wins(a, b);
    const { pairs } = this;
    const left = pairs.leftOf(a) - pairs.leftOf(b);
    return left === 0 ? pairs.rightOf(a) < pairs.rightOf(b) : left < 0;
  }
}
