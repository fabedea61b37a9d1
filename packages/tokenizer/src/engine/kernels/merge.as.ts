// Merging a piece's bytes, the least rank first and of equal ones the leftmost; the twin is merging.ts. Symbols stay at the place of their first byte, so that a
// merge moves nothing, and a pair is one number, rank * 256 + place: the least of all, four at a time, is the next merge.
import { mergeLong } from './merge-long.as';
import { byteId, mergedId, NEVER, rate, rateBytes } from './pairs.as';

const SHORT: u32 = 128;
const keys: u32 = <u32>memory.data(4 * 144, 16);
const ids: u32 = <u32>memory.data(4 * 144, 16);
const nexts: u32 = <u32>memory.data(160, 16);
const previous: u32 = <u32>memory.data(160, 16);

/** Writes the ids of a piece; returns where they end. */
export function merge(start: u32, length: u32, out: u32): u32 {
  if (length > SHORT) return mergeLong(start, length, out);
  const last = length - 1;
  for (let i: u32 = 0; i < length; i++) {
    store<u32>(keys + (i << 2), rateBytes(start + i) | i);
    store<u32>(ids + (i << 2), byteId(load<u8>(start + i)));
    store<u8>(nexts + i, <u8>(i + 1));
    store<u8>(previous + i, <u8>(i - 1));
  }
  // Behind the last symbol nothing merges.
  v128.store(keys + (last << 2), i32x4.splat(-1));
  const end = keys + (((length + 3) & ~3) << 2);
  while (true) {
    let least4 = v128.load(keys);
    for (let at = keys + 16; at < end; at += 16) least4 = i32x4.min_u(least4, v128.load(at));
    least4 = i32x4.min_u(least4, v128.shuffle<u32>(least4, least4, 2, 3, 0, 1));
    least4 = i32x4.min_u(least4, v128.shuffle<u32>(least4, least4, 1, 0, 3, 2));
    const least = <u32>i32x4.extract_lane(least4, 0);
    if (least >= NEVER) break;
    const where = least & 255;
    const id = mergedId(least >>> 8);
    const right = <u32>load<u8>(nexts + where);
    const after = <u32>load<u8>(nexts + right);
    store<u32>(ids + (where << 2), id);
    store<u32>(keys + (right << 2), u32.MAX_VALUE);
    store<u8>(nexts + where, <u8>after);
    if (after < length) {
      store<u8>(previous + after, <u8>where);
      const to = start + <u32>load<u8>(nexts + after);
      store<u32>(keys + (where << 2), rate(id, load<u32>(ids + (after << 2)), start + where, to) | where);
    } else store<u32>(keys + (where << 2), u32.MAX_VALUE);
    if (where > 0) {
      const before = <u32>load<u8>(previous + where);
      store<u32>(keys + (before << 2), rate(load<u32>(ids + (before << 2)), id, start + before, start + after) | before);
    }
  }
  let write = out;
  for (let i: u32 = 0; i < length; i = load<u8>(nexts + i)) {
    store<u32>(write, load<u32>(ids + (i << 2)));
    write += 4;
  }
  return write;
}
