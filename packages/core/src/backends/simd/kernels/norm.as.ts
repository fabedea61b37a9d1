// Rows on their way between the linear layers: residual sums, norms, quantisation of activations, activations of the MLP.
import { HALF_BIAS, RECORD } from './one-token.as';
import { exp4, max4, share, sigmoid4, sum4, sum4i, tanh4, whole } from './math.as';

/**
 * x[r] += addScale * addend[r] if there is one; then out[r] = norm(x[r]) if there is an out. The weight's row is r mod weightRows.
 * args: x, addend, addScale, out, rows, dim, kind (0 rms, 1 layer), eps, weight, bias, weightRows
 */
export function norm(args: usize, thread: i32, threads: i32): void {
  const rows = load<i32>(args, 16), dim = load<i32>(args, 20);
  const addend = <usize>load<i32>(args, 4), output = <usize>load<i32>(args, 12);
  const scale = f32x4.splat(load<f32>(args, 8)), scale1 = load<f32>(args, 8);
  const layer = load<i32>(args, 24) !== 0;
  const eps = load<f32>(args, 28);
  const weight = <usize>load<i32>(args, 32), bias = <usize>load<i32>(args, 36), weightRows = load<i32>(args, 40);
  const bytes = <usize>dim << 2;
  const r1 = share(rows, 1, thread + 1, threads);
  for (let r = share(rows, 1, thread, threads); r < r1; r++) {
    const x = <usize>load<i32>(args) + <usize>r * bytes;
    if (addend !== 0) {
      const y = addend + <usize>r * bytes;
      let i: usize = 0;
      for (; i + 16 <= bytes; i += 16) v128.store(x + i, f32x4.add(v128.load(x + i), f32x4.mul(scale, v128.load(y + i))));
      for (; i < bytes; i += 4) store<f32>(x + i, load<f32>(x + i) + scale1 * load<f32>(y + i));
    }
    if (output === 0) continue;
    const out = output + <usize>r * bytes;
    let mean: f32 = 0;
    if (layer) mean = total(x, bytes) / <f32>dim;
    const factor = <f32>(1.0 / Math.sqrt(<f64>(squares(x, bytes, mean) / <f32>dim + eps)));
    const w = weight + (weightRows > 1 ? <usize>(r % weightRows) * bytes : 0);
    const b = bias + (weightRows > 1 ? <usize>(r % weightRows) * bytes : 0);
    const f = f32x4.splat(factor), shift = f32x4.splat(mean);
    let i: usize = 0;
    for (; i + 16 <= bytes; i += 16) {
      let v = f32x4.mul(f32x4.sub(v128.load(x + i), shift), f);
      if (weight !== 0) v = f32x4.mul(v, v128.load(w + i));
      if (bias !== 0) v = f32x4.add(v, v128.load(b + i));
      v128.store(out + i, v);
    }
    for (; i < bytes; i += 4) {
      let v = (load<f32>(x + i) - mean) * factor;
      if (weight !== 0) v *= load<f32>(w + i);
      if (bias !== 0) v += load<f32>(b + i);
      store<f32>(out + i, v);
    }
  }
}

function total(x: usize, bytes: usize): f32 {
  let a = f32x4.splat(0);
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) a = f32x4.add(a, v128.load(x + i));
  let s = sum4(a);
  for (; i < bytes; i += 4) s += load<f32>(x + i);
  return s;
}

function squares(x: usize, bytes: usize, mean: f32): f32 {
  let a = f32x4.splat(0);
  const shift = f32x4.splat(mean);
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) { const v = f32x4.sub(v128.load(x + i), shift); a = f32x4.add(a, f32x4.mul(v, v)); }
  let s = sum4(a);
  for (; i < bytes; i += 4) { const v = load<f32>(x + i) - mean; s += v * v; }
  return s;
}

/**
 * Activations for packed weights, in blocks of 32: q = round(x / s) as int16 with s = max|x| / 32767, the columns of each four in the order 0 2 1 3 (packed.as.ts
 * says why); s; and the sums s * sum(q), of the blocks [rows, blocks] and behind those of their halves [rows, 2 blocks]. Of several rows four lie
 * together, pair by pair: [rows / 4, dim / 2, 4, 2]. One row stands alone as records of all that (one-token.as.ts). args: x, rows, dim, q, scales, sums
 */
export function quantize(args: usize, thread: i32, threads: i32): void {
  const x = <usize>load<i32>(args), q = <usize>load<i32>(args, 12), scales = <usize>load<i32>(args, 16), sums = <usize>load<i32>(args, 20);
  const rows = load<i32>(args, 4), dim = load<i32>(args, 8), inRow = dim >> 5, blocks = rows * inRow;
  const halves = sums + (<usize>blocks << 2);
  const last = share(blocks, 1, thread + 1, threads);
  for (let b = share(blocks, 1, thread, threads); b < last; b++) {
    const p = x + (<usize>b << 7);
    let top = f32x4.abs(v128.load(p));
    for (let i: usize = 16; i < 128; i += 16) top = f32x4.max(top, f32x4.abs(v128.load(p + i)));
    const a = max4(top);
    const scale = a / 32767;
    const f = f32x4.splat(a === 0 ? 0 : 32767 / a);
    let first: i32, second: i32;
    if (rows === 1) {
      const o = q + <usize>b * RECORD, biased = scale * HALF_BIAS;
      first = sixteen<Dense>(p, o, f);
      second = sixteen<Dense>(p + 64, o + 32, f);
      store<f32>(o, biased, 64);
      store<f32>(o, biased * <f32>(first + second), 68);
      store<f32>(o, biased * <f32>first, 72);
      store<f32>(o, biased * <f32>second, 76);
      store<i32>(o, -128 * first, 80);
      store<i32>(o, -128 * second, 84);
      store<i32>(o, -128 * (first + second), 88);
      store<i32>(o, -8 * (first + second), 92);
      continue;
    } else {
      const t = b / inRow;
      const o = q + (<usize>(t >> 2) * <usize>dim << 3) + (<usize>(b - t * inRow) << 8) + (<usize>(t & 3) << 2);
      first = sixteen<Spread>(p, o, f);
      second = sixteen<Spread>(p + 64, o + 128, f);
    }
    store<f32>(scales + (<usize>b << 2), scale);
    store<f32>(sums + (<usize>b << 2), scale * <f32>(first + second));
    store<f32>(halves + (<usize>b << 3), scale * <f32>first);
    store<f32>(halves + (<usize>b << 3), scale * <f32>second, 4);
  }
}

// Compile-time choice: pairs one after the other, or 16 bytes apart.
class Dense {}
class Spread {}

// Sixteen floats times f as int16 in the order of the kernels; their sum.
// @ts-ignore: decorator
@inline
function sixteen<L>(p: usize, o: usize, f: v128): i32 {
  const a = whole(p, f), b = whole(p + 16, f), c = whole(p + 32, f), d = whole(p + 48, f);
  const low = swapped(i16x8.narrow_i32x4_s(a, b)), high = swapped(i16x8.narrow_i32x4_s(c, d));
  if (idof<L>() === idof<Dense>()) {
    v128.store(o, low);
    v128.store(o, high, 16);
  } else {
    v128.store32_lane(o, low, 0); v128.store32_lane(o, low, 1, 16); v128.store32_lane(o, low, 2, 32); v128.store32_lane(o, low, 3, 48);
    v128.store32_lane(o, high, 0, 64); v128.store32_lane(o, high, 1, 80); v128.store32_lane(o, high, 2, 96); v128.store32_lane(o, high, 3, 112);
  }
  return sum4i(i32x4.add(i32x4.add(a, b), i32x4.add(c, d)));
}

// @ts-ignore: decorator
@inline
function swapped(v: v128): v128 {
  return v128.shuffle<i16>(v, v, 0, 2, 1, 3, 4, 6, 5, 7);
}

/** out = act(gate) * up, or act(gate) without up. args: gate, up, out, count, kind (0 silu, 1 gelu, 2 gelu-tanh, 3 quick-gelu, 4 relu, 5 relu-squared) */
export function activate(args: usize, thread: i32, threads: i32): void {
  const gate = <usize>load<i32>(args), up = <usize>load<i32>(args, 4), out = <usize>load<i32>(args, 8);
  const count = load<i32>(args, 12), kind = load<i32>(args, 16);
  const last = share(count, 4, thread + 1, threads);
  let i = share(count, 4, thread, threads);
  for (; i + 4 <= last; i += 4) {
    const at = <usize>i << 2;
    const v = activation(v128.load(gate + at), kind);
    v128.store(out + at, up === 0 ? v : f32x4.mul(v, v128.load(up + at)));
  }
  for (; i < last; i++) {
    const at = <usize>i << 2;
    const v = f32x4.extract_lane(activation(f32x4.splat(load<f32>(gate + at)), kind), 0);
    store<f32>(out + at, up === 0 ? v : v * load<f32>(up + at));
  }
}

// @ts-ignore: decorator
@inline
function activation(x: v128, kind: i32): v128 {
  if (kind === 0) return f32x4.mul(x, sigmoid4(x));
  if (kind === 1) return f32x4.mul(f32x4.mul(x, f32x4.splat(0.5)), f32x4.add(f32x4.splat(1), erf4(f32x4.mul(x, f32x4.splat(0.70710678118654752)))));
  if (kind === 2) {
    const inner = f32x4.mul(f32x4.splat(0.7978845608028654), f32x4.add(x, f32x4.mul(f32x4.splat(0.044715), f32x4.mul(x, f32x4.mul(x, x)))));
    return f32x4.mul(f32x4.mul(x, f32x4.splat(0.5)), f32x4.add(f32x4.splat(1), tanh4(inner)));
  }
  if (kind === 3) return f32x4.mul(x, sigmoid4(f32x4.mul(x, f32x4.splat(1.702))));
  const r = f32x4.max(x, f32x4.splat(0));
  return kind === 4 ? r : f32x4.mul(r, r);
}

// Abramowitz and Stegun 7.1.26: |error| <= 1.5e-7.
function erf4(x: v128): v128 {
  const a = f32x4.abs(x);
  const t = f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), f32x4.mul(f32x4.splat(0.3275911), a)));
  let p = f32x4.splat(1.061405429);
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(-1.453152027));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(1.421413741));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(-0.284496736));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(0.254829592));
  const y = f32x4.sub(f32x4.splat(1), f32x4.mul(f32x4.mul(p, t), exp4(f32x4.neg(f32x4.mul(a, a)))));
  return v128.or(y, v128.and(x, i32x4.splat(0x80000000)));
}
