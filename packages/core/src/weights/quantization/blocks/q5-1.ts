// Q5_1: a binary16 scale d, a binary16 minimum m, 32 fifth bits and 32 nibbles; x = d q + m.
import { halfTable } from '../half.ts';

/** Unpacks `blocks` blocks of Q5_1 to float32. */
export function dequantizeQ5_1(bytes: Uint8Array, blocks: number, out: Float32Array): void {
  const half = halfTable();
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 24, to += 32) {
    const d = half[bytes[at] | (bytes[at + 1] << 8)];
    const m = half[bytes[at + 2] | (bytes[at + 3] << 8)];
    const fifth = bytes[at + 4] | (bytes[at + 5] << 8) | (bytes[at + 6] << 16) | (bytes[at + 7] << 24);
    for (let j = 0; j < 16; j++) {
      const q = bytes[at + 8 + j];
      out[to + j] = d * ((q & 15) | (((fifth >> j) & 1) << 4)) + m;
      out[to + j + 16] = d * ((q >> 4) | (((fifth >> (j + 16)) & 1) << 4)) + m;
    }
  }
}
