// One merge: every place of a pair becomes one symbol, and the counts of the pairs beside it follow. A place knows the number of its pair, so what falls is
// found without looking it up. What rises are pairs with the new symbol, which are met in this round only: they are found by their other symbol in `seen`.
import { addPair, countAt, leftOf, lengthOf, nextLeft, nextRight, pairCount, pairRoom, recordAt, rightOf, setLength, setStart, startOf } from './pairs.as';
import { sortPlaces } from './sort-places.as';
import { push } from './queue.as';
import { base, reserve } from './regions.as';
import { symbolsOf, tokenAt, tokenCount } from './texts.as';
import { OCCURRENCES, PLACES, SCRATCH, SEEN, TIMES } from './training-regions.as';

// A place, 16 bytes: symbol, its pair with the next one or -1, places to the next (16 bits) and from the previous one, 0 for none, and its piece.
let occurrences: u32 = 0;
let logged: usize = 0;

export function setOccurrences(count: u32): void {
  occurrences = count;
}

/** Room for what joining a pair into `id` may bring. */
export function mergeRoom(pair: i32, id: i32): bool {
  let places = <u64>lengthOf(recordAt(pair)) * 2;
  if (id < tokenCount) {
    // Pairs with a symbol that was there before get their occurrences anew.
    for (let known = load<i32>(tokenAt(id)) - 1; known >= 0; known = nextLeft(recordAt(known))) places += lengthOf(recordAt(known));
    for (let known = load<i32>(tokenAt(id), 4) - 1; known >= 0; known = nextRight(recordAt(known))) places += lengthOf(recordAt(known));
  }
  const pairs = min(<u64>lengthOf(recordAt(pair)) * 2, <u64>tokenCount * 2 + 2);
  return pairRoom(pairs) && reserve(SCRATCH, places * 8) && reserve(OCCURRENCES, (<u64>occurrences + places) * 4);
}

/** In `seen` a symbol has, as right and as left neighbour of the new one's, 0, or one more than the pair, or for one of an earlier round its complement. */
@inline function seenAt(id: i32, other: i32, isLeft: bool): usize {
  return base(SEEN) + ((<usize>other) << 3) + (isLeft || other === id ? 0 : 4);
}

/** The pairs that a symbol has had before it comes up again. */
export function expectKnown(id: i32): void {
  for (let pair = load<i32>(tokenAt(id), 4) - 1; pair >= 0; pair = nextRight(recordAt(pair)))
    store<i32>(seenAt(id, leftOf(recordAt(pair)), true), -1 - pair);
  for (let pair = load<i32>(tokenAt(id)) - 1; pair >= 0; pair = nextLeft(recordAt(pair)))
    store<i32>(seenAt(id, rightOf(recordAt(pair)), false), -1 - pair);
}

@inline function log(pair: i32, place: u32): void {
  const record = recordAt(pair);
  setLength(record, lengthOf(record) + 1);
  store<u64>(logged, ((<u64>place) << 32) | <u64>(<u32>pair));
  logged += 8;
}

/** A pair that is met for the first time in this round. */
function meet(slot: usize, left: i32, right: i32): i32 {
  const known = load<i32>(slot);
  if (known === 0) {
    const pair = addPair(left, right);
    store<i32>(slot, pair + 1);
    return pair;
  }
  const pair = -1 - known;
  store<i32>(slot, pair + 1);
  const record = recordAt(pair);
  const from = base(OCCURRENCES) + ((<usize>startOf(record)) << 2);
  const count = lengthOf(record);
  setLength(record, 0);
  for (let k: u32 = 0; k < count; k++) {
    const place = load<u32>(from + ((<usize>k) << 2));
    if (load<i32>(base(PLACES) + ((<usize>place) << 4), 4) === pair) log(pair, place);
  }
  return pair;
}

/** Joins a pair into the symbol `id` wherever it occurs; tokens of more than `longest` symbols are not to be. False when the queue has no room. */
export function join(pair: i32, id: i32, longest: i32): bool {
  const record = recordAt(pair);
  const count = lengthOf(record);
  const from = base(OCCURRENCES) + ((<usize>startOf(record)) << 2);
  setLength(record, 0);
  const places = base(PLACES);
  const times = base(TIMES);
  const counts = countAt(0);
  const length = symbolsOf(id);
  const isBounded = longest < i32.MAX_VALUE;
  logged = base(SCRATCH);
  for (let k: u32 = 0; k < count; k++) {
    const i = load<u32>(from + ((<usize>k) << 2));
    const place = places + ((<usize>i) << 4);
    if (load<i32>(place, 4) !== pair) continue;
    const step = <u32>load<u16>(place, 8);
    const joined = place + ((<usize>step) << 4);
    const weight = load<f64>(times + ((<usize>load<u32>(place, 12)) << 3));
    const back = <u32>load<u16>(place, 10);
    const on = <u32>load<u16>(joined, 8);
    if (back !== 0) {
      const before = place - ((<usize>back) << 4);
      const symbol = load<i32>(before);
      const falling = load<i32>(before, 4);
      if (falling >= 0) store<f64>(counts + ((<usize>falling) << 3), load<f64>(counts + ((<usize>falling) << 3)) - weight);
      let risen = -1;
      if (!isBounded || symbolsOf(symbol) + length <= longest) {
        const slot = seenAt(id, symbol, true);
        risen = load<i32>(slot) - 1;
        if (risen < 0) risen = meet(slot, symbol, id);
        store<f64>(counts + ((<usize>risen) << 3), load<f64>(counts + ((<usize>risen) << 3)) + weight);
        log(risen, i - back);
      }
      store<i32>(before, risen, 4);
    }
    let risen = -1;
    if (on !== 0) {
      const after = joined + ((<usize>on) << 4);
      const symbol = load<i32>(after);
      const falling = load<i32>(joined, 4);
      if (falling >= 0) store<f64>(counts + ((<usize>falling) << 3), load<f64>(counts + ((<usize>falling) << 3)) - weight);
      if (!isBounded || symbolsOf(symbol) + length <= longest) {
        const slot = seenAt(id, symbol, false);
        risen = load<i32>(slot) - 1;
        if (risen < 0) risen = meet(slot, id, symbol);
        store<f64>(counts + ((<usize>risen) << 3), load<f64>(counts + ((<usize>risen) << 3)) + weight);
        log(risen, i);
      }
      store<u16>(after, <u16>(step + on), 10);
    }
    store<i32>(place, id);
    store<i32>(place, risen, 4);
    store<u16>(place, on === 0 ? 0 : <u16>(step + on), 8);
    store<i32>(joined, -1, 4);
  }
  store<f64>(counts + ((<usize>pair) << 3), 0);
  return settle(id);
}

/** The pairs that this round has met get their occurrences, one behind another, and their place in the queue. */
function settle(id: i32): bool {
  const own = load<i32>(base(SEEN) + ((<usize>id) << 3)) - 1;
  let hasRoom = true;
  for (let pair = load<i32>(tokenAt(id)) - 1; pair >= 0; pair = nextLeft(recordAt(pair)))
    hasRoom = enter(seenAt(id, rightOf(recordAt(pair)), false), pair) && hasRoom;
  for (let pair = load<i32>(tokenAt(id), 4) - 1; pair >= 0; pair = nextRight(recordAt(pair)))
    hasRoom = enter(seenAt(id, leftOf(recordAt(pair)), true), pair) && hasRoom;
  const end = logged;
  const to = base(OCCURRENCES);
  for (let at = base(SCRATCH); at < end; at += 8) {
    const entry = load<u64>(at);
    const record = recordAt(<i32>entry);
    const length = lengthOf(record);
    setLength(record, length + 1);
    store<u32>(to + ((<usize>(startOf(record) + length)) << 2), <u32>(entry >> 32));
  }
  if (own >= 0) sortPlaces(to + ((<usize>startOf(recordAt(own))) << 2), lengthOf(recordAt(own)));
  return hasRoom;
}

/** Once for a pair, however often it is come by. */
function enter(slot: usize, pair: i32): bool {
  const seen = load<i32>(slot);
  store<i32>(slot, 0);
  if (seen <= 0) return true;
  const record = recordAt(pair);
  setStart(record, occurrences);
  occurrences += lengthOf(record);
  setLength(record, 0);
  const count = load<f64>(countAt(pair));
  return count > 0 ? push(pair, count) : true;
}
