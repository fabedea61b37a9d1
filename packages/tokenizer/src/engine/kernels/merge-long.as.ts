// Merging a long piece in n log n: symbols in a linked list, candidates in a heap of four children a node, by rank and place in one number.
import { reach, scratch } from './memory.as';
import { byteId, mergedId, NEVER, rate, rateBytes } from './pairs.as';

/** Set when there was not memory enough; the ids of the call are then wrong. */
let isShort: bool = false;

// A symbol at the place of its first byte: id, next, previous (places), and the rank * 256 of the pair that begins there; stale candidates differ from it.
const SYMBOL: u32 = 16;
let symbols: u32 = 0;
let heap: u32 = 0;
let candidates: u32 = 0;

/** Whether memory has run out since this was last asked. */
export function ranOut(): bool {
  const was = isShort;
  isShort = false;
  return was;
}

export function mergeLong(start: u32, length: u32, out: u32): u32 {
  symbols = scratch();
  const all = <u64>symbols + (<u64>length + 1) * SYMBOL;
  if (!reach(all + 8 * <u64>length + 64)) {
    isShort = true;
    return out;
  }
  heap = <u32>all;
  candidates = 0;
  for (let i: u32 = 0; i < length; i++) {
    const at = symbols + i * SYMBOL;
    const key = i + 1 < length ? rateBytes(start + i) : NEVER;
    store<u32>(at, byteId(load<u8>(start + i)));
    store<u32>(at, i + 1, 4);
    store<u32>(at, i - 1, 8);
    store<u32>(at, key, 12);
    if (key !== NEVER) push(key, i);
  }
  while (candidates > 0) {
    const top = pop();
    const where = <u32>top;
    const key = <u32>(top >> 32);
    const at = symbols + where * SYMBOL;
    if (load<u32>(at, 12) !== key) continue;
    const id = mergedId(key >>> 8);
    const right = symbols + load<u32>(at, 4) * SYMBOL;
    const after = load<u32>(right, 4);
    store<u32>(at, id);
    store<u32>(at, after, 4);
    store<u32>(right, NEVER, 12);
    let next = NEVER;
    if (after < length) {
      const behind = symbols + after * SYMBOL;
      store<u32>(behind, where, 8);
      next = rate(id, load<u32>(behind), start + where, start + load<u32>(behind, 4));
      if (next !== NEVER) push(next, where);
    }
    store<u32>(at, next, 12);
    if (where > 0) {
      const before = load<u32>(at, 8);
      const left = symbols + before * SYMBOL;
      const rank = rate(load<u32>(left), id, start + before, start + after);
      store<u32>(left, rank, 12);
      if (rank !== NEVER) push(rank, before);
    }
    if (isShort) return out;
  }
  let write = out;
  for (let i: u32 = 0; i < length; ) {
    const at = symbols + i * SYMBOL;
    store<u32>(write, load<u32>(at));
    write += 4;
    i = load<u32>(at, 4);
  }
  return write;
}

function push(key: u32, place: u32): void {
  if (!reach(<u64>heap + (<u64>candidates + 2) * 8)) {
    isShort = true;
    return;
  }
  const value = (<u64>key << 32) | place;
  let i = candidates++;
  while (i > 0) {
    const parent = (i - 1) >> 2;
    const other = load<u64>(heap + (parent << 3));
    if (other <= value) break;
    store<u64>(heap + (i << 3), other);
    i = parent;
  }
  store<u64>(heap + (i << 3), value);
}

function pop(): u64 {
  const top = load<u64>(heap);
  const count = --candidates;
  if (count === 0) return top;
  const value = load<u64>(heap + (count << 3));
  let i: u32 = 0;
  while (true) {
    let child: u32 = 4 * i + 1;
    if (child >= count) break;
    let least = child;
    let leastValue = load<u64>(heap + (child << 3));
    const end = min(child + 4, count);
    for (child++; child < end; child++) {
      const other = load<u64>(heap + (child << 3));
      if (other < leastValue) {
        leastValue = other;
        least = child;
      }
    }
    if (leastValue >= value) break;
    store<u64>(heap + (i << 3), leastValue);
    i = least;
  }
  store<u64>(heap + (i << 3), value);
  return top;
}
