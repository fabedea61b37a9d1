// IQ4_NL: a binary16 scale d and 32 nibbles that index a table of 16 unevenly spaced values; x = d table[q].
import { halfTable } from '../half.ts';
import { unevenValues } from './uneven-values.ts';

/** Unpacks `blocks` blocks of IQ4_NL to float32. */
export function dequantizeIQ4_NL(bytes: Uint8Array, blocks: number, out: Float32Array): void {
  const half = halfTable();
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 18, to += 32) {
    const d = half[bytes[at] | (bytes[at + 1] << 8)];
    for (let j = 0; j < 16; j++) {
      const q = bytes[at + 2 + j];
      out[to + j] = d * unevenValues[q & 15];
      out[to + j + 16] = d * unevenValues[q >> 4];
    }
  }
}
