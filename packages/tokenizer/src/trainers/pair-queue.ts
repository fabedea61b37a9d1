// Pairs by count, the greatest first, and of equal counts the one with the least left, then right symbol. Counts are mostly small and many are equal: pairs
// wait unordered in a list for each count, and only when a count's turn comes are those that still have it sorted. Counts only fall while a pair waits,
// so one whose count is out of date goes to the list of the new one. What does not fit in (great counts, fractions) waits in a heap.
import { PairHeap } from './pair-heap.ts';
import type { PairIndex } from './pair-index.ts';

const LISTS = 1 << 16; // integer counts below have a list
const SYMBOLS = 2 ** 26; // a pair as a number: left * SYMBOLS + right

export class PairQueue {
  private readonly pairs: PairIndex;
  private readonly heap: PairHeap;
  /** First node of the list of each count, and the nodes: pair, next. */
  private readonly heads = new Int32Array(LISTS).fill(-1);
  private nodes = new Int32Array(1 << 13);
  private nodeCount = 0;
  private free = -1;
  /** The count whose turn it is, its pairs in order, and those that got it since. */
  private level = LISTS;
  private sorted = new Float64Array(0);
  private taken = 0;
  private readonly late: PairHeap;

  constructor(pairs: PairIndex) {
    this.pairs = pairs;
    this.heap = new PairHeap(pairs);
    this.late = new PairHeap(pairs);
  }

  /** Puts a pair in with its count, which is above 0. */
  push(pair: number, count: number): void {
    if (count < this.level && Number.isInteger(count)) this.heads[count] = this.node(pair, this.heads[count]);
    else if (count === this.level) this.late.push(pair, count);
    else this.heap.push(pair, count);
  }

  /** Takes the pair with the greatest count, or -1 when no count reaches `least`. */
  take(least: number): number {
    const { pairs } = this;
    for (;;) {
      const level = this.next();
      const isHeap = this.heap.size > 0 && this.heap.topCount > level;
      const count = isHeap ? this.heap.topCount : level;
      if (count < least || count === 0) return -1;
      const pair = isHeap ? this.heap.pop() : this.takeFromLevel();
      const current = pairs.countOf(pair);
      if (current === count) return pair;
      if (current > 0) this.push(pair, current);
    }
  }

  /** The greatest count of a list that is not empty, which gets its turn; 0 for none. */
  private next(): number {
    while (this.level > 0 && this.taken === this.sorted.length && this.late.size === 0) {
      if (--this.level > 0 && this.heads[this.level] >= 0) this.open(this.level);
    }
    return this.level;
  }

  private open(count: number): void {
    const { pairs, nodes } = this;
    const keys: number[] = [];
    for (let node = this.heads[count]; node >= 0; ) {
      const pair = nodes[node];
      const after = nodes[node + 1];
      nodes[node + 1] = this.free;
      this.free = node;
      const current = pairs.countOf(pair);
      if (current === count) keys.push(pairs.leftOf(pair) * SYMBOLS + pairs.rightOf(pair));
      else if (current > 0) this.push(pair, current);
      node = after;
    }
    this.heads[count] = -1;
    this.sorted = Float64Array.from(keys).sort();
    this.taken = 0;
  }

  private takeFromLevel(): number {
    const { pairs, sorted, late } = this;
    if (this.taken === sorted.length) return late.pop();
    const key = sorted[this.taken];
    if (late.size > 0 && pairs.leftOf(late.top) * SYMBOLS + pairs.rightOf(late.top) < key) return late.pop();
    this.taken++;
    const left = Math.floor(key / SYMBOLS);
    return pairs.id(left, key - left * SYMBOLS);
  }

  private node(pair: number, next: number): number {
    let node = this.free;
    if (node >= 0) this.free = this.nodes[node + 1];
    else {
      node = this.nodeCount;
      this.nodeCount += 2;
      if (this.nodeCount > this.nodes.length) {
        const wider = new Int32Array(this.nodes.length * 2);
        wider.set(this.nodes);
        this.nodes = wider;
      }
    }
    this.nodes[node] = pair;
    this.nodes[node + 1] = next;
    return node;
  }
}
