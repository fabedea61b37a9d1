// Products of packed weights (packed.as.ts) with one token's activations: decoding. The instructions of a core are what limits it, so they are few: eight
// rows share the broadcasts of activations; nibbles are masked where they stand (16 q and 256 q instead of q) and their sums shifted once a block; offsets
// of unsigned weights are where the integer sums start; float16 scales are shifted into place without their exponent's bias, which the
// activations' scales and the last multiplication carry.
import { madd } from './gemm.as';
import { K4, K8, Q4, Q4S, Q8, Q8M, groupBytes, signedBytes, unsignedBytes } from './packed.as';

/** Bytes of a block of 32 quantised activations: 32 int16; float scale, sum, sums of both halves; int -128 sum of each half and of both, -8 sum of both. */
export const RECORD: usize = 96;
const SCALE: usize = 64, SUM: usize = 68, OFFSET: usize = 88, OFFSET_NIBBLES: usize = 92;
const HALF_SUMS: usize = 72, HALF_OFFSETS: usize = 80;

/** float16 bits shifted into a float32 are 2^-112 times the number: half of that stands in the activations' scales, half is made up for at the end. */
export const HALF_BIAS: f32 = 72057594037927936.0; // 2^56

// Constants that lie in memory, because V8 makes constants anew in every turn of a loop and loads only once.
const MASKS = memory.data<u32>([
  0x000f000f, 0x000f000f, 0x000f000f, 0x000f000f,
  0x0f000f00, 0x0f000f00, 0x0f000f00, 0x0f000f00,
  0x00ff00ff, 0x00ff00ff, 0x00ff00ff, 0x00ff00ff,
  0x8fffe000, 0x8fffe000, 0x8fffe000, 0x8fffe000,
]);

// Compile-time kinds.
class KindQ4 {}
class KindQ4S {}
class KindQ8 {}
class KindQ8M {}
class KindK4 {}
class KindK8 {}

/** Rows [r0, r1) of the linear instruction's one token; r0 is a multiple of 8. */
export function oneToken(args: usize, kind: i32, r0: i32, r1: i32): void {
  if (kind === Q4) rows8<KindQ4>(args, kind, r0, r1);
  else if (kind === Q4S) rows8<KindQ4S>(args, kind, r0, r1);
  else if (kind === Q8) rows8<KindQ8>(args, kind, r0, r1);
  else if (kind === Q8M) rows8<KindQ8M>(args, kind, r0, r1);
  else if (kind === K4) rows8<KindK4>(args, kind, r0, r1);
  else if (kind === K8) rows8<KindK8>(args, kind, r0, r1);
}

// @ts-ignore: decorator
@inline
function dot(sum: v128, w: v128, x: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(w, x));
}

// Four float16, times 2^-112.
// @ts-ignore: decorator
@inline
function halves(at: usize, mask: v128): v128 {
  return v128.and(i32x4.shl(v128.load16x4_s(at), 13), mask);
}

function rows8<K>(args: usize, kind: i32, r0: i32, r1: i32): void {
  const sixteen = idof<K>() === idof<KindK8>(), large = sixteen || idof<K>() === idof<KindK4>();
  const nibbles = idof<K>() === idof<KindQ4>() || idof<K>() === idof<KindQ4S>() || idof<K>() === idof<KindK4>();
  const minima = large || idof<K>() === idof<KindQ4>() || idof<K>() === idof<KindQ8M>();
  const values: usize = nibbles || sixteen ? 64 : 128; // bytes of four rows and a block
  const half: usize = values + (minima && !large ? 16 : 8);
  const n = load<i32>(args, 40), bias = <usize>load<i32>(args, 44), blocks = load<i32>(args, 36) >> 5;
  const records = <usize>load<i32>(args, 12), end = records + <usize>blocks * RECORD;
  let y = <usize>load<i32>(args, 24) + (<usize>r0 << 2);
  let w = <usize>load<i32>(args, 4) + <usize>(r0 >> 3) * groupBytes(kind, blocks);
  const low = v128.load(MASKS), third = v128.load(MASKS, 16), byte = v128.load(MASKS, 32), exponent = v128.load(MASKS, 48);
  for (let r = r0; r < r1; r += 8, y += 32) {
    let f0 = f32x4.splat(0), f1 = f0;
    for (let x = records; x < end;) {
      const last = large ? x + 8 * RECORD : end, top = w + (sixteen ? 2304 : 1152);
      const d0 = large ? halves(top, exponent) : f0, d1 = large ? halves(top + 16, exponent) : f0;
      const m0 = large ? halves(top + 8, exponent) : f0, m1 = large ? halves(top + 24, exponent) : f0;
      for (; x < last; x += RECORD) {
        let side: usize = 0;
        do {
          let q = x + (side << 3), a0: v128, a1: v128;
          if (nibbles) {
            a0 = idof<K>() === idof<KindQ4S>() ? v128.load32_splat(x, OFFSET_NIBBLES) : i32x4.splat(0); a1 = a0;
            let c0 = i32x4.splat(0), c1 = c0; // 256 times sums
            for (const stop = q + 32; q < stop; w += 16, q += 8) {
              const v0 = v128.load(w), v1 = v128.load(w, half);
              let p = v128.load32_splat(q); a0 = dot(a0, v128.and(v0, low), p); a1 = dot(a1, v128.and(v1, low), p);
              p = v128.load32_splat(q, 4); c0 = dot(c0, v128.and(v0, third), p); c1 = dot(c1, v128.and(v1, third), p);
              p = v128.load32_splat(q, 32); a0 = dot(a0, v128.and(i16x8.shr_u(v0, 4), low), p); a1 = dot(a1, v128.and(i16x8.shr_u(v1, 4), low), p);
              p = v128.load32_splat(q, 36); a0 = dot(a0, i16x8.shr_u(v0, 12), p); a1 = dot(a1, i16x8.shr_u(v1, 12), p);
            }
            a0 = i32x4.add(a0, i32x4.shr_s(c0, 8));
            a1 = i32x4.add(a1, i32x4.shr_s(c1, 8));
          } else {
            a0 = v128.load32_splat(sixteen ? x + side : x, sixteen ? HALF_OFFSETS : OFFSET); a1 = a0;
            for (const stop = q + (sixteen ? 32 : 64); q < stop; w += 16, q += 8) {
              const v0 = v128.load(w), v1 = v128.load(w, half);
              let p = v128.load32_splat(q); a0 = dot(a0, v128.and(v0, byte), p); a1 = dot(a1, v128.and(v1, byte), p);
              p = v128.load32_splat(q, 4); a0 = dot(a0, i16x8.shr_u(v0, 8), p); a1 = dot(a1, i16x8.shr_u(v1, 8), p);
            }
          }
          let s = v128.load32_splat(x, SCALE);
          if (large) {
            f0 = madd(f32x4.mul(f32x4.mul(d0, signedBytes(w)), s), f32x4.convert_i32x4_s(a0), f0);
            f1 = madd(f32x4.mul(f32x4.mul(d1, signedBytes(w + half)), s), f32x4.convert_i32x4_s(a1), f1);
            s = v128.load32_splat(sixteen ? x + side : x, sixteen ? HALF_SUMS : SUM);
            f0 = madd(f32x4.mul(m0, unsignedBytes(w + 4)), s, f0);
            f1 = madd(f32x4.mul(m1, unsignedBytes(w + half + 4)), s, f1);
          } else {
            f0 = madd(f32x4.mul(halves(w, exponent), s), f32x4.convert_i32x4_s(a0), f0);
            f1 = madd(f32x4.mul(halves(w + half, exponent), s), f32x4.convert_i32x4_s(a1), f1);
            if (minima) {
              s = v128.load32_splat(x, SUM);
              f0 = madd(halves(w + 8, exponent), s, f0);
              f1 = madd(halves(w + half + 8, exponent), s, f1);
            }
          }
          w += 2 * half - values;
          side ^= 4;
        } while (sixteen && side !== 0);
      }
      if (large) w += 32;
    }
    put4(y, bias === 0 ? 0 : bias + (<usize>r << 2), n - r, f0);
    if (n - r > 4) put4(y + 16, bias === 0 ? 0 : bias + (<usize>r << 2) + 16, n - r - 4, f1);
  }
}

// @ts-ignore: decorator
@inline
function put4(y: usize, bias: usize, rows: i32, v: v128): void {
  v = f32x4.mul(v, f32x4.splat(HALF_BIAS));
  if (rows < 4) { tail(y, bias, rows, v); return; }
  v128.store(y, bias === 0 ? v : f32x4.add(v, v128.load(bias)));
}

function tail(y: usize, bias: usize, rows: i32, v: v128): void {
  for (let i = 0; i < rows; i++) {
    let x = i === 0 ? f32x4.extract_lane(v, 0) : i === 1 ? f32x4.extract_lane(v, 1) : f32x4.extract_lane(v, 2);
    if (bias !== 0) x += load<f32>(bias + (<usize>i << 2));
    store<f32>(y + (<usize>i << 2), x);
  }
}
