// Linear layers whose weights are plain floats: float32, bfloat16 or float16 rows (kinds 0, 3, 4), converted as they are read.
import { madd } from './gemm.as';
import { half4, sum4 } from './math.as';

// @ts-ignore: decorator
@inline
function put(y: usize, bias: usize, r: i32, value: f32): void {
  store<f32>(y + (<usize>r << 2), bias === 0 ? value : value + load<f32>(bias + (<usize>r << 2)));
}

// @ts-ignore: decorator
@inline
export function load4(kind: i32, w: usize): v128 {
  if (kind === 0) return v128.load(w);
  const bits = v128.load16x4_u(w);
  return kind === 3 ? i32x4.shl(bits, 16) : half4(bits);
}

// @ts-ignore: decorator
@inline
export function load1(kind: i32, w: usize): f32 {
  if (kind === 0) return load<f32>(w);
  const bits = i32x4.splat(<i32>load<u16>(w));
  return f32x4.extract_lane(kind === 3 ? i32x4.shl(bits, 16) : half4(bits), 0);
}

/** Rows [r0, r1) for token t. */
export function floats1(args: usize, kind: i32, r0: i32, r1: i32, t: i32): void {
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

/** Rows [r0, r1) for tokens t to t + 3. */
export function floats4(args: usize, kind: i32, r0: i32, r1: i32, t: i32): void {
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
