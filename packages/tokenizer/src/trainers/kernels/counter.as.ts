// Counting pieces where text is cut: the pieces of a text, or of its lines, with how often each occurs, behind one another in the order first met.
import { placeClasses as place } from '../../engine/kernels/classes.as';
import { PADDING, scratch } from '../../engine/kernels/memory.as';
import { scan } from '../../engine/kernels/scan.as';
import { base, clearRegions, reserve } from './regions.as';

export { setSplit } from '../../engine/kernels/scan.as';

const TEXT = 0; // the first, so that it stays where it is while the others grow
const BYTES = 1;
const OFFSETS = 2;
const COUNTS = 3;
const TABLE = 4; // hash, number of a piece, one more
const ENDS: usize = memory.data(64 * 4, 4);
const MOST = 64;
const NEWLINE: u8 = 10;
const FIRST_BITS: u32 = 12;

let pieces: u32 = 0;
let bits: u32 = FIRST_BITS;
let longest: u32 = 4096;

/** Makes room for the classes, whose first page is to be filled before anything is cut; returns where it is, or 0. */
export function placeClasses(): u32 {
  return place();
}

/** Forgets all pieces; false when there is no room to begin. Longer pieces than `most` bytes are counted in parts; the memory
 * may grow to `pages` of 64 KB. */
export function begin(most: u32, pages: u32): bool {
  clearRegions(scratch(), pages);
  longest = most;
  pieces = 0;
  bits = FIRST_BITS;
  if (!reserve(OFFSETS, 8) || !reserve(TABLE, 8 << FIRST_BITS)) return false;
  store<u32>(base(OFFSETS), 0);
  memory.fill(base(TABLE), 0, 8 << FIRST_BITS);
  return true;
}

/** Where a text of so many bytes is to be written, or 0; `PADDING` zeros must follow it. */
export function textRoom(bytes: u32): usize {
  return reserve(TEXT, <u64>bytes + PADDING) ? base(TEXT) : 0;
}

export function pieceCount(): u32 {
  return pieces;
}

export function bytesAt(): usize {
  return base(BYTES);
}

export function offsetsAt(): usize {
  return base(OFFSETS);
}

export function countsAt(): usize {
  return base(COUNTS);
}

/**
 * Counts pieces from `start` on until there were some `most`, the text ends, or there is no more room; returns where it stopped, at the end of a piece, from where
 * it can be gone on. `lines`: each line with its end is a text by itself.
 */
export function count(start: u32, end: u32, lines: bool, most: u32): u32 {
  let at = start;
  let done: u32 = 0;
  while (at < end && done < most) {
    const stop = lines ? lineEnd(at, end) : end;
    const hidden = v128.load(stop);
    v128.store(stop, i64x2.splat(0)); // as behind any text
    let hasRoom = true;
    while (at < stop && done < most && hasRoom) {
      const found = scan(at, stop, <u32>ENDS, MOST);
      for (let i: u32 = 0; i < found; i++) {
        const next = load<u32>(ENDS + ((<usize>i) << 2));
        if (!(next - at <= longest ? add(at, next - at) : addParts(at, next))) {
          hasRoom = false;
          break;
        }
        at = next;
      }
      done += found;
    }
    v128.store(stop, hidden);
    if (!hasRoom) break;
  }
  return at;
}

function lineEnd(start: u32, end: u32): u32 {
  for (let at = start; at < end; at += 16) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(at), i8x16.splat(NEWLINE)));
    if (found !== 0) return min(end, at + <u32>ctz(found) + 1);
  }
  return end;
}

/** In parts that end where characters end. Room is made for all of them first, so that none is counted twice. */
function addParts(start: u32, end: u32): bool {
  if (!room((end - start) / max(1, longest >> 2) + 1, end - start)) return false;
  let at = start;
  while (end - at > longest) {
    let stop = at + longest;
    while (stop > at + 1 && (load<u8>(stop) & 0xc0) === 0x80) stop--;
    add(at, stop - at);
    at = stop;
  }
  add(at, end - at);
  return true;
}

/** Room for so many more pieces of so many bytes together. */
function room(more: u32, bytes: u32): bool {
  const used = <u64>load<u32>(base(OFFSETS) + ((<usize>pieces) << 2)) + bytes;
  if (used > 0x7fffffff) return false;
  if (!reserve(BYTES, used + 8) || !reserve(OFFSETS, (<u64>pieces + more + 1) * 4) || !reserve(COUNTS, (<u64>pieces + more) * 8)) return false;
  while ((<u64>pieces + more) * 2 > <u64>1 << bits) if (!widen()) return false;
  return true;
}

@inline function mixed(hash: u64, word: u64): u64 {
  const product = (hash ^ word) * 0x9fb21c651e98df25;
  return product ^ (product >> 32);
}

@inline function tailOf(word: u64, bytes: u32): u64 {
  return word & (<u64>-1 >> ((8 - bytes) << 3));
}

function add(start: u32, length: u32): bool {
  let hash = <u64>length;
  let at = start;
  let left = length;
  for (; left >= 8; left -= 8, at += 8) hash = mixed(hash, load<u64>(at));
  if (left > 0) hash = mixed(hash, tailOf(load<u64>(at), left));
  const key = <u32>hash;
  const table = base(TABLE);
  const mask = ((<u32>1) << bits) - 1;
  let slot = key & mask;
  for (;;) {
    const known = load<u64>(table + ((<usize>slot) << 3));
    if (known === 0) break;
    const piece = <u32>(known >> 32) - 1;
    if (<u32>known === key && isSame(piece, start, length)) {
      const count = base(COUNTS) + ((<usize>piece) << 3);
      store<f64>(count, load<f64>(count) + 1);
      return true;
    }
    slot = (slot + 1) & mask;
  }
  return insert(start, length, key);
}

function insert(start: u32, length: u32, key: u32): bool {
  if (!room(1, length)) return false;
  const mask = ((<u32>1) << bits) - 1;
  const table = base(TABLE);
  let slot = key & mask;
  while (load<u64>(table + ((<usize>slot) << 3)) !== 0) slot = (slot + 1) & mask;
  const offset = base(OFFSETS) + ((<usize>pieces) << 2);
  const from = load<u32>(offset);
  memory.copy(base(BYTES) + from, start, length);
  store<u32>(offset, from + length, 4);
  store<f64>(base(COUNTS) + ((<usize>pieces) << 3), 1);
  pieces++;
  store<u64>(table + ((<usize>slot) << 3), ((<u64>pieces) << 32) | <u64>key);
  return true;
}

@inline function isSame(piece: u32, start: u32, length: u32): bool {
  const offset = base(OFFSETS) + ((<usize>piece) << 2);
  const from = load<u32>(offset);
  if (load<u32>(offset, 4) - from !== length) return false;
  let a = base(BYTES) + from;
  let b = <usize>start;
  let left = length;
  for (; left >= 8; left -= 8, a += 8, b += 8) if (load<u64>(a) !== load<u64>(b)) return false;
  return left === 0 || tailOf(load<u64>(a) ^ load<u64>(b), left) === 0;
}

/** Twice as many slots; they are filled behind the old ones and then moved. */
function widen(): bool {
  const old = <usize>8 << bits;
  if (!reserve(TABLE, <u64>old * 3)) return false;
  const from = base(TABLE);
  const to = from + old;
  memory.fill(to, 0, old * 2);
  const mask = ((<u32>2) << bits) - 1;
  for (let at = from; at < to; at += 8) {
    const known = load<u64>(at);
    if (known === 0) continue;
    let slot = <u32>known & mask;
    while (load<u64>(to + ((<usize>slot) << 3)) !== 0) slot = (slot + 1) & mask;
    store<u64>(to + ((<usize>slot) << 3), known);
  }
  memory.copy(from, to, old * 2);
  bits++;
  return true;
}
