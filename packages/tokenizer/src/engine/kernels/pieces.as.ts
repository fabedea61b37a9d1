// Pieces and their ids in one table of open addressing: tokens from the beginning, and pieces met before (learned), so that the slot at which the look-up of
// an unknown piece ends is where it would be. The twin is token-table.ts.
//   slot: key u64 (up to 8 bytes the piece itself, else a hash of it), reference u32, length u16, number of ids u16 (0 when the slot is free)
// The reference of a token is its id, also that of a learned piece of one id and up to 8 bytes; else LEARNED and a place in the arena, where the bytes of
// a piece of more than 8 bytes and its ids stand.
import { allocate } from './memory.as';
import { merge } from './merge.as';

const GOLD: u64 = 0x9e3779b97f4a7c15;
const LEARNED: u32 = 0x80000000;
const LONGEST_LEARNED: u32 = 512;
const RECORD_COST: u32 = 8; // of its slot, in part, so that pieces of one id are bounded too

let tokens: u32 = 0;
let offsets: u32 = 0;
let size: u32 = 0;
let isWhole: bool = false;
let longest: u32 = 0; // bytes beyond which no piece is looked up

let slots: u32 = 0;
let slotMask: u32 = 0; // of bytes
let shift: u64 = 0;
let entries: u32 = 0;

// Two bits of a word for each token: most that merging asks for is no token, and these bits, which stay in the nearer caches, mostly tell so.
let filter: u32 = 0;
let filterShift: u64 = 0;

let arena: u32 = 0;
let arenaRoom: u32 = 0;
let arenaUsed: u32 = 0;
let budget: u32 = 0; // bytes that learned pieces may take
let spent: u32 = 0;

/**
 * Makes the table. Token `id` is the bytes from `offsets[id]` to `offsets[id + 1]` of `tokens`, absent when that is none. `whole`: a piece that is
 * a token becomes it without merging; else only merging tells, and nothing but learned pieces is in the table. False without memory.
 */
export function openPieces(tokenBytes: u32, tokenOffsets: u32, count: u32, whole: bool, most: u32): bool {
  tokens = tokenBytes;
  offsets = tokenOffsets;
  size = count;
  isWhole = whole;
  budget = most;
  longest = LONGEST_LEARNED;
  let bits: u64 = 12;
  if (whole) while ((<u64>1 << bits) * 2 < <u64>count * 3) bits++;
  slots = allocate(16 << <u32>bits);
  let filterBits: u64 = 6;
  if (whole) while ((<u64>6 << filterBits) < <u64>count) filterBits++;
  filter = allocate(8 << <u32>filterBits);
  filterShift = 64 - filterBits;
  arenaRoom = min(most, 1 << 23); // memory that is not touched costs nothing
  arena = allocate(arenaRoom);
  if (slots === 0 || arena === 0 || filter === 0) return false;
  slotMask = (16 << <u32>bits) - 16;
  shift = 64 - bits;
  insertTokens();
  return true;
}

/** One more than the greatest id. */
export function tokenCount(): u32 {
  return size;
}

/** Where the bytes of a token begin, and those of the one before end. */
export function tokenAt(id: u32): u32 {
  return tokens + load<u32>(offsets + (id << 2));
}

function insertTokens(): void {
  if (!isWhole) return;
  let from = load<u32>(offsets);
  for (let id: u32 = 0; id < size; id++) {
    const to = load<u32>(offsets + (id << 2), 4);
    const length = to - from;
    if (length !== 0) {
      if (length > longest) longest = length;
      const key = keyOf(tokens + from, length);
      fillSlot(freeSlot(key, length), key, id, length, 1);
      const mixed = mix(key, length);
      const word = filterWord(mixed);
      store<u64>(word, load<u64>(word) | filterOf(mixed));
    }
    from = to;
  }
}

// @ts-ignore: decorator
@inline function keyOf(start: u32, length: u32): u64 {
  return length <= 8 ? load<u64>(start) & (u64.MAX_VALUE >> (64 - (<u64>length << 3))) : hashOf(start, length);
}

/** The hash of more than 8 bytes; the last word overlaps the one before. */
function hashOf(start: u32, length: u32): u64 {
  let h: u64 = length;
  const last = start + length - 8;
  for (let at = start; at < last; at += 8) {
    h = (h ^ load<u64>(at)) * GOLD;
    h ^= h >> 32;
  }
  h = (h ^ load<u64>(last)) * GOLD;
  return h ^ (h >> 32);
}

// @ts-ignore: decorator
@inline function mix(key: u64, length: u32): u64 {
  return (key ^ length) * GOLD;
}

// @ts-ignore: decorator
@inline function firstSlot(key: u64, length: u32): u32 {
  return slots + (<u32>(mix(key, length) >> shift) << 4);
}

/** The slot of a piece, or the free one where it would be. */
// @ts-ignore: decorator
@inline function find(key: u64, start: u32, length: u32): u32 {
  let q = firstSlot(key, length);
  while (true) {
    const meta = load<u32>(q, 12);
    if (meta === 0 || (load<u64>(q) === key && (meta & 0xffff) === length && (length <= 8 || isSame(q, start, length)))) return q;
    q = slots + ((q - slots + 16) & slotMask);
  }
}

/** Whether the piece of a slot has these bytes, more than 8. */
function isSame(q: u32, start: u32, length: u32): bool {
  const reference = load<u32>(q, 8);
  const other = reference & LEARNED ? arena + (reference ^ LEARNED) : tokens + load<u32>(offsets + (reference << 2));
  const last = length - 8;
  for (let k: u32 = 0; k < last; k += 8) if (load<u64>(other + k) !== load<u64>(start + k)) return false;
  return load<u64>(other + last) === load<u64>(start + last);
}

// @ts-ignore: decorator
@inline function filterOf(mixed: u64): u64 {
  const bits = mixed ^ (mixed >> 32);
  return (<u64>1 << (bits & 63)) | (<u64>1 << ((bits >> 6) & 63));
}

// @ts-ignore: decorator
@inline function filterWord(mixed: u64): u32 {
  return filter + (<u32>(mixed >> filterShift) << 3);
}

// @ts-ignore: decorator
@inline function passes(mixed: u64): bool {
  const bits = filterOf(mixed);
  return (load<u64>(filterWord(mixed)) & bits) === bits;
}

/** Whether up to 8 bytes may be a token, by the filter alone. */
// @ts-ignore: decorator
@inline export function mayBeToken(start: u32, length: u32): bool {
  return passes(mix(load<u64>(start) & (u64.MAX_VALUE >> (64 - (<u64>length << 3))), length));
}

/** The token of these bytes, or -1. The table must hold the tokens. */
export function findToken(start: u32, length: u32): i32 {
  if (length > longest) return -1;
  const key = keyOf(start, length);
  if (!passes(mix(key, length))) return -1;
  const q = find(key, start, length);
  const reference = load<u32>(q, 8);
  return load<u32>(q, 12) >>> 16 === 1 && !(reference & LEARNED) ? <i32>reference : -1;
}

/** Writes the ids of the pieces that end at `ends` and the first of which begins at `start`; returns where they end. */
export function putPieces(start: u32, ends: u32, cut: u32, out: u32): u32 {
  let at = start;
  let write = out;
  const stop = ends + (cut << 2);
  for (let e = ends; e < stop; e += 4) {
    const next = load<u32>(e);
    const length = next - at;
    if (length > longest) write = merge(at, length, write);
    else {
      const key = keyOf(at, length);
      const q = find(key, at, length);
      const meta = load<u32>(q, 12);
      const reference = load<u32>(q, 8);
      if (meta === 0) {
        const after = merge(at, length, write);
        learn(key, at, length, write, (after - write) >> 2);
        write = after;
      } else if (reference & LEARNED) {
        let from = arena + (reference ^ LEARNED) + (length <= 8 ? 0 : (length + 7) & ~7);
        const after = write + ((meta >>> 16) << 2);
        for (let to = write; to < after; to += 16, from += 16) v128.store(to, v128.load(from));
        write = after;
      } else {
        store<u32>(write, reference);
        write += 4;
      }
    }
    at = next;
  }
  return write;
}

/** How many ids `putPieces` gives; `out` is room for the ids of the longest piece. */
export function countPieces(start: u32, ends: u32, cut: u32, out: u32): u32 {
  let at = start;
  let count: u32 = 0;
  const stop = ends + (cut << 2);
  for (let e = ends; e < stop; e += 4) {
    const next = load<u32>(e);
    const length = next - at;
    if (length > longest) count += (merge(at, length, out) - out) >> 2;
    else {
      const key = keyOf(at, length);
      const q = find(key, at, length);
      const meta = load<u32>(q, 12);
      if (meta !== 0) count += meta >>> 16;
      else {
        const ids = (merge(at, length, out) - out) >> 2;
        learn(key, at, length, out, ids);
        count += ids;
      }
    }
    at = next;
  }
  return count;
}

/** Learns the ids of a piece that is not in the table; when the budget is spent, all learned pieces are forgotten. */
function learn(key: u64, start: u32, length: u32, ids: u32, count: u32): void {
  if (length > LONGEST_LEARNED) return;
  const words: u32 = length <= 8 ? 0 : (length + 7) & ~7;
  const isOne = count === 1 && words === 0;
  const needed: u32 = isOne ? 0 : words + (count << 2);
  const cost = needed + RECORD_COST;
  if (cost > budget) return;
  if (spent + cost > budget) forget();
  if (arenaUsed + needed > arenaRoom && !growArena(arenaUsed + needed)) return;
  if ((entries + 1) * 24 > slotMask + 16 && !growSlots()) return;
  let reference = load<u32>(ids);
  if (!isOne) {
    reference = LEARNED | arenaUsed;
    const record = arena + arenaUsed;
    copy(record, start, words);
    copy(record + words, ids, count << 2);
    arenaUsed += needed;
  }
  spent += cost;
  fillSlot(freeSlot(key, length), key, reference, length, count);
}

/** Copies some bytes and up to 15 more: a call of the host's memory.copy costs more than short pieces do. */
// @ts-ignore: decorator
@inline function copy(to: u32, from: u32, bytes: u32): void {
  for (let k: u32 = 0; k < bytes; k += 16) v128.store(to + k, v128.load(from + k));
}

function freeSlot(key: u64, length: u32): u32 {
  let q = firstSlot(key, length);
  while (load<u32>(q, 12) !== 0) q = slots + ((q - slots + 16) & slotMask);
  return q;
}

// @ts-ignore: decorator
@inline function fillSlot(q: u32, key: u64, reference: u32, length: u32, count: u32): void {
  store<u64>(q, key);
  store<u32>(q, reference, 8);
  store<u32>(q, length | (count << 16), 12);
  entries++;
}

/** Frees the slots of learned pieces. Tokens are put in before any of them, so that no token's way to its slot leads past one. */
function forget(): void {
  for (let q = slots, end = slots + slotMask + 16; q < end; q += 16) {
    if (load<u32>(q, 12) === 0 || (isWhole && !(load<u32>(q, 8) & LEARNED))) continue;
    store<u32>(q, 0, 12);
    entries--;
  }
  spent = 0;
  arenaUsed = 0;
}

function growArena(needed: u32): bool {
  const room = max(arenaRoom * 2, needed + 4096);
  const place = allocate(room);
  if (place === 0) return false;
  memory.copy(place, arena, arenaUsed);
  arena = place;
  arenaRoom = room;
  return true;
}

function growSlots(): bool {
  const bytes = slotMask + 16;
  const place = allocate(bytes * 2);
  if (place === 0) return false;
  const old = slots;
  slots = place;
  slotMask = bytes * 2 - 16;
  shift--;
  // Tokens first, as `forget` relies on.
  for (let pass: u32 = 0; pass < 2; pass++) {
    for (let q = old; q < old + bytes; q += 16) {
      const meta = load<u32>(q, 12);
      if (meta === 0 || load<u32>(q, 8) >>> 31 !== pass) continue;
      v128.store(freeSlot(load<u64>(q), meta & 0xffff), v128.load(q));
    }
  }
  return true;
}
