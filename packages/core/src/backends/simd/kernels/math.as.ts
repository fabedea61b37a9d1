// exp, log and tanh of four floats at once: range reduction and a minimax polynomial (the classic Cephes coefficients), within 2 ulp of the
// correctly rounded value; overflow gives infinity, underflow zero, NaN stays NaN.

// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  const over = f32x4.gt(x, f32x4.splat(88.72284)), under = f32x4.lt(x, f32x4.splat(-103.97208)), nan = f32x4.ne(x, x);
  const clamped = f32x4.min(f32x4.max(x, f32x4.splat(-87.33655)), f32x4.splat(88.72284));
  const n = f32x4.nearest(f32x4.mul(clamped, f32x4.splat(1.44269504088896341)));
  let r = f32x4.sub(clamped, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  let p = f32x4.splat(1.9875691500e-4);
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.3981999507e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519073e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001201e-1));
  p = f32x4.add(f32x4.add(f32x4.mul(p, f32x4.mul(r, r)), r), f32x4.splat(1));
  // 2^n in two factors, so that n = 128 does not overflow the exponent field before the product does.
  const i = i32x4.trunc_sat_f32x4_s(n);
  const half = i32x4.shr_s(i, 1);
  const s1 = i32x4.shl(i32x4.add(half, i32x4.splat(127)), 23);
  const s2 = i32x4.shl(i32x4.add(i32x4.sub(i, half), i32x4.splat(127)), 23);
  let y = f32x4.mul(f32x4.mul(p, s1), s2);
  y = v128.bitselect(f32x4.splat(Infinity), y, over);
  y = v128.andnot(y, under);
  return v128.bitselect(x, y, nan);
}

// a b + c, one instruction where the engine has relaxed SIMD.
// @ts-ignore: decorator
@inline
function mulAdd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/**
 * exp for x <= 0 (a softmax's, a sigmoid's), a third of exp4's work: the integer part is read off the bits of x log2 e + 1.5 2^23, one factor 2^n suffices, and there is no overflow. Below the
 * smallest normal number it gives 0; NaN stays NaN.
 */
// @ts-ignore: decorator
@inline
export function expBelow4(x: v128): v128 {
  const magic = f32x4.splat(12582912);
  const clamped = f32x4.pmax(x, f32x4.splat(-87.33655)); // pmax keeps a NaN in its first place
  const z = mulAdd(clamped, f32x4.splat(1.44269504088896341), magic);
  const n = f32x4.sub(z, magic);
  let r = mulAdd(n, f32x4.splat(-0.693359375), clamped);
  r = mulAdd(n, f32x4.splat(2.12194440e-4), r);
  let p = f32x4.splat(1.9875691500e-4);
  p = mulAdd(p, r, f32x4.splat(1.3981999507e-3));
  p = mulAdd(p, r, f32x4.splat(8.3334519073e-3));
  p = mulAdd(p, r, f32x4.splat(4.1665795894e-2));
  p = mulAdd(p, r, f32x4.splat(1.6666665459e-1));
  p = mulAdd(p, r, f32x4.splat(5.0000001201e-1));
  p = mulAdd(p, f32x4.mul(r, r), f32x4.add(r, f32x4.splat(1)));
  // The magic number's own bits leave the exponent field when shifted: 0x4b400000 << 23 is 0.
  const scale = i32x4.add(i32x4.shl(z, 23), f32x4.splat(1));
  return v128.andnot(f32x4.mul(p, scale), f32x4.lt(x, f32x4.splat(-87.33655)));
}

// @ts-ignore: decorator
@inline
export function sigmoid4(x: v128): v128 {
  const e = expBelow4(f32x4.neg(f32x4.abs(x))); // in (0, 1]: no overflow on either side
  const d = f32x4.add(f32x4.splat(1), e);
  return v128.bitselect(f32x4.div(e, d), f32x4.div(f32x4.splat(1), d), f32x4.lt(x, f32x4.splat(0)));
}

// @ts-ignore: decorator
@inline
export function tanh4(x: v128): v128 {
  const a = f32x4.abs(x);
  // Near zero the quotient loses digits: an odd polynomial there.
  const z = f32x4.mul(x, x);
  let p = f32x4.splat(-5.70498872745e-3);
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(2.06390887954e-2));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(-5.37397155531e-2));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(1.33314422036e-1));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(-3.33332819422e-1));
  const small = f32x4.add(f32x4.mul(f32x4.mul(p, z), x), x);
  const e = exp4(f32x4.mul(a, f32x4.splat(-2)));
  const big = f32x4.div(f32x4.sub(f32x4.splat(1), e), f32x4.add(f32x4.splat(1), e));
  const signed = v128.or(big, v128.and(x, i32x4.splat(0x80000000)));
  return v128.bitselect(small, signed, f32x4.lt(a, f32x4.splat(0.625)));
}

// @ts-ignore: decorator
@inline
export function log4(x: v128): v128 {
  const zero = f32x4.eq(x, f32x4.splat(0)), bad = v128.or(f32x4.lt(x, f32x4.splat(0)), f32x4.ne(x, x)), inf = f32x4.eq(x, f32x4.splat(Infinity));
  // Subnormals are scaled up first.
  const tiny = f32x4.lt(x, f32x4.splat(1.17549435e-38));
  const v = v128.bitselect(f32x4.mul(x, f32x4.splat(8388608)), x, tiny);
  let e = i32x4.sub(i32x4.shr_u(v, 23), i32x4.splat(126));
  e = i32x4.sub(e, v128.and(tiny, i32x4.splat(23)));
  let m = v128.or(v128.and(v, i32x4.splat(0x007fffff)), i32x4.splat(0x3f000000)); // [0.5, 1)
  const low = f32x4.lt(m, f32x4.splat(0.707106781186547524));
  e = i32x4.add(e, low); // minus one where low
  m = f32x4.sub(f32x4.add(m, v128.and(m, low)), f32x4.splat(1));
  const z = f32x4.mul(m, m);
  let p = f32x4.splat(7.0376836292e-2);
  p = f32x4.add(f32x4.mul(p, m), f32x4.splat(-1.1514610310e-1));
  p = f32x4.add(f32x4.mul(p, m), f32x4.splat(1.1676998740e-1));
  p = f32x4.add(f32x4.mul(p, m), f32x4.splat(-1.2420140846e-1));
  p = f32x4.add(f32x4.mul(p, m), f32x4.splat(1.4249322787e-1));
  p = f32x4.add(f32x4.mul(p, m), f32x4.splat(-1.6668057665e-1));
  p = f32x4.add(f32x4.mul(p, m), f32x4.splat(2.0000714765e-1));
  p = f32x4.add(f32x4.mul(p, m), f32x4.splat(-2.4999993993e-1));
  p = f32x4.add(f32x4.mul(p, m), f32x4.splat(3.3333331174e-1));
  const ef = f32x4.convert_i32x4_s(e);
  let y = f32x4.mul(f32x4.mul(p, z), m);
  y = f32x4.add(y, f32x4.mul(ef, f32x4.splat(-2.12194440e-4)));
  y = f32x4.sub(y, f32x4.mul(z, f32x4.splat(0.5)));
  y = f32x4.add(f32x4.add(m, y), f32x4.mul(ef, f32x4.splat(0.693359375)));
  y = v128.bitselect(f32x4.splat(Infinity), y, inf);
  y = v128.bitselect(f32x4.splat(-Infinity), y, zero);
  return v128.bitselect(f32x4.splat(NaN), y, bad);
}

// @ts-ignore: decorator
@inline
export function sum4(v: v128): f32 {
  return (f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1)) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

// @ts-ignore: decorator
@inline
export function sum4i(v: v128): i32 {
  return (i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1)) + (i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3));
}

// Four floats at p times f, rounded to integers below 2^22: the sum with 1.5 2^23 has them in its low bits.
// @ts-ignore: decorator
@inline
export function whole(p: usize, f: v128): v128 {
  const magic = f32x4.splat(12582912);
  return i32x4.sub(f32x4.add(f32x4.mul(v128.load(p), f), magic), magic);
}

// @ts-ignore: decorator
@inline
export function max4(v: v128): f32 {
  return max(max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)), max(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)));
}

// Four float16 to float32: exponent rebias by a multiplication, which is right for subnormals too (weights are finite).
// @ts-ignore: decorator
@inline
export function half4(bits: v128): v128 {
  const magnitude = f32x4.mul(i32x4.shl(v128.and(bits, i32x4.splat(0x7fff)), 13), f32x4.splat(5.192296858534828e33));
  return v128.or(magnitude, i32x4.shl(v128.and(bits, i32x4.splat(0x8000)), 16));
}

/** The first item of share `part` of `count` items cut into `parts` shares at multiples of `unit`. */
export function share(count: i32, unit: i32, part: i32, parts: i32): i32 {
  const units = (count + unit - 1) / unit;
  const at = <i32>((<i64>units * <i64>part) / <i64>parts) * unit;
  return at < count ? at : count;
}
