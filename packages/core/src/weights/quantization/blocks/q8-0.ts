// Q8_0: a binary16 scale d and 32 int8; x = d q.
import { halfTable } from '../half.ts';

/** Unpacks `blocks` blocks of Q8_0 to float32. */
export function dequantizeQ8_0(bytes: Uint8Array, blocks: number, out: Float32Array): void {
  const half = halfTable();
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 34, to += 32) {
    const d = half[bytes[at] | (bytes[at + 1] << 8)];
    for (let j = 0; j < 32; j++) out[to + j] = d * ((bytes[at + 2 + j] << 24) >> 24);
  }
}
