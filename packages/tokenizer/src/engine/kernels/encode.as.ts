// A text to its ids: pieces are cut some hundreds at a time and then looked up.
import { ranOut } from './merge-long.as';
import { countPieces, putPieces } from './pieces.as';
import { scan } from './scan.as';

const BATCH: u32 = 512;
const ends: u32 = <u32>memory.data(4 * 512 + 64, 16);

/** Writes the ids of the text from `start` to `end`, at most one a byte; returns how many, or -1 when memory has run out. 64 bytes behind the text are made zero. */
export function encode(start: u32, end: u32, out: u32): i32 {
  terminate(end);
  let write = out;
  for (let at = start; at < end; ) {
    const cut = scan(at, end, ends, BATCH);
    write = putPieces(at, ends, cut, write);
    at = load<u32>(ends + ((cut - 1) << 2));
  }
  return ranOut() ? -1 : (write - out) >> 2;
}

/** How many ids `encode` gives, or some number beyond `limit`; `out` is room for the ids of the longest piece. */
export function count(start: u32, end: u32, out: u32, limit: u32): i32 {
  terminate(end);
  let ids: u32 = 0;
  for (let at = start; at < end && ids <= limit; ) {
    const cut = scan(at, end, ends, BATCH);
    ids += countPieces(at, ends, cut, out);
    at = load<u32>(ends + ((cut - 1) << 2));
  }
  return ranOut() ? -1 : ids;
}

// Scanners look ahead, and vectors are read whole.
// @ts-ignore: decorator
@inline function terminate(end: u32): void {
  const zero = i64x2.splat(0);
  v128.store(end, zero);
  v128.store(end, zero, 16);
  v128.store(end, zero, 32);
  v128.store(end, zero, 48);
}
