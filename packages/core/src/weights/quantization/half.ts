// IEEE binary16, bfloat16 and the two 8-bit floats, to and from float32.

let halves: Float32Array | undefined;

/** All 65536 binary16 values as float32, made on first use (256 KiB): one load a value is the fastest exact conversion in JavaScript. */
export function halfTable(): Float32Array {
  if (halves !== undefined) return halves;
  const table = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    const magnitude =
      exponent === 0
        ? fraction * 2 ** -24
        : exponent === 31
          ? fraction === 0
            ? Number.POSITIVE_INFINITY
            : Number.NaN
          : (1 + fraction / 1024) * 2 ** (exponent - 15);
    table[bits] = bits & 0x8000 ? -magnitude : magnitude;
  }
  halves = table;
  return table;
}

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

/** The bits of the binary16 nearest to a float32 (ties to even, overflow to infinity, NaN stays NaN). */
export function toHalfBits(value: number): number {
  float[0] = value;
  const bits = word[0];
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x47800000) return sign | 0x7c00; // >= 65536
  if (magnitude < 0x38800000) {
    // subnormal: adding 0.5 aligns the fraction's last bit with 2^-24 and rounds to even
    word[0] = magnitude;
    float[0] += 0.5;
    return sign | (word[0] - 0x3f000000);
  }
  const odd = (magnitude >>> 13) & 1;
  return sign | ((magnitude - 0x38000000 + 0xfff + odd) >>> 13);
}

/** The bits of the bfloat16 nearest to a float32 (ties to even, NaN stays a quiet NaN with its sign). */
export function toBrainBits(value: number): number {
  float[0] = value;
  const bits = word[0];
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 64;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

let eights: Float32Array | undefined;

/** All 256 values of float8 E4M3 ("fn": no infinities, 0x7f and 0xff are NaN). */
export function e4m3Table(): Float32Array {
  if (eights !== undefined) return eights;
  const table = new Float32Array(256);
  for (let bits = 0; bits < 256; bits++) {
    const exponent = (bits >> 3) & 15;
    const fraction = bits & 7;
    const magnitude =
      exponent === 0
        ? fraction * 2 ** -9
        : exponent === 15 && fraction === 7
          ? Number.NaN
          : (1 + fraction / 8) * 2 ** (exponent - 7);
    table[bits] = bits & 0x80 ? -magnitude : magnitude;
  }
  eights = table;
  return table;
}
