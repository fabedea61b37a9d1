// float32 -> stored types, with ggml's reference rounding (ggml-quants.c, quantize_row_q8_0_ref and quantize_row_q4_0_ref; every step in float32), so that
// a file of ours has the bytes that llama.cpp itself would write.
import { toBrainBits, toHalfBits } from './half.ts';

/** Types that can be written. */
export type WrittenDtype = 'F32' | 'F16' | 'BF16' | 'Q8_0' | 'Q4_0';

const { fround } = Math;

/**
 * Packs float32 values, little-endian. Q8_0: d = max|x| / 127, q = round(x / d). Q4_0: d = x_max / -8 with x_max the value of greatest
 * magnitude, q = floor(x / d + 8.5). Throws `RangeError` when a block type's length is no multiple of 32.
 */
export function quantize(values: Float32Array, dtype: WrittenDtype): Uint8Array {
  if (dtype === 'F32') return new Uint8Array(values.slice().buffer);
  if (dtype === 'F16' || dtype === 'BF16') {
    const toBits = dtype === 'F16' ? toHalfBits : toBrainBits;
    const bits = new Uint16Array(values.length);
    for (let i = 0; i < bits.length; i++) bits[i] = toBits(values[i]);
    return new Uint8Array(bits.buffer);
  }
  if (values.length % 32 !== 0)
    throw new RangeError(`values: expected a multiple of 32 for ${dtype}, got ${values.length}`);
  return dtype === 'Q8_0' ? quantizeQ8_0(values) : quantizeQ4_0(values);
}

function quantizeQ8_0(values: Float32Array): Uint8Array {
  const blocks = values.length / 32;
  const bytes = new Uint8Array(blocks * 34);
  for (let b = 0, from = 0, at = 0; b < blocks; b++, from += 32, at += 34) {
    let most = 0;
    for (let j = 0; j < 32; j++) most = Math.max(most, Math.abs(values[from + j]));
    const d = fround(most / 127);
    const inverse = d === 0 ? 0 : fround(1 / d);
    writeHalf(bytes, at, d);
    for (let j = 0; j < 32; j++) {
      const x = fround(values[from + j] * inverse);
      bytes[at + 2 + j] = x < 0 ? -Math.floor(0.5 - x) : Math.floor(x + 0.5); // C's roundf: halves away from zero
    }
  }
  return bytes;
}

function quantizeQ4_0(values: Float32Array): Uint8Array {
  const blocks = values.length / 32;
  const bytes = new Uint8Array(blocks * 18);
  for (let b = 0, from = 0, at = 0; b < blocks; b++, from += 32, at += 18) {
    let extreme = 0;
    for (let j = 0; j < 32; j++) {
      const x = values[from + j];
      if (Math.abs(x) > Math.abs(extreme)) extreme = x;
    }
    const d = fround(extreme / -8);
    const inverse = d === 0 ? 0 : fround(1 / d);
    writeHalf(bytes, at, d);
    for (let j = 0; j < 16; j++) {
      const low = nibble(values[from + j], inverse);
      const high = nibble(values[from + j + 16], inverse);
      bytes[at + 2 + j] = low | (high << 4);
    }
  }
  return bytes;
}

function nibble(x: number, inverse: number): number {
  return Math.min(15, Math.trunc(fround(fround(x * inverse) + 8.5)));
}

function writeHalf(bytes: Uint8Array, at: number, value: number): void {
  const bits = toHalfBits(value);
  bytes[at] = bits & 255;
  bytes[at + 1] = bits >> 8;
}
