// TQ1_0: ternary, five values a byte as a base-3 fraction of 256, a binary16 d; x = d (t - 1).
import { halfTable } from '../half.ts';

/** Unpacks `blocks` blocks of TQ1_0 to float32. */
export function dequantizeTQ1_0(bytes: Uint8Array, blocks: number, out: Float32Array): void {
  const half = halfTable();
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 54) {
    const d = half[bytes[at + 52] | (bytes[at + 53] << 8)];
    to = ternary(bytes, at, 32, 5, d, out, to);
    to = ternary(bytes, at + 32, 16, 5, d, out, to);
    to = ternary(bytes, at + 48, 4, 4, d, out, to);
  }
}

/** Digit n of the bytes from `at`, for n = 0 ... digits - 1; a byte holds ceil(256 t / 243), so 3 x (byte 3^n mod 256) / 256 is the digit. */
function ternary(
  bytes: Uint8Array,
  at: number,
  count: number,
  digits: number,
  d: number,
  out: Float32Array,
  to: number,
): number {
  for (let n = 0, power = 1; n < digits; n++, power *= 3)
    for (let m = 0; m < count; m++) out[to++] = d * (((((bytes[at + m] * power) & 255) * 3) >> 8) - 1);
  return to;
}
