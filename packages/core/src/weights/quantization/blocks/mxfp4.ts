// MXFP4 (OCP microscaling): a power-of-two scale in one byte and 32 four-bit floats E2M1. The table holds twice their values
// and the scale half of its own, as ggml does.

// Twice the values of E2M1: 0, 0.5, 1, 1.5, 2, 3, 4, 6 and their negatives.
const doubled = Int8Array.of(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12);

/** Unpacks `blocks` blocks of MXFP4 to float32. */
export function dequantizeMXFP4(bytes: Uint8Array, blocks: number, out: Float32Array): void {
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 17, to += 32) {
    const d = 2 ** (bytes[at] - 128);
    for (let j = 0; j < 16; j++) {
      const q = bytes[at + 1 + j];
      out[to + j] = d * doubled[q & 15];
      out[to + j + 16] = d * doubled[q >> 4];
    }
  }
}
