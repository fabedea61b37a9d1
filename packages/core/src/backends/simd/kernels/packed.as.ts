// Packed weights: four rows together, so that a 32-bit lane of a vector is one row. Formats (kind; bytes of four rows and 32 columns):
//   1 Q4   nibbles, float16 scales, float16 minima                                           64 + 8 + 8
//   2 Q8   int8, float16 scales                                                              128 + 8
//   7 Q8M  int8, float16 scales, float16 minima                                              128 + 8 + 8
//   5 K4   nibbles, byte scales, byte minima; after 256 columns float16 d[4], dmin[4]        64 + 4 + 4; 592 a super-block
//   6 K8   int8, byte scales and minima of 16 columns each; after 256 columns as K4          2 (64 + 4 + 4); 1168 a super-block
// w = scale q + minimum, where K4 and K8 have scale = d s (s signed) and minimum = -dmin m.
//
// Words: four columns of one row. Nibbles hold word g (columns 4g..) in their low halves and word g + 4 (columns 16 + 4g..) in their high ones. Products
// take columns in pairs (4g, 4g + 2), (4g + 1, 4g + 3): that is how shifts and masks cut bytes into 16-bit lanes, so activations come in
// that order too (quantize in norm.as.ts).
import { half4 } from './math.as';

/** Kinds. */
export const Q4: i32 = 1;
export const Q8: i32 = 2;
export const K4: i32 = 5;
export const K8: i32 = 6;
export const Q8M: i32 = 7;

/** Bytes of four rows of `blocks` blocks of 32 columns. */
export function groupBytes(kind: i32, blocks: i32): usize {
  if (kind === Q4) return <usize>blocks * 80;
  if (kind === Q8) return <usize>blocks * 136;
  if (kind === Q8M) return <usize>blocks * 144;
  return <usize>(blocks >> 3) * (kind === K4 ? 592 : 1168);
}

// Four bytes as floats, signed or not.
// @ts-ignore: decorator
@inline
export function signedBytes(at: usize): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(at))));
}
// @ts-ignore: decorator
@inline
export function unsignedBytes(at: usize): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(at))));
}

// The panel of a matrix product (panel.as.ts): pairs of columns of eight rows as 16-bit lanes, 32 bytes a pair; scales of eight rows and minima of
// eight rows, 64 bytes a block. An unpacker fills one half of it, four rows.

// @ts-ignore: decorator
@inline
function nibbles(w: usize, panel: usize): void {
  const mask = i16x8.splat(15);
  for (let g: usize = 0; g < 4; g++) {
    const v = v128.load(w + (g << 4)), p = panel + (g << 6);
    v128.store(p, v128.and(v, mask));
    v128.store(p, v128.and(i16x8.shr_u(v, 8), mask), 32);
    v128.store(p, v128.and(i16x8.shr_u(v, 4), mask), 256);
    v128.store(p, i16x8.shr_u(v, 12), 288);
  }
}

// @ts-ignore: decorator
@inline
function bytes(w: usize, panel: usize, words: usize): void {
  for (let g: usize = 0; g < words; g++) {
    const v = v128.load(w + (g << 4)), p = panel + (g << 6);
    v128.store(p, i16x8.shr_s(i16x8.shl(v, 8), 8));
    v128.store(p, i16x8.shr_s(v, 8), 32);
  }
}

/** Unpacks blocks [b0, b1) of four rows at `group` into a half of the panel. */
export function unpack(kind: i32, group: usize, b0: i32, b1: i32, panel: usize, scales: usize): void {
  if (kind === Q4) {
    let w = group + <usize>b0 * 80;
    for (let b = b0; b < b1; b++) {
      nibbles(w, panel);
      v128.store(scales, half4(v128.load16x4_u(w, 64)));
      v128.store(scales, half4(v128.load16x4_u(w, 72)), 32);
      w += 80; panel += 512; scales += 64;
    }
  } else if (kind === Q8 || kind === Q8M) {
    const size: usize = kind === Q8 ? 136 : 144;
    let w = group + <usize>b0 * size;
    for (let b = b0; b < b1; b++) {
      bytes(w, panel, 8);
      v128.store(scales, half4(v128.load16x4_u(w, 128)));
      if (kind === Q8M) v128.store(scales, half4(v128.load16x4_u(w, 136)), 32);
      w += size; panel += 512; scales += 64;
    }
  } else if (kind === K4) {
    for (let b = b0; b < b1; b++) {
      const top = group + <usize>(b >> 3) * 592, w = top + <usize>(b & 7) * 72;
      nibbles(w, panel);
      v128.store(scales, f32x4.mul(half4(v128.load16x4_u(top, 576)), signedBytes(w + 64)));
      v128.store(scales, f32x4.neg(f32x4.mul(half4(v128.load16x4_u(top, 584)), unsignedBytes(w + 68))), 32);
      panel += 512; scales += 64;
    }
  } else {
    for (let b = 2 * b0; b < 2 * b1; b++) {
      const top = group + <usize>(b >> 4) * 1168, w = top + <usize>(b & 15) * 72;
      bytes(w, panel, 4);
      v128.store(scales, f32x4.mul(half4(v128.load16x4_u(top, 1152)), signedBytes(w + 64)));
      v128.store(scales, f32x4.neg(f32x4.mul(half4(v128.load16x4_u(top, 1160)), unsignedBytes(w + 68))), 32);
      panel += 256; scales += 64;
    }
  }
}
