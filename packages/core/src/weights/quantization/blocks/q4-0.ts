// Q4_0: a binary16 scale d and 32 nibbles; x = d (q - 8). The low nibbles are the first half of the block.
import { halfTable } from '../half.ts';

/** Unpacks `blocks` blocks of Q4_0 to float32. */
export function dequantizeQ4_0(bytes: Uint8Array, blocks: number, out: Float32Array): void {
  const half = halfTable();
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 18, to += 32) {
    const d = half[bytes[at] | (bytes[at + 1] << 8)];
    for (let j = 0; j < 16; j++) {
      const q = bytes[at + 2 + j];
      out[to + j] = d * ((q & 15) - 8);
      out[to + j + 16] = d * ((q >> 4) - 8);
    }
  }
}
