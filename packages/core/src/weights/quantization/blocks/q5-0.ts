// Q5_0: a binary16 scale d, 32 fifth bits and 32 nibbles; x = d (q - 16).
import { halfTable } from '../half.ts';

/** Unpacks `blocks` blocks of Q5_0 to float32. */
export function dequantizeQ5_0(bytes: Uint8Array, blocks: number, out: Float32Array): void {
  const half = halfTable();
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 22, to += 32) {
    const d = half[bytes[at] | (bytes[at + 1] << 8)];
    const fifth = bytes[at + 2] | (bytes[at + 3] << 8) | (bytes[at + 4] << 16) | (bytes[at + 5] << 24);
    for (let j = 0; j < 16; j++) {
      const q = bytes[at + 6 + j];
      out[to + j] = d * (((q & 15) | (((fifth >> j) & 1) << 4)) - 16);
      out[to + j + 16] = d * (((q >> 4) | (((fifth >> (j + 16)) & 1) << 4)) - 16);
    }
  }
}
