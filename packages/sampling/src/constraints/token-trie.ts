// Texts as a trie of bytes in preorder: node i has a byte, a depth and the index behind its subtree, so a walk is one
// loop that either goes on or jumps.

/** Arrays over the trie's nodes in preorder; node 0 is the empty text. */
export interface TokenTrie {
  /** The byte that leads to each node. */
  readonly bytes: Uint8Array;
  /** The length of each node's text. */
  readonly depths: Uint16Array;
  /** The first node behind each node's subtree. */
  readonly skips: Int32Array;
  /** Where each node's tokens begin in `tokens`; one entry more than nodes. */
  readonly firsts: Int32Array;
  /** Token ids, by node. */
  readonly tokens: Int32Array;
}

/** Texts beside each other: text i is the bytes of the pool from starts[i] to starts[i + 1]. */
export interface TextPool {
  readonly pool: Uint8Array;
  readonly starts: Int32Array;
}

const spread = 2 ** 21;

/** The indexes of the texts in the order of their bytes. */
export function byteOrder({ pool, starts }: TextPool): Int32Array {
  const count = starts.length - 1;
  if (count > spread) throw new RangeError(`vocabulary: expected at most ${spread} texts, got ${count}`);
  // Four bytes and the index in one number, sorted as numbers; what agrees in the four bytes is sorted by the rest.
  const keys = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const [from, end] = [starts[i], starts[i + 1]];
    let key = 0;
    for (let b = 0; b < 4; b++) key = key * 256 + (from + b < end ? pool[from + b] : 0);
    keys[i] = key * spread + i;
  }
  keys.sort();
  const order = new Int32Array(count);
  const compare = (a: number, b: number): number => {
    const [endA, endB] = [starts[a + 1], starts[b + 1]];
    let [atA, atB] = [starts[a], starts[b]];
    while (atA < endA && atB < endB && pool[atA] === pool[atB]) {
      atA++;
      atB++;
    }
    if (atA === endA || atB === endB) return endA - atA - (endB - atB) || a - b;
    return pool[atA] - pool[atB];
  };
  for (let i = 0; i < count; ) {
    const key = Math.floor(keys[i] / spread);
    let end = i;
    for (; end < count && Math.floor(keys[end] / spread) === key; end++) order[end] = keys[end] % spread;
    if (end - i > 1) order.set(Array.from(order.subarray(i, end)).sort(compare), i);
    i = end;
  }
  return order;
}

/** Room for the largest trie of some texts, to build several in. */
export function trieRoom({ pool, starts }: TextPool): TokenTrie {
  const size = pool.length + 1;
  return {
    bytes: new Uint8Array(size),
    depths: new Uint16Array(size),
    skips: new Int32Array(size),
    firsts: new Int32Array(size + 1),
    tokens: new Int32Array(starts.length),
  };
}

/** The trie of texts that stand in the order of their bytes; `keep` leaves some out. RangeError for another order. */
export function buildTrie(
  texts: TextPool,
  ids: Int32Array,
  { keep, room }: { readonly keep?: (rank: number) => boolean; readonly room?: TokenTrie } = {},
): TokenTrie {
  const { pool, starts } = texts;
  const count = ids.length;
  const { bytes, depths, skips, firsts, tokens } = room ?? trieRoom(texts);
  const path = new Int32Array(65_536);
  let nodes = 1;
  let placed = 0;
  let [before, beforeLength] = [0, 0];
  for (let rank = 0; rank < count; rank++) {
    if (keep !== undefined && !keep(rank)) continue;
    const from = starts[rank];
    const length = starts[rank + 1] - from;
    let common = 0;
    while (common < beforeLength && common < length && pool[before + common] === pool[from + common])
      common++;
    if (common < beforeLength && (common === length || pool[before + common] > pool[from + common]))
      throw new RangeError('vocabulary: expected texts in the order of their bytes');
    for (let depth = beforeLength; depth > common; depth--) skips[path[depth]] = nodes;
    for (let depth = common + 1; depth <= length; depth++) {
      bytes[nodes] = pool[from + depth - 1];
      depths[nodes] = depth;
      firsts[nodes] = placed;
      path[depth] = nodes++;
    }
    tokens[placed++] = ids[rank];
    [before, beforeLength] = [from, length];
  }
  for (let depth = beforeLength; depth >= 0; depth--) skips[path[depth]] = nodes;
  firsts[nodes] = placed;
  return {
    bytes: bytes.slice(0, nodes),
    depths: depths.slice(0, nodes),
    skips: skips.slice(0, nodes),
    firsts: firsts.slice(0, nodes + 1),
    tokens: tokens.slice(0, placed),
  };
}

/** The child of a node by this byte, or -1. */
export function childOf({ bytes, skips }: TokenTrie, node: number, byte: number): number {
  for (let n = node + 1; n < skips[node]; n = skips[n]) if (bytes[n] === byte) return n;
  return -1;
}
