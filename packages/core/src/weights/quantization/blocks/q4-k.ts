// Q4_K: binary16 d and dmin, 8 groups of 32 with a six-bit scale and minimum each (12 bytes), 256 nibbles; x = d s q - dmin m.
import { halfTable } from '../half.ts';
import { groupMinimum, groupScale } from './six-bit-scales.ts';

/** Unpacks `blocks` blocks of Q4_K to float32. */
export function dequantizeQ4_K(bytes: Uint8Array, blocks: number, out: Float32Array): void {
  const half = halfTable();
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 144, to += 256) {
    const d = half[bytes[at] | (bytes[at + 1] << 8)];
    const dmin = half[bytes[at + 2] | (bytes[at + 3] << 8)];
    for (let group = 0; group < 8; group += 2) {
      const d1 = d * groupScale(bytes, at + 4, group);
      const m1 = dmin * groupMinimum(bytes, at + 4, group);
      const d2 = d * groupScale(bytes, at + 4, group + 1);
      const m2 = dmin * groupMinimum(bytes, at + 4, group + 1);
      const from = at + 16 + group * 16;
      const first = to + group * 32;
      for (let l = 0; l < 32; l++) {
        const q = bytes[from + l];
        out[first + l] = d1 * (q & 15) - m1;
        out[first + l + 32] = d2 * (q >> 4) - m2;
      }
    }
  }
}
