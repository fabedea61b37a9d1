// Pairs by count, the greatest first; of equal ones the least left, then right symbol, or the greatest bytes. Counts are mostly small and only fall while a
// pair waits: those below the count whose turn it is wait unordered, a list for each count, and come into the heap when their count's turn comes. What has no
// list (great counts, fractions, a pair whose count has risen) is in the heap at once. A count that is out of date puts its pair back.
import { countAt, leftOf, listed, NOT_LISTED, recordAt, rightOf, setListed } from './pairs.as';
import { base, reserve } from './regions.as';
import { compareTexts } from './texts.as';
import { HEAP } from './training-regions.as';

const LISTS = 1 << 16;
const HEADS: usize = memory.data(LISTS * 4, 16); // one more than a list's first pair, or 0
const ENTRY = 24; // count, right and left symbol (one key), pair
let size: i32 = 0;
/** The count whose turn it is: lists below it wait. */
let level: i32 = LISTS;
let byBytes: bool = false;

export function clearQueue(greatestBytes: bool): void {
  size = 0;
  level = LISTS;
  byBytes = greatestBytes;
  memory.fill(HEADS, 0, LISTS * 4);
}

/** Puts a pair in with its count, which is above 0; false when there is no room. */
export function push(pair: i32, count: f64): bool {
  const record = recordAt(pair);
  if (count < <f64>level && listed(record) === NOT_LISTED) {
    const at = <i32>count;
    if (<f64>at === count) {
      const head = HEADS + ((<usize>at) << 2);
      setListed(record, load<i32>(head));
      store<i32>(head, pair + 1);
      return true;
    }
  }
  return pushHeap(pair, count);
}

/** The most frequent pair, -1 when none is as frequent as `least`, -2 when there is no room. */
export function take(least: f64): i32 {
  let pair = -1;
  for (;;) {
    while (level > 0 && (size === 0 || load<f64>(base(HEAP)) < <f64>level)) {
      level--;
      if (!open(level)) return -2;
    }
    if (size === 0) break;
    const count = load<f64>(base(HEAP));
    if (count < least || count <= 0) break;
    const first = load<i32>(base(HEAP), 16);
    pop();
    const current = load<f64>(countAt(first));
    if (current === count) pair = first;
    else if (current > 0 && !push(first, current)) pair = -2;
    if (pair !== -1) break;
  }
  return pair;
}

/** A list's pairs come into the heap, or into the list of the count that they have now. */
function open(count: i32): bool {
  const head = HEADS + ((<usize>count) << 2);
  let pair = load<i32>(head) - 1;
  store<i32>(head, 0);
  while (pair >= 0) {
    const record = recordAt(pair);
    const next = listed(record) - 1;
    setListed(record, NOT_LISTED);
    const current = load<f64>(countAt(pair));
    if (current > 0 && !push(pair, current)) return false;
    pair = next;
  }
  return true;
}

@inline function before(countA: f64, a: u64, countB: f64, b: u64): bool {
  if (countA !== countB) return countA > countB;
  return byBytes ? hasGreaterBytes(a, b) : a < b;
}

function hasGreaterBytes(a: u64, b: u64): bool {
  const left = compareTexts(<i32>(a >> 32), <i32>(b >> 32));
  return left !== 0 ? left > 0 : compareTexts(<i32>a, <i32>b) > 0;
}

@inline function put(at: usize, count: f64, key: u64, pair: i32): void {
  store<f64>(at, count);
  store<u64>(at, key, 8);
  store<i32>(at, pair, 16);
}

function pushHeap(pair: i32, count: f64): bool {
  if (!reserve(HEAP, <u64>(size + 1) * ENTRY)) return false;
  const heap = base(HEAP);
  const known = recordAt(pair); // regions may have moved
  const key = ((<u64>(<u32>leftOf(known))) << 32) | <u64>(<u32>rightOf(known));
  let i = size++;
  while (i > 0) {
    const parent = (i - 1) >> 2;
    const from = heap + <usize>parent * ENTRY;
    if (!before(count, key, load<f64>(from), load<u64>(from, 8))) break;
    copy(heap + <usize>i * ENTRY, from);
    i = parent;
  }
  put(heap + <usize>i * ENTRY, count, key, pair);
  return true;
}

function pop(): void {
  const heap = base(HEAP);
  const last = --size;
  if (last === 0) return;
  const moved = heap + <usize>last * ENTRY;
  const count = load<f64>(moved);
  const key = load<u64>(moved, 8);
  const pair = load<i32>(moved, 16);
  let i = 0;
  for (;;) {
    let child = 4 * i + 1;
    if (child >= last) break;
    const end = min(child + 4, last);
    let best = heap + <usize>child * ENTRY;
    let bestChild = child;
    for (child++; child < end; child++) {
      const at = heap + <usize>child * ENTRY;
      if (before(load<f64>(at), load<u64>(at, 8), load<f64>(best), load<u64>(best, 8))) {
        best = at;
        bestChild = child;
      }
    }
    if (!before(load<f64>(best), load<u64>(best, 8), count, key)) break;
    copy(heap + <usize>i * ENTRY, best);
    i = bestChild;
  }
  put(heap + <usize>i * ENTRY, count, key, pair);
}

@inline function copy(to: usize, from: usize): void {
  store<u64>(to, load<u64>(from));
  store<u64>(to, load<u64>(from, 8), 8);
  store<i32>(to, load<i32>(from, 16), 16);
}
