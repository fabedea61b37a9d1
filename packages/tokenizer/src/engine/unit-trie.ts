// A trie over the UTF-16 units of tokens, in one open-addressing table of four integers a slot: node, unit, child, value of the child. A step is one probe of one
// cache line, and text is walked as the string it is. Nodes are numbers, the root is 0; a first unit is looked up without a probe.
const GOLD = 0x9e3779b1 | 0;
const MIX = 0x85ebca6b | 0;
const SLOT = 4;

export class UnitTrie {
  private bits = 10;
  private slots = new Int32Array(SLOT << 10).fill(-1);
  private readonly first = new Int32Array(1 << 16).fill(-1); // slot of each first unit
  private nodes = 1;
  /** What `walk` found last. */
  values = new Int32Array(16);
  ends = new Int32Array(16);

  insert(token: string, value: number): void {
    let slot = -1;
    let node = 0;
    if (token.length > this.ends.length) {
      this.values = new Int32Array(token.length * 2);
      this.ends = new Int32Array(token.length * 2);
    }
    for (let i = 0; i < token.length; i++) {
      if (this.nodes * 2 > 1 << this.bits) this.grow();
      const unit = token.charCodeAt(i);
      slot = this.find(node, unit);
      if (this.slots[slot] < 0) {
        this.slots[slot] = node;
        this.slots[slot + 1] = unit;
        this.slots[slot + 2] = this.nodes++;
      }
      if (node === 0) this.first[unit] = slot;
      node = this.slots[slot + 2];
    }
    if (slot >= 0) this.slots[slot + 3] = value;
  }

  /** The node that `text` leads to from the root, or -1. */
  nodeOf(text: string): number {
    let node = 0;
    for (let i = 0; i < text.length; i++) {
      const slot = this.find(node, text.charCodeAt(i));
      if (this.slots[slot] < 0) return -1;
      node = this.slots[slot + 2];
    }
    return node;
  }

  /**
   * Finds what goes on from `node` in `text` at `start`: returns how many tokens there are, the shortest first, with their values in `values` and where they end
   * in `ends`.
   */
  walk(text: string, start: number, from: number): number {
    const { slots, values, ends } = this;
    const mask = slots.length - 1;
    const shift = 32 - this.bits;
    const size = text.length;
    let count = 0;
    let node = from;
    for (let at = start; at < size; ) {
      const unit = text.charCodeAt(at++);
      let slot: number;
      if (node === 0) {
        slot = this.first[unit];
        if (slot < 0) break;
      } else {
        slot = (Math.imul(Math.imul(node, GOLD) ^ Math.imul(unit, MIX), GOLD) >>> shift) * SLOT;
        while (slots[slot] >= 0 && (slots[slot] !== node || slots[slot + 1] !== unit))
          slot = (slot + SLOT) & mask;
        if (slots[slot] < 0) break;
      }
      node = slots[slot + 2];
      const value = slots[slot + 3];
      if (value >= 0) {
        values[count] = value;
        ends[count++] = at;
      }
    }
    return count;
  }

  private find(node: number, unit: number): number {
    const { slots } = this;
    const mask = slots.length - 1;
    const hash = Math.imul(Math.imul(node, GOLD) ^ Math.imul(unit, MIX), GOLD);
    let at = (hash >>> (32 - this.bits)) * SLOT;
    while (slots[at] >= 0 && (slots[at] !== node || slots[at + 1] !== unit)) at = (at + SLOT) & mask;
    return at;
  }

  private grow(): void {
    const old = this.slots;
    this.bits++;
    this.slots = new Int32Array(SLOT << this.bits).fill(-1);
    for (let i = 0; i < old.length; i += SLOT) {
      if (old[i] < 0) continue;
      const at = this.find(old[i], old[i + 1]);
      this.slots.set(old.subarray(i, i + SLOT), at);
      if (old[i] === 0) this.first[old[i + 1]] = at;
    }
  }
}
