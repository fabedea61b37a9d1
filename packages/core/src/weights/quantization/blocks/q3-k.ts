// Q3_K: 256 third bits (inverted), 256 two-bit values, 16 six-bit scales in 12 bytes, a binary16 d; x = d (s - 32) (q - 4).
import { halfTable } from '../half.ts';

/** Unpacks `blocks` blocks of Q3_K to float32. */
export function dequantizeQ3_K(bytes: Uint8Array, blocks: number, out: Float32Array): void {
  const half = halfTable();
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 110) {
    const d = half[bytes[at + 108] | (bytes[at + 109] << 8)];
    for (let group = 0; group < 16; group++) {
      const low = group < 8 ? bytes[at + 96 + group] & 15 : bytes[at + 88 + group] >> 4;
      const high = (bytes[at + 104 + (group & 3)] >> (2 * (group >> 2))) & 3;
      const dl = d * ((low | (high << 4)) - 32);
      const shift = group & 6;
      const from = at + 32 + (group >> 3) * 32 + (group & 1) * 16;
      const third = at + (group & 1) * 16;
      const bit = 1 << (group >> 1);
      for (let l = 0; l < 16; l++)
        out[to++] = dl * (((bytes[from + l] >> shift) & 3) - (bytes[third + l] & bit ? 0 : 4));
    }
  }
}
