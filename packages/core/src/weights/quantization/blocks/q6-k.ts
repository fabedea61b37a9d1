// Q6_K: 256 low nibbles, 256 upper two bits, 16 int8 scales, a binary16 d; x = d s (q - 32).
import { halfTable } from '../half.ts';

/** Unpacks `blocks` blocks of Q6_K to float32. */
export function dequantizeQ6_K(bytes: Uint8Array, blocks: number, out: Float32Array): void {
  const half = halfTable();
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 210, to += 256) {
    const d = half[bytes[at + 208] | (bytes[at + 209] << 8)];
    for (let part = 0; part < 2; part++) {
      const low = at + part * 64;
      const high = at + 128 + part * 32;
      const first = to + part * 128;
      for (let side = 0; side < 2; side++) {
        const scales = at + 192 + part * 8 + side;
        const d1 = d * ((bytes[scales] << 24) >> 24);
        const d2 = d * ((bytes[scales + 2] << 24) >> 24);
        const d3 = d * ((bytes[scales + 4] << 24) >> 24);
        const d4 = d * ((bytes[scales + 6] << 24) >> 24);
        for (let l = side * 16; l < side * 16 + 16; l++) {
          const h = bytes[high + l];
          const q = bytes[low + l];
          const r = bytes[low + l + 32];
          out[first + l] = d1 * (((q & 15) | ((h & 3) << 4)) - 32);
          out[first + l + 32] = d2 * (((r & 15) | ((h & 12) << 2)) - 32);
          out[first + l + 64] = d3 * (((q >> 4) | (h & 48)) - 32);
          out[first + l + 96] = d4 * (((r >> 4) | ((h & 192) >> 2)) - 32);
        }
      }
    }
  }
}
