// Packed weights: eight rows together in two halves of four, so that a 32-bit lane of a vector is one row and a core reads one stream. Formats (kind; bytes
// of eight rows and 32 columns, each half for itself):
//   1 Q4   nibbles, float16 scales, float16 minima                                            2 (64 + 8 + 8)
//   8 Q4S  nibbles less 8, float16 scales                                                     2 (64 + 8)
//   2 Q8   bytes less 128, float16 scales                                                     2 (128 + 8)
//   7 Q8M  bytes less 128, float16 scales, float16 minima                                     2 (128 + 8 + 8)
//   5 K4   nibbles, byte scales, byte minima; after 256 columns float16 d[4], -dmin[4]       2 (64 + 4 + 4); 1184 a super-block
//   6 K8   bytes less 128, byte scales and minima of 16 columns each; after 256 columns as K4 4 (64 + 4 + 4); 2336 a super-block
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
export const Q4S: i32 = 8;

/** Bytes of eight rows of `blocks` blocks of 32 columns. */
export function groupBytes(kind: i32, blocks: i32): usize {
  if (kind === Q4) return <usize>blocks * 160;
  if (kind === Q4S) return <usize>blocks * 144;
  if (kind === Q8) return <usize>blocks * 272;
  if (kind === Q8M) return <usize>blocks * 288;
  return <usize>(blocks >> 3) * (kind === K4 ? 1184 : 2336);
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
// eight rows, 64 bytes a block.

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
function nibblesLess8(w: usize, panel: usize): void {
  const mask = i16x8.splat(15), less = i16x8.splat(8);
  for (let g: usize = 0; g < 4; g++) {
    const v = v128.load(w + (g << 4)), p = panel + (g << 6);
    v128.store(p, i16x8.sub(v128.and(v, mask), less));
    v128.store(p, i16x8.sub(v128.and(i16x8.shr_u(v, 8), mask), less), 32);
    v128.store(p, i16x8.sub(v128.and(i16x8.shr_u(v, 4), mask), less), 256);
    v128.store(p, i16x8.sub(i16x8.shr_u(v, 12), less), 288);
  }
}

// @ts-ignore: decorator
@inline
function bytes(w: usize, panel: usize, words: usize): void {
  const less = i16x8.splat(128);
  for (let g: usize = 0; g < words; g++) {
    const v = v128.load(w + (g << 4)), p = panel + (g << 6);
    v128.store(p, i16x8.sub(v128.and(v, i16x8.splat(255)), less));
    v128.store(p, i16x8.sub(i16x8.shr_u(v, 8), less), 32);
  }
}

/** Unpacks blocks [b0, b1) of the eight rows at `group` into the panel. */
export function unpack(kind: i32, group: usize, b0: i32, b1: i32, panel: usize, scales: usize): void {
  for (let half: usize = 0; half < 2; half++) unpackHalf(kind, group, b0, b1, panel + (half << 4), scales + (half << 4), half);
}

function unpackHalf(kind: i32, group: usize, b0: i32, b1: i32, panel: usize, scales: usize, half: usize): void {
  if (kind === Q4 || kind === Q4S) {
    const size: usize = kind === Q4 ? 80 : 72;
    let w = group + (<usize>b0 * 2 + half) * size;
    for (let b = b0; b < b1; b++) {
      if (kind === Q4) nibbles(w, panel);
      else nibblesLess8(w, panel);
      v128.store(scales, half4(v128.load16x4_u(w, 64)));
      if (kind === Q4) v128.store(scales, half4(v128.load16x4_u(w, 72)), 32);
      w += 2 * size; panel += 512; scales += 64;
    }
  } else if (kind === Q8 || kind === Q8M) {
    const size: usize = kind === Q8 ? 136 : 144;
    let w = group + (<usize>b0 * 2 + half) * size;
    for (let b = b0; b < b1; b++) {
      bytes(w, panel, 8);
      v128.store(scales, half4(v128.load16x4_u(w, 128)));
      if (kind === Q8M) v128.store(scales, half4(v128.load16x4_u(w, 136)), 32);
      w += 2 * size; panel += 512; scales += 64;
    }
  } else if (kind === K4) {
    for (let b = b0; b < b1; b++) {
      const block = group + <usize>(b >> 3) * 1184, w = block + <usize>(b & 7) * 144 + half * 72, top = block + half * 16;
      nibbles(w, panel);
      v128.store(scales, f32x4.mul(half4(v128.load16x4_u(top, 1152)), signedBytes(w + 64)));
      v128.store(scales, f32x4.mul(half4(v128.load16x4_u(top, 1160)), unsignedBytes(w + 68)), 32);
      panel += 512; scales += 64;
    }
  } else {
    for (let b = 2 * b0; b < 2 * b1; b++) {
      const block = group + <usize>(b >> 4) * 2336, w = block + <usize>(b & 15) * 144 + half * 72, top = block + half * 16;
      bytes(w, panel, 4);
      v128.store(scales, f32x4.mul(half4(v128.load16x4_u(top, 2304)), signedBytes(w + 64)));
      v128.store(scales, f32x4.mul(half4(v128.load16x4_u(top, 2312)), unsignedBytes(w + 68)), 32);
      panel += 256; scales += 64;
    }
  }
}
