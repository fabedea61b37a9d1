// y[t, r] = sum_k W[r, k] x[t, k] (+ bias[r]) for weights that stay packed in memory (packed.as.ts) or are plain floats. One token (decoding) unpacks weights in
// registers and runs at the speed of memory; several share a panel (panel.as.ts). The threads split the rows of W.
//
// Packed weights multiply 16-bit activations, quantised in blocks of 32 (norm.as.ts): exact integer products, the rounding is 2^-16 of a block's largest value.
//
// args: kind, w, x, xq, xScale, xSum, y, ldy, tokens, k, n, bias, scratch, scratch bytes a thread
import { madd } from './gemm.as';
import { floats1, floats4 } from './linear-floats.as';
import { half4, share } from './math.as';
import { K4, K8, Q4, Q8, Q8M, groupBytes, signedBytes, unsignedBytes } from './packed.as';
import { panels } from './panel.as';

export function linear(args: usize, thread: i32, threads: i32): void {
  const kind = load<i32>(args), n = load<i32>(args, 40);
  const tokens = load<i32>(args, 32);
  const unit = tokens > 1 ? 8 : 4;
  const r0 = share(n, unit, thread, threads), r1 = share(n, unit, thread + 1, threads);
  if (r0 >= r1) return;
  if (kind === 0 || kind === 3 || kind === 4) {
    let t = 0;
    for (; t + 4 <= tokens; t += 4) floats4(args, kind, r0, r1, t);
    for (; t < tokens; t++) floats1(args, kind, r0, r1, t);
  } else if (tokens > 1) {
    panels(args, r0, r1, <usize>load<i32>(args, 48) + <usize>thread * <usize>load<i32>(args, 52));
  } else if (kind === Q4) fourBits(args, r0, r1);
  else if (kind === Q8) eightBits<Q8Kind>(args, r0, r1);
  else if (kind === Q8M) eightBits<Q8MKind>(args, r0, r1);
  else if (kind === K4) superFour(args, r0, r1);
  else if (kind === K8) superEight(args, r0, r1);
}

class Q8Kind {}
class Q8MKind {}

// @ts-ignore: decorator
@inline
function put4(y: usize, bias: usize, r: i32, n: i32, v: v128): void {
  const at = y + (<usize>r << 2);
  if (r + 4 > n) { tail(at, bias, r, n, v); return; }
  v128.store(at, bias === 0 ? v : f32x4.add(v, v128.load(bias + (<usize>r << 2))));
}

function tail(at: usize, bias: usize, r: i32, n: i32, v: v128): void {
  for (let i = 0; i < 4 && r + i < n; i++) {
    let x = i === 0 ? f32x4.extract_lane(v, 0) : i === 1 ? f32x4.extract_lane(v, 1) : i === 2 ? f32x4.extract_lane(v, 2) : f32x4.extract_lane(v, 3);
    if (bias !== 0) x += load<f32>(bias + (<usize>(r + i) << 2));
    store<f32>(at + (<usize>i << 2), x);
  }
}

// @ts-ignore: decorator
@inline
function dot(sum: v128, w: v128, x: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(w, x));
}

// The products of 32 columns of four rows of nibbles.
// @ts-ignore: decorator
@inline
function nibbles(w: usize, x: usize): v128 {
  const mask = i16x8.splat(15);
  let s = i32x4.splat(0), u = s;
  for (let g: usize = 0; g < 4; g++) {
    const v = v128.load(w + (g << 4)), p = x + (g << 3);
    s = dot(s, v128.and(v, mask), v128.load32_splat(p));
    u = dot(u, v128.and(i16x8.shr_u(v, 8), mask), v128.load32_splat(p, 4));
    s = dot(s, v128.and(i16x8.shr_u(v, 4), mask), v128.load32_splat(p, 32));
    u = dot(u, i16x8.shr_u(v, 12), v128.load32_splat(p, 36));
  }
  return i32x4.add(s, u);
}

// The products of 4 `words` columns of four rows of bytes.
// @ts-ignore: decorator
@inline
function bytes(w: usize, x: usize, words: usize): v128 {
  let s = i32x4.splat(0), u = s;
  for (let g: usize = 0; g < words; g++) {
    const v = v128.load(w + (g << 4)), p = x + (g << 3);
    s = dot(s, i16x8.shr_s(i16x8.shl(v, 8), 8), v128.load32_splat(p));
    u = dot(u, i16x8.shr_s(v, 8), v128.load32_splat(p, 4));
  }
  return i32x4.add(s, u);
}

function fourBits(args: usize, r0: i32, r1: i32): void {
  const n = load<i32>(args, 40), bias = <usize>load<i32>(args, 44), blocks = load<i32>(args, 36) >> 5;
  const y = <usize>load<i32>(args, 24), xq = <usize>load<i32>(args, 12), xs = <usize>load<i32>(args, 16), xm = <usize>load<i32>(args, 20);
  let w = <usize>load<i32>(args, 4) + <usize>(r0 >> 2) * groupBytes(Q4, blocks);
  for (let r = r0; r < r1; r += 4) {
    let acc = f32x4.splat(0);
    let px = xq, ps = xs, pm = xm;
    for (let b = 0; b < blocks; b++) {
      const sum = nibbles(w, px);
      acc = madd(f32x4.mul(half4(v128.load16x4_u(w, 64)), v128.load32_splat(ps)), f32x4.convert_i32x4_s(sum), acc);
      acc = madd(half4(v128.load16x4_u(w, 72)), v128.load32_splat(pm), acc);
      w += 80; px += 64; ps += 4; pm += 4;
    }
    put4(y, bias, r, n, acc);
  }
}

function eightBits<K>(args: usize, r0: i32, r1: i32): void {
  const minima = idof<K>() === idof<Q8MKind>();
  const n = load<i32>(args, 40), bias = <usize>load<i32>(args, 44), blocks = load<i32>(args, 36) >> 5;
  const y = <usize>load<i32>(args, 24), xq = <usize>load<i32>(args, 12), xs = <usize>load<i32>(args, 16), xm = <usize>load<i32>(args, 20);
  let w = <usize>load<i32>(args, 4) + <usize>(r0 >> 2) * groupBytes(minima ? Q8M : Q8, blocks);
  for (let r = r0; r < r1; r += 4) {
    let acc = f32x4.splat(0);
    let px = xq, ps = xs, pm = xm;
    for (let b = 0; b < blocks; b++) {
      const sum = bytes(w, px, 8);
      acc = madd(f32x4.mul(half4(v128.load16x4_u(w, 128)), v128.load32_splat(ps)), f32x4.convert_i32x4_s(sum), acc);
      if (minima) acc = madd(half4(v128.load16x4_u(w, 136)), v128.load32_splat(pm), acc);
      w += minima ? 144 : 136;
      px += 64; ps += 4; pm += 4;
    }
    put4(y, bias, r, n, acc);
  }
}

function superFour(args: usize, r0: i32, r1: i32): void {
  const n = load<i32>(args, 40), bias = <usize>load<i32>(args, 44), blocks = load<i32>(args, 36) >> 5;
  const y = <usize>load<i32>(args, 24), xq = <usize>load<i32>(args, 12), xs = <usize>load<i32>(args, 16), xm = <usize>load<i32>(args, 20);
  let w = <usize>load<i32>(args, 4) + <usize>(r0 >> 2) * groupBytes(K4, blocks);
  for (let r = r0; r < r1; r += 4) {
    let acc = f32x4.splat(0);
    let px = xq, ps = xs, pm = xm;
    for (let top = 0; top < blocks; top += 8) {
      const d = half4(v128.load16x4_u(w, 576)), dmin = f32x4.neg(half4(v128.load16x4_u(w, 584)));
      for (let b = 0; b < 8; b++) {
        const sum = nibbles(w, px);
        acc = madd(f32x4.mul(f32x4.mul(d, signedBytes(w + 64)), v128.load32_splat(ps)), f32x4.convert_i32x4_s(sum), acc);
        acc = madd(f32x4.mul(dmin, unsignedBytes(w + 68)), v128.load32_splat(pm), acc);
        w += 72; px += 64; ps += 4; pm += 4;
      }
      w += 16;
    }
    put4(y, bias, r, n, acc);
  }
}

function superEight(args: usize, r0: i32, r1: i32): void {
  const n = load<i32>(args, 40), bias = <usize>load<i32>(args, 44), blocks = load<i32>(args, 36) >> 5;
  const y = <usize>load<i32>(args, 24), xq = <usize>load<i32>(args, 12), xs = <usize>load<i32>(args, 16);
  const xm = <usize>load<i32>(args, 20) + (<usize>blocks << 2); // sums of 16
  let w = <usize>load<i32>(args, 4) + <usize>(r0 >> 2) * groupBytes(K8, blocks);
  for (let r = r0; r < r1; r += 4) {
    let acc = f32x4.splat(0);
    let px = xq, ps = xs, pm = xm;
    for (let top = 0; top < blocks; top += 8) {
      const d = half4(v128.load16x4_u(w, 1152)), dmin = f32x4.neg(half4(v128.load16x4_u(w, 1160)));
      for (let b = 0; b < 8; b++) {
        const scale = v128.load32_splat(ps);
        for (let side = 0; side < 2; side++) {
          const sum = bytes(w, px, 4);
          acc = madd(f32x4.mul(f32x4.mul(d, signedBytes(w + 64)), scale), f32x4.convert_i32x4_s(sum), acc);
          acc = madd(f32x4.mul(dmin, unsignedBytes(w + 68)), v128.load32_splat(pm), acc);
          w += 72; px += 32; pm += 4;
        }
        ps += 4;
      }
      w += 16;
    }
    put4(y, bias, r, n, acc);
  }
}
