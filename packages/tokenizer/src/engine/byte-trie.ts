// A trie over bytes in one open-addressing table: (node, byte) -> child. Nodes are numbers, the root is 0.

const GOLD = 0x9e3779b1 | 0;

export class ByteTrie {
  private bits = 10;
  private keys = new Float64Array(1 << 10).fill(-1);
  private children = new Int32Array(1 << 10);
  private values = new Int32Array(256).fill(-1);
  private nodes = 1;

  insert(bytes: ArrayLike<number>, value: number): void {
    let node = 0;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i];
      if (this.nodes * 2 > this.keys.length) this.grow();
      const at = this.find(node, byte);
      if (this.keys[at] < 0) {
        this.keys[at] = node * 256 + byte;
        this.children[at] = this.nodes++;
        if (this.nodes > this.values.length) {
          const wider = new Int32Array(this.values.length * 2).fill(-1);
          wider.set(this.values);
          this.values = wider;
        }
      }
      node = this.children[at];
    }
    this.values[node] = value;
  }

  /** The child of a node, or -1. */
  child(node: number, byte: number): number {
    const at = this.find(node, byte);
    return this.keys[at] < 0 ? -1 : this.children[at];
  }

  /** The value at a node, or -1. */
  value(node: number): number {
    return this.values[node];
  }

  private find(node: number, byte: number): number {
    const keys = this.keys;
    const key = node * 256 + byte;
    const mask = keys.length - 1;
    let q = (Math.imul(key | 0, GOLD) ^ Math.imul(node, 0x85ebca6b | 0)) >>> (32 - this.bits);
    while (keys[q] >= 0 && keys[q] !== key) q = (q + 1) & mask;
    return q;
  }

  private grow(): void {
    const { keys, children } = this;
    this.bits++;
    this.keys = new Float64Array(1 << this.bits).fill(-1);
    this.children = new Int32Array(1 << this.bits);
    for (let i = 0; i < keys.length; i++) {
      if (keys[i] < 0) continue;
      const node = Math.floor(keys[i] / 256);
      const at = this.find(node, keys[i] - node * 256);
      this.keys[at] = keys[i];
      this.children[at] = children[i];
    }
  }
}
