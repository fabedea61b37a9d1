// Pieces behind one another as places of symbols, and the pairs that they begin with.
import { addPair, countAt, leftOf, lengthOf, pairCount, pairRoom, recordAt, rightOf, setLength, setStart, startOf } from './pairs.as';
import { setOccurrences } from './merge.as';
import { push } from './queue.as';
import { base, reserve } from './regions.as';
import { tokenCount } from './texts.as';
import { OCCURRENCES, PLACES, SCRATCH, TIMES } from './training-regions.as';

/** The symbol of each byte. */
const SYMBOLS: usize = memory.data(256 * 4, 4);
const LONGEST: u32 = 0xffff; // symbols of a piece, whose places are so far from each other at most
const FEW = 512; // pairs of symbols below have their slots by themselves
let placeCount: u32 = 0;
let pieceCount: u32 = 0;

export function clearLayout(): void {
  placeCount = 0;
  pieceCount = 0;
}

export function byteSymbols(): usize {
  return SYMBOLS;
}

export function layOutRoom(pieces: u32, places: u32): bool {
  return reserve(TIMES, <u64>pieces * 8) && reserve(PLACES, <u64>places * 16);
}

export function staging(bytes: u32): usize {
  return reserve(SCRATCH, bytes) ? base(SCRATCH) : 0;
}

/** Pieces of `T` (bytes or symbols): ends are where each one ends, the first begins at `start`; those that never occur are left out. False at one that is too long. */
@inline function layOut<T>(from: usize, start: u32, ends: usize, counts: usize, pieces: u32): bool {
  let at = start;
  for (let k: u32 = 0; k < pieces; k++) {
    const end = load<u32>(ends + ((<usize>k) << 2));
    const count = load<f64>(counts + ((<usize>k) << 3));
    if (count > 0) {
      if (end - at > LONGEST) return false;
      store<f64>(base(TIMES) + ((<usize>pieceCount) << 3), count);
      let place = base(PLACES) + ((<usize>placeCount) << 4);
      for (let i = at; i < end; i++) {
        const symbol = sizeof<T>() === 1 ? load<i32>(SYMBOLS + ((<usize>load<u8>(from + (i - start))) << 2)) : load<i32>(from + ((<usize>(i - start)) << 2));
        store<i32>(place, symbol);
        store<i32>(place, -1, 4);
        store<u16>(place, i + 1 < end ? 1 : 0, 8);
        store<u16>(place, i > at ? 1 : 0, 10);
        store<u32>(place, pieceCount, 12);
        place += 16;
      }
      placeCount += end - at;
      pieceCount++;
    }
    at = end;
  }
  return true;
}

export function layOutBytes(from: usize, start: u32, ends: usize, counts: usize, pieces: u32): bool {
  return layOut<u8>(from, start, ends, counts, pieces);
}

export function layOutSymbols(from: usize, start: u32, ends: usize, counts: usize, pieces: u32): bool {
  return layOut<i32>(from, start, ends, counts, pieces);
}

/** Numbers the pairs, tells them where they occur and puts them into the queue; false when there is no room. */
export function indexPairs(): bool {
  if (!number() || !reserve(OCCURRENCES, <u64>placeCount * 4)) return false;
  let start: u32 = 0;
  for (let pair = 0; pair < pairCount; pair++) {
    const record = recordAt(pair);
    setStart(record, start);
    start += lengthOf(record);
    setLength(record, 0);
  }
  setOccurrences(start);
  const places = base(PLACES);
  const occurrences = base(OCCURRENCES);
  for (let i: u32 = 0; i < placeCount; i++) {
    const pair = load<i32>(places + ((<usize>i) << 4), 4);
    if (pair < 0) continue;
    const record = recordAt(pair);
    const length = lengthOf(record);
    setLength(record, length + 1);
    store<u32>(occurrences + ((<usize>(startOf(record) + length)) << 2), i);
  }
  for (let pair = 0; pair < pairCount; pair++) if (!push(pair, load<f64>(countAt(pair)))) return false;
  return true;
}

let bits: u32 = 0;

/** Every place gets the number of its pair. The table lies in the scratch: numbers, one more. */
function number(): bool {
  bits = 18;
  if (!reserve(SCRATCH, 4 << 18)) return false;
  memory.fill(base(SCRATCH), 0, 4 << 18);
  const isDirect = tokenCount <= FEW;
  for (let i: u32 = 0; i < placeCount; i++) {
    const place = base(PLACES) + ((<usize>i) << 4);
    if (load<u16>(place, 8) === 0) continue;
    const left = load<i32>(place);
    const right = load<i32>(place, 16);
    let slot = isDirect ? <u32>((left << 9) | right) : hashOf(left, right);
    let pair = load<i32>(base(SCRATCH) + ((<usize>slot) << 2)) - 1;
    while (pair >= 0 && (leftOf(recordAt(pair)) !== left || rightOf(recordAt(pair)) !== right)) {
      slot = (slot + 1) & ((1 << bits) - 1);
      pair = load<i32>(base(SCRATCH) + ((<usize>slot) << 2)) - 1;
    }
    if (pair < 0) {
      if (!pairRoom(1)) return false; // moves the scratch
      pair = addPair(left, right);
      store<i32>(base(SCRATCH) + ((<usize>slot) << 2), pair + 1);
      if (!isDirect && (<u32>pairCount << 1) > <u32>(1 << bits) && !widen()) return false;
    }
    store<i32>(place, pair, 4);
    setLength(recordAt(pair), lengthOf(recordAt(pair)) + 1);
    const count = countAt(pair);
    store<f64>(count, load<f64>(count) + load<f64>(base(TIMES) + ((<usize>load<u32>(place, 12)) << 3)));
  }
  return true;
}

@inline function hashOf(left: i32, right: i32): u32 {
  return <u32>((left * <i32>0x9e3779b1) ^ (right * <i32>0x85ebca6b)) * 0x9e3779b1 >> (32 - bits);
}

function widen(): bool {
  bits++;
  const size = <usize>4 << bits;
  if (!reserve(SCRATCH, size)) return false;
  const table = base(SCRATCH);
  memory.fill(table, 0, size);
  const mask = (1 << bits) - 1;
  for (let pair = 0; pair < pairCount; pair++) {
    const record = recordAt(pair);
    let slot = hashOf(leftOf(record), rightOf(record));
    while (load<i32>(table + ((<usize>slot) << 2)) !== 0) slot = (slot + 1) & mask;
    store<i32>(table + ((<usize>slot) << 2), pair + 1);
  }
  return true;
}
