// The merge rules as a hash table from (left id, right id) to (rank, id of the result): open addressing in one Int32Array, so that hundreds of
// thousands of rules cost 16 bytes each and a look-up no allocation.

const GOLD = 0x9e3779b1 | 0;
const GOLD2 = 0x85ebca6b | 0;

export class PairTable {
  private slots: Int32Array; // left, right, rank, id; left -1 = free
  private bits: number;
  private count = 0;

  constructor(expected: number) {
    this.bits = 4;
    while (1 << this.bits < expected * 2) this.bits++;
    this.slots = new Int32Array(4 << this.bits).fill(-1);
  }

  get size(): number {
    return this.count;
  }

  /** Sets the rule for a pair; a later rule for the same pair replaces the earlier one. */
  set(left: number, right: number, rank: number, id: number): void {
    if ((this.count + 1) * 2 > 1 << this.bits) this.grow();
    const at = this.find(left, right);
    if (this.slots[at] < 0) this.count++;
    this.slots[at] = left;
    this.slots[at + 1] = right;
    this.slots[at + 2] = rank;
    this.slots[at + 3] = id;
  }

  /** Handle of the rule for a pair, or -1; read it with `rankAt` and `idAt`. */
  lookUp(left: number, right: number): number {
    const at = this.find(left, right);
    return this.slots[at] < 0 ? -1 : at;
  }

  rankAt(handle: number): number {
    return this.slots[handle + 2];
  }

  idAt(handle: number): number {
    return this.slots[handle + 3];
  }

  /** Every rule, by rank. */
  entries(): { left: number; right: number; rank: number; id: number }[] {
    const rules = [];
    for (let at = 0; at < this.slots.length; at += 4) {
      const [left, right, rank, id] = this.slots.subarray(at, at + 4);
      if (left >= 0) rules.push({ left, right, rank, id });
    }
    return rules.sort((a, b) => a.rank - b.rank);
  }

  /** The base-2 logarithm of the number of slots. */
  get bitsOfSlots(): number {
    return this.bits;
  }

  /** One more than the greatest rank. */
  get ranks(): number {
    const { slots } = this;
    let ranks = 0;
    for (let at = 0; at < slots.length; at += 4)
      if (slots[at] >= 0) ranks = Math.max(ranks, slots[at + 2] + 1);
    return ranks;
  }

  /**
   * The slots as the kernels have them (engine/kernels/pairs.as.ts), two numbers each, left 22 bits, right 21, rank + 1 21 and all ones for a free one, and the
   * result of each rank. False when two rules share a rank.
   */
  pack(packed: Int32Array, results: Int32Array): boolean {
    const { slots } = this;
    packed.fill(-1);
    results.fill(-1);
    for (let at = 0, to = 0; at < slots.length; at += 4, to += 2) {
      const left = slots[at];
      if (left < 0) continue;
      const right = slots[at + 1];
      const rank = slots[at + 2];
      if (rank < 0 || results[rank] >= 0) return false;
      results[rank] = slots[at + 3];
      packed[to] = (right << 21) | (rank + 1);
      packed[to + 1] = (left << 10) | (right >>> 11);
    }
    return true;
  }

  private find(left: number, right: number): number {
    const slots = this.slots;
    const mask = (1 << this.bits) - 1;
    let q = (Math.imul(left, GOLD) ^ Math.imul(right, GOLD2)) >>> (32 - this.bits);
    for (;;) {
      const at = q << 2;
      if (slots[at] < 0 || (slots[at] === left && slots[at + 1] === right)) return at;
      q = (q + 1) & mask;
    }
  }

  private grow(): void {
    const old = this.slots;
    this.bits++;
    this.slots = new Int32Array(4 << this.bits).fill(-1);
    this.count = 0;
    for (let at = 0; at < old.length; at += 4) {
      if (old[at] >= 0) this.set(old[at], old[at + 1], old[at + 2], old[at + 3]);
    }
  }
}
