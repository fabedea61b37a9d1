// y[t, r] = sum_k W[r, k] x[t, k] (+ bias[r]) for weights that stay packed in memory. One row of tokens (decoding) runs at the speed of memory; several
// share each unpacked weight. The threads split the rows of W.
//
// Kinds: 0 float32 rows; 1 blocks of 4-bit values with a scale and a minimum, four rows together; 2 blocks of 8-bit values with a scale; 3 bfloat16 rows;
// 4 float16 rows. 1 and 2 multiply 8-bit integers: the activations come quantised in blocks of 32 (norm.as.ts), as llama.cpp does it. 5 and 6 are the same
// weights with activations of two 8-bit planes, x = s (q + r / 254): twice the products, and the rounding of activations is gone for all purposes.
//
// args: kind, w, x, xq, xScale, xSum, y, ldy, tokens, k, n, bias
import { madd } from './gemm.as';
import { share, sum4 } from './math.as';

export function linear(args: usize, thread: i32, threads: i32): void {
  const kind = load<i32>(args), n = load<i32>(args, 40);
  const r0 = share(n, 4, thread, threads), r1 = share(n, 4, thread + 1, threads);
  if (r0 >= r1) return;
  const tokens = load<i32>(args, 32);
  if (kind === 1) {
    let t = 0;
    for (; t + 4 <= tokens; t += 4) fourBits4<Single>(args, r0, r1, t);
    for (; t < tokens; t++) fourBits1<Single>(args, r0, r1, t);
  } else if (kind === 5) {
    let t = 0;
    for (; t + 4 <= tokens; t += 4) fourBits4<Double>(args, r0, r1, t);
    for (; t < tokens; t++) fourBits1<Double>(args, r0, r1, t);
  } else if (kind === 2) {
    let t = 0;
    for (; t + 4 <= tokens; t += 4) eightBits4<Single>(args, r0, r1, t);
    for (; t < tokens; t++) eightBits1<Single>(args, r0, r1, t);
  } else if (kind === 6) {
    let t = 0;
    for (; t + 4 <= tokens; t += 4) eightBits4<Double>(args, r0, r1, t);
    for (; t < tokens; t++) eightBits1<Double>(args, r0, r1, t);
  } else {
    let t = 0;
    for (; t + 4 <= tokens; t += 4) floats4(args, kind, r0, r1, t);
    for (; t < tokens; t++) floats1(args, kind, r0, r1, t);
  }
}

// Planes of the activations, as a compile-time choice.
class Single {}
class Double {}

// The two planes' sums as one float: a + b / 254.
// @ts-ignore: decorator
@inline
function joined(a: v128, b: v128): v128 {
  return madd(f32x4.convert_i32x4_s(b), f32x4.splat(1.0 / 254.0), f32x4.convert_i32x4_s(a));
}

// Four float16 to float32: exponent rebias by a multiplication, which is right for subnormals too (weights are finite).
// @ts-ignore: decorator
@inline
function half4(bits: v128): v128 {
  const magnitude = f32x4.mul(i32x4.shl(v128.and(bits, i32x4.splat(0x7fff)), 13), f32x4.splat(5.192296858534828e33));
  return v128.or(magnitude, i32x4.shl(v128.and(bits, i32x4.splat(0x8000)), 16));
}

// Sums of products of 4 signed activations (one 32-bit word, in every lane) with 4 unsigned 4-bit weights, a row a lane.
// @ts-ignore: decorator
@inline
function dot4(x: v128, w: v128, sum: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i32x4.relaxed_dot_i8x16_i7x16_add_s(x, w, sum);
  const low = i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_s(x), i16x8.extend_low_i8x16_u(w));
  const high = i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_s(x), i16x8.extend_high_i8x16_u(w));
  return i32x4.add(sum, i32x4.add(v128.shuffle<i32>(low, high, 0, 2, 4, 6), v128.shuffle<i32>(low, high, 1, 3, 5, 7)));
}

// @ts-ignore: decorator
@inline
function put4(y: usize, bias: usize, r: i32, n: i32, v: v128): void {
  const at = y + (<usize>r << 2);
  if (bias !== 0 && r + 4 <= n) v = f32x4.add(v, v128.load(bias + (<usize>r << 2)));
  if (r + 4 <= n) { v128.store(at, v); return; }
  tail(at, bias, r, n, v);
}

function tail(at: usize, bias: usize, r: i32, n: i32, v: v128): void {
  for (let i = 0; i < 4 && r + i < n; i++) {
    let x = i === 0 ? f32x4.extract_lane(v, 0) : i === 1 ? f32x4.extract_lane(v, 1) : i === 2 ? f32x4.extract_lane(v, 2) : f32x4.extract_lane(v, 3);
    if (bias !== 0) x += load<f32>(bias + (<usize>(r + i) << 2));
    store<f32>(at + (<usize>i << 2), x);
  }
}

// A group of four rows and 32 columns: 64 bytes of nibbles (word g of row r: columns 4g..4g+3 low, 16+4g.. high), 4 float16 scales, 4 float16 minima.
function fourBits1<P>(args: usize, r0: i32, r1: i32, t: i32): void {
  const k = load<i32>(args, 36), n = load<i32>(args, 40), bias = <usize>load<i32>(args, 44);
  const blocks = k >> 5;
  const two = idof<P>() === idof<Double>();
  const planes: usize = two ? 2 : 1;
  const mask = i8x16.splat(15);
  const y = <usize>load<i32>(args, 24) + (<usize>t * <usize>load<i32>(args, 28) << 2);
  const xq = <usize>load<i32>(args, 12) + <usize>t * <usize>k * planes;
  const xs = <usize>load<i32>(args, 16) + (<usize>t * <usize>blocks << 2), xm = <usize>load<i32>(args, 20) + (<usize>t * <usize>blocks << 2);
  let w = <usize>load<i32>(args, 4) + <usize>(r0 >> 2) * <usize>blocks * 80;
  for (let r = r0; r < r1; r += 4) {
    let acc = f32x4.splat(0);
    let px = xq, ps = xs, pm = xm;
    for (let b = 0; b < blocks; b++) {
      let s = i32x4.splat(0), s2 = s, u = s, u2 = s;
      for (let g: usize = 0; g < 16; g += 4) {
        const v = v128.load(w + (g << 2)), low = v128.and(v, mask), high = i8x16.shr_u(v, 4);
        const p = px + g;
        s = dot4(v128.load32_splat(p), low, s);
        s2 = dot4(v128.load32_splat(p, 16), high, s2);
        if (two) {
          u = dot4(v128.load32_splat(p, 32), low, u);
          u2 = dot4(v128.load32_splat(p, 48), high, u2);
        }
      }
      const d = half4(v128.load16x4_u(w, 64)), m = half4(v128.load16x4_u(w, 72));
      acc = madd(f32x4.mul(d, v128.load32_splat(ps)), two ? joined(i32x4.add(s, s2), i32x4.add(u, u2)) : f32x4.convert_i32x4_s(i32x4.add(s, s2)), acc);
      acc = madd(m, v128.load32_splat(pm), acc);
      w += 80; px += 32 * planes; ps += 4; pm += 4;
    }
    put4(y, bias, r, n, acc);
  }
}

function fourBits4<P>(args: usize, r0: i32, r1: i32, t: i32): void {
  const k = load<i32>(args, 36), n = load<i32>(args, 40), bias = <usize>load<i32>(args, 44);
  const blocks = k >> 5;
  const two = idof<P>() === idof<Double>();
  const planes: usize = two ? 2 : 1;
  const mask = i8x16.splat(15);
  const ldy = <usize>load<i32>(args, 28) << 2;
  const y = <usize>load<i32>(args, 24) + <usize>t * ldy;
  const row = <usize>k * planes, srow = <usize>blocks << 2;
  const xq = <usize>load<i32>(args, 12) + <usize>t * row;
  const xs = <usize>load<i32>(args, 16) + <usize>t * srow, xm = <usize>load<i32>(args, 20) + <usize>t * srow;
  let w = <usize>load<i32>(args, 4) + <usize>(r0 >> 2) * <usize>blocks * 80;
  for (let r = r0; r < r1; r += 4) {
    let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
    let px = xq, ps = xs, pm = xm;
    for (let b = 0; b < blocks; b++) {
      const zero = i32x4.splat(0);
      let s0 = zero, s1 = zero, s2 = zero, s3 = zero;
      let u0 = zero, u1 = zero, u2 = zero, u3 = zero;
      for (let g: usize = 0; g < 16; g += 4) {
        const v = v128.load(w + (g << 2));
        const low = v128.and(v, mask), high = i8x16.shr_u(v, 4);
        const p = px + g;
        s0 = dot4(v128.load32_splat(p), low, s0); s0 = dot4(v128.load32_splat(p, 16), high, s0);
        const p1 = p + row; s1 = dot4(v128.load32_splat(p1), low, s1); s1 = dot4(v128.load32_splat(p1, 16), high, s1);
        const p2 = p1 + row; s2 = dot4(v128.load32_splat(p2), low, s2); s2 = dot4(v128.load32_splat(p2, 16), high, s2);
        const p3 = p2 + row; s3 = dot4(v128.load32_splat(p3), low, s3); s3 = dot4(v128.load32_splat(p3, 16), high, s3);
        if (two) {
          u0 = dot4(v128.load32_splat(p, 32), low, u0); u0 = dot4(v128.load32_splat(p, 48), high, u0);
          u1 = dot4(v128.load32_splat(p1, 32), low, u1); u1 = dot4(v128.load32_splat(p1, 48), high, u1);
          u2 = dot4(v128.load32_splat(p2, 32), low, u2); u2 = dot4(v128.load32_splat(p2, 48), high, u2);
          u3 = dot4(v128.load32_splat(p3, 32), low, u3); u3 = dot4(v128.load32_splat(p3, 48), high, u3);
        }
      }
      const d = half4(v128.load16x4_u(w, 64)), m = half4(v128.load16x4_u(w, 72));
      a0 = madd(f32x4.mul(d, v128.load32_splat(ps)), two ? joined(s0, u0) : f32x4.convert_i32x4_s(s0), a0); a0 = madd(m, v128.load32_splat(pm), a0);
      a1 = madd(f32x4.mul(d, v128.load32_splat(ps + srow)), two ? joined(s1, u1) : f32x4.convert_i32x4_s(s1), a1); a1 = madd(m, v128.load32_splat(pm + srow), a1);
      a2 = madd(f32x4.mul(d, v128.load32_splat(ps + 2 * srow)), two ? joined(s2, u2) : f32x4.convert_i32x4_s(s2), a2); a2 = madd(m, v128.load32_splat(pm + 2 * srow), a2);
      a3 = madd(f32x4.mul(d, v128.load32_splat(ps + 3 * srow)), two ? joined(s3, u3) : f32x4.convert_i32x4_s(s3), a3); a3 = madd(m, v128.load32_splat(pm + 3 * srow), a3);
      w += 80; px += 32 * planes; ps += 4; pm += 4;
    }
    put4(y, bias, r, n, a0); put4(y + ldy, bias, r, n, a1); put4(y + 2 * ldy, bias, r, n, a2); put4(y + 3 * ldy, bias, r, n, a3);
  }
}

// A row: its blocks of 32 int8 one after the other, behind all rows the float16 scales [n, blocks].
function eightBits1<P>(args: usize, r0: i32, r1: i32, t: i32): void {
  const k = load<i32>(args, 36), n = load<i32>(args, 40), bias = <usize>load<i32>(args, 44);
  const blocks = k >> 5;
  const two = idof<P>() === idof<Double>();
  const planes: usize = two ? 2 : 1;
  const y = <usize>load<i32>(args, 24) + (<usize>t * <usize>load<i32>(args, 28) << 2);
  const xq = <usize>load<i32>(args, 12) + <usize>t * <usize>k * planes, xs = <usize>load<i32>(args, 16) + (<usize>t * <usize>blocks << 2);
  const base = <usize>load<i32>(args, 4);
  let w = base + <usize>r0 * <usize>k, d = base + <usize>n * <usize>k + (<usize>r0 * <usize>blocks << 1);
  for (let r = r0; r < r1; r++) {
    let acc = f32x4.splat(0);
    let px = xq, ps = xs;
    for (let b = 0; b < blocks; b++) {
      const w0 = v128.load(w), w1 = v128.load(w, 16);
      const w00 = i16x8.extend_low_i8x16_s(w0), w01 = i16x8.extend_high_i8x16_s(w0), w10 = i16x8.extend_low_i8x16_s(w1), w11 = i16x8.extend_high_i8x16_s(w1);
      const s = dot32(w00, w01, w10, w11, px);
      const sum = two ? joined(s, dot32(w00, w01, w10, w11, px + 32)) : f32x4.convert_i32x4_s(s);
      acc = madd(f32x4.mul(half4(v128.load16_splat(d)), v128.load32_splat(ps)), sum, acc);
      w += 32; d += 2; px += 32 * planes; ps += 4;
    }
    put(y, bias, r, sum4(acc));
  }
}

// @ts-ignore: decorator
@inline
function put(y: usize, bias: usize, r: i32, value: f32): void {
  store<f32>(y + (<usize>r << 2), bias === 0 ? value : value + load<f32>(bias + (<usize>r << 2)));
}

// @ts-ignore: decorator
@inline
function dot32(w00: v128, w01: v128, w10: v128, w11: v128, x: usize): v128 {
  const x0 = v128.load(x), x1 = v128.load(x, 16);
  let s = i32x4.dot_i16x8_s(w00, i16x8.extend_low_i8x16_s(x0));
  s = i32x4.add(s, i32x4.dot_i16x8_s(w01, i16x8.extend_high_i8x16_s(x0)));
  s = i32x4.add(s, i32x4.dot_i16x8_s(w10, i16x8.extend_low_i8x16_s(x1)));
  return i32x4.add(s, i32x4.dot_i16x8_s(w11, i16x8.extend_high_i8x16_s(x1)));
}

// @ts-ignore: decorator
@inline
function sums<P>(w00: v128, w01: v128, w10: v128, w11: v128, x: usize): v128 {
  const s = dot32(w00, w01, w10, w11, x);
  if (idof<P>() === idof<Double>()) return joined(s, dot32(w00, w01, w10, w11, x + 32));
  return f32x4.convert_i32x4_s(s);
}

function eightBits4<P>(args: usize, r0: i32, r1: i32, t: i32): void {
  const k = load<i32>(args, 36), n = load<i32>(args, 40), bias = <usize>load<i32>(args, 44);
  const blocks = k >> 5;
  const two = idof<P>() === idof<Double>();
  const planes: usize = two ? 2 : 1;
  const ldy = <usize>load<i32>(args, 28) << 2;
  const y = <usize>load<i32>(args, 24) + <usize>t * ldy;
  const row = <usize>k * planes, srow = <usize>blocks << 2;
  const xq = <usize>load<i32>(args, 12) + <usize>t * row, xs = <usize>load<i32>(args, 16) + <usize>t * srow;
  const base = <usize>load<i32>(args, 4);
  let w = base + <usize>r0 * <usize>k, d = base + <usize>n * <usize>k + (<usize>r0 * <usize>blocks << 1);
  for (let r = r0; r < r1; r++) {
    let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
    let px = xq, ps = xs;
    for (let b = 0; b < blocks; b++) {
      const w0 = v128.load(w), w1 = v128.load(w, 16);
      const w00 = i16x8.extend_low_i8x16_s(w0), w01 = i16x8.extend_high_i8x16_s(w0), w10 = i16x8.extend_low_i8x16_s(w1), w11 = i16x8.extend_high_i8x16_s(w1);
      const scale = half4(v128.load16_splat(d));
      a0 = madd(f32x4.mul(scale, v128.load32_splat(ps)), sums<P>(w00, w01, w10, w11, px), a0);
      a1 = madd(f32x4.mul(scale, v128.load32_splat(ps + srow)), sums<P>(w00, w01, w10, w11, px + row), a1);
      a2 = madd(f32x4.mul(scale, v128.load32_splat(ps + 2 * srow)), sums<P>(w00, w01, w10, w11, px + 2 * row), a2);
      a3 = madd(f32x4.mul(scale, v128.load32_splat(ps + 3 * srow)), sums<P>(w00, w01, w10, w11, px + 3 * row), a3);
      w += 32; d += 2; px += 32 * planes; ps += 4;
    }
    put(y, bias, r, sum4(a0)); put(y + ldy, bias, r, sum4(a1)); put(y + 2 * ldy, bias, r, sum4(a2)); put(y + 3 * ldy, bias, r, sum4(a3));
  }
}

// @ts-ignore: decorator
@inline
function load4(kind: i32, w: usize): v128 {
  if (kind === 0) return v128.load(w);
  const bits = v128.load16x4_u(w);
  return kind === 3 ? i32x4.shl(bits, 16) : half4(bits);
}

// @ts-ignore: decorator
@inline
function load1(kind: i32, w: usize): f32 {
  if (kind === 0) return load<f32>(w);
  const bits = i32x4.splat(<i32>load<u16>(w));
  return f32x4.extract_lane(kind === 3 ? i32x4.shl(bits, 16) : half4(bits), 0);
}

function floats1(args: usize, kind: i32, r0: i32, r1: i32, t: i32): void {
  const k = load<i32>(args, 36), bias = <usize>load<i32>(args, 44);
  const y = <usize>load<i32>(args, 24) + (<usize>t * <usize>load<i32>(args, 28) << 2);
  const x = <usize>load<i32>(args, 8) + (<usize>t * <usize>k << 2);
  const size: usize = kind === 0 ? 4 : 2;
  let w = <usize>load<i32>(args, 4) + <usize>r0 * <usize>k * size;
  for (let r = r0; r < r1; r++) {
    let a = f32x4.splat(0), b = a;
    let i = 0, p = x;
    for (; i + 8 <= k; i += 8) {
      a = madd(load4(kind, w), v128.load(p), a);
      b = madd(load4(kind, w + 4 * size), v128.load(p, 16), b);
      w += 8 * size; p += 32;
    }
    let s = sum4(f32x4.add(a, b));
    for (; i < k; i++) { s += load1(kind, w) * load<f32>(p); w += size; p += 4; }
    put(y, bias, r, s);
  }
}

function floats4(args: usize, kind: i32, r0: i32, r1: i32, t: i32): void {
  const k = load<i32>(args, 36), bias = <usize>load<i32>(args, 44);
  const ldy = <usize>load<i32>(args, 28) << 2;
  const y = <usize>load<i32>(args, 24) + <usize>t * ldy;
  const row = <usize>k << 2;
  const x = <usize>load<i32>(args, 8) + <usize>t * row;
  const size: usize = kind === 0 ? 4 : 2;
  let w = <usize>load<i32>(args, 4) + <usize>r0 * <usize>k * size;
  for (let r = r0; r < r1; r++) {
    let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
    let i = 0, p = x;
    for (; i + 4 <= k; i += 4) {
      const v = load4(kind, w);
      a0 = madd(v, v128.load(p), a0); a1 = madd(v, v128.load(p + row), a1);
      a2 = madd(v, v128.load(p + 2 * row), a2); a3 = madd(v, v128.load(p + 3 * row), a3);
      w += 4 * size; p += 16;
    }
    let s0 = sum4(a0), s1 = sum4(a1), s2 = sum4(a2), s3 = sum4(a3);
    for (; i < k; i++) {
      const v = load1(kind, w);
      s0 += v * load<f32>(p); s1 += v * load<f32>(p + row); s2 += v * load<f32>(p + 2 * row); s3 += v * load<f32>(p + 3 * row);
      w += size; p += 4;
    }
    put(y, bias, r, s0); put(y + ldy, bias, r, s1); put(y + 2 * ldy, bias, r, s2); put(y + 3 * ldy, bias, r, s3);
  }
}
