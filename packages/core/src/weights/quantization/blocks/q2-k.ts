// Q2_K: 16 groups of 16 with a 4-bit scale and a 4-bit minimum each (one byte), 256 two-bit values, binary16 d and dmin;
// x = d s q - dmin m.
import { halfTable } from '../half.ts';

/** Unpacks `blocks` blocks of Q2_K to float32. */
export function dequantizeQ2_K(bytes: Uint8Array, blocks: number, out: Float32Array): void {
  const half = halfTable();
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 84) {
    const d = half[bytes[at + 80] | (bytes[at + 81] << 8)];
    const dmin = half[bytes[at + 82] | (bytes[at + 83] << 8)];
    for (let group = 0; group < 16; group++) {
      const scale = bytes[at + group];
      const dl = d * (scale & 15);
      const ml = dmin * (scale >> 4);
      const shift = group & 6; // two groups share a shift, four shifts share 32 bytes
      const from = at + 16 + (group >> 3) * 32 + (group & 1) * 16;
      for (let l = 0; l < 16; l++) out[to++] = dl * ((bytes[from + l] >> shift) & 3) - ml;
    }
  }
}
