// TQ2_0: ternary in two bits a value, a binary16 d; x = d (t - 1).
import { halfTable } from '../half.ts';

/** Unpacks `blocks` blocks of TQ2_0 to float32. */
export function dequantizeTQ2_0(bytes: Uint8Array, blocks: number, out: Float32Array): void {
  const half = halfTable();
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 66) {
    const d = half[bytes[at + 64] | (bytes[at + 65] << 8)];
    for (let from = at; from < at + 64; from += 32)
      for (let shift = 0; shift < 8; shift += 2)
        for (let m = 0; m < 32; m++) out[to++] = d * (((bytes[from + m] >> shift) & 3) - 1);
  }
}
