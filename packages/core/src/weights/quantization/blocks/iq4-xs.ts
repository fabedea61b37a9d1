// IQ4_XS: a binary16 d, 8 groups of 32 with a six-bit scale each, 256 nibbles into the table of IQ4_NL; x = d (s - 32) table[q].
import { halfTable } from '../half.ts';
import { unevenValues } from './uneven-values.ts';

/** Unpacks `blocks` blocks of IQ4_XS to float32. */
export function dequantizeIQ4_XS(bytes: Uint8Array, blocks: number, out: Float32Array): void {
  const half = halfTable();
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 136, to += 256) {
    const d = half[bytes[at] | (bytes[at + 1] << 8)];
    const high = bytes[at + 2] | (bytes[at + 3] << 8);
    for (let group = 0; group < 8; group++) {
      const low = (bytes[at + 4 + (group >> 1)] >> (4 * (group & 1))) & 15;
      const dl = d * ((low | (((high >> (2 * group)) & 3) << 4)) - 32);
      const from = at + 8 + group * 16;
      const first = to + group * 32;
      for (let j = 0; j < 16; j++) {
        const q = bytes[from + j];
        out[first + j] = dl * unevenValues[q & 15];
        out[first + j + 16] = dl * unevenValues[q >> 4];
      }
    }
  }
}
