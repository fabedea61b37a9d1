// The 12 bytes of Q4_K and Q5_K: eight six-bit scales and eight six-bit minima. Groups 0-3 lie in the low six bits of bytes 0-3 and 4-7;
// groups 4-7 have their low nibbles in bytes 8-11 and their upper two bits on top of bytes 0-3 and 4-7.

/** The scale of a group, 0 to 63. */
export function groupScale(bytes: Uint8Array, at: number, group: number): number {
  return group < 4
    ? bytes[at + group] & 63
    : (bytes[at + group + 4] & 15) | ((bytes[at + group - 4] >> 6) << 4);
}

/** The minimum of a group, 0 to 63. */
export function groupMinimum(bytes: Uint8Array, at: number, group: number): number {
  return group < 4
    ? bytes[at + group + 4] & 63
    : (bytes[at + group + 4] >> 4) | ((bytes[at + group] >> 6) << 4);
}
