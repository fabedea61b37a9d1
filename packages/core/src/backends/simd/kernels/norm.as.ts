// Rows on their way between the linear layers: residual sums, norms, quantisation of activations, activations of the MLP.
import { exp4, share, sigmoid4, sum4, tanh4 } from './math.as';

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
 * Blocks of 32: q = round(x / s) with s = max|x| / 127, and s * sum(q); with a second plane r = round(254 (x / s - q)) behind each block's q, and
 * s * sum(q + r / 254). args: x, rows, dim, q, scales, sums, planes (1 or 2)
 */
export function quantize(args: usize, thread: i32, threads: i32): void {
  const x = <usize>load<i32>(args), q = <usize>load<i32>(args, 12), scales = <usize>load<i32>(args, 16), sums = <usize>load<i32>(args, 20);
  const two = load<i32>(args, 24) === 2;
  const blocks = load<i32>(args, 4) * (load<i32>(args, 8) >> 5);
  const last = share(blocks, 1, thread + 1, threads);
  for (let b = share(blocks, 1, thread, threads); b < last; b++) {
    const p = x + (<usize>b << 7), o = q + (<usize>b << (two ? 6 : 5));
    let top = f32x4.abs(v128.load(p));
    for (let i: usize = 16; i < 128; i += 16) top = f32x4.max(top, f32x4.abs(v128.load(p + i)));
    const a = max(max(f32x4.extract_lane(top, 0), f32x4.extract_lane(top, 1)), max(f32x4.extract_lane(top, 2), f32x4.extract_lane(top, 3)));
    const scale = a / 127;
    const f = f32x4.splat(a === 0 ? 0 : 127 / a);
    let sum = i32x4.splat(0), rest = sum;
    for (let i: usize = 0; i < 2; i++) {
      const at = p + (i << 6);
      const y0 = f32x4.mul(v128.load(at), f), y1 = f32x4.mul(v128.load(at, 16), f), y2 = f32x4.mul(v128.load(at, 32), f), y3 = f32x4.mul(v128.load(at, 48), f);
      const n0 = f32x4.nearest(y0), n1 = f32x4.nearest(y1), n2 = f32x4.nearest(y2), n3 = f32x4.nearest(y3);
      sum = i32x4.add(sum, store16(o + (i << 4), n0, n1, n2, n3));
      if (two) {
        const k = f32x4.splat(254);
        const r0 = f32x4.nearest(f32x4.mul(f32x4.sub(y0, n0), k)), r1 = f32x4.nearest(f32x4.mul(f32x4.sub(y1, n1), k));
        const r2 = f32x4.nearest(f32x4.mul(f32x4.sub(y2, n2), k)), r3 = f32x4.nearest(f32x4.mul(f32x4.sub(y3, n3), k));
        rest = i32x4.add(rest, store16(o + 32 + (i << 4), r0, r1, r2, r3));
      }
    }
    store<f32>(scales + (<usize>b << 2), scale);
    store<f32>(sums + (<usize>b << 2), scale * (<f32>lanes(sum) + <f32>lanes(rest) * <f32>(1.0 / 254.0)));
  }
}

// Sixteen whole floats as int8; their sum, four lanes.
// @ts-ignore: decorator
@inline
function store16(at: usize, a: v128, b: v128, c: v128, d: v128): v128 {
  const v0 = i32x4.trunc_sat_f32x4_s(a), v1 = i32x4.trunc_sat_f32x4_s(b), v2 = i32x4.trunc_sat_f32x4_s(c), v3 = i32x4.trunc_sat_f32x4_s(d);
  v128.store(at, i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(v0, v1), i16x8.narrow_i32x4_s(v2, v3)));
  return i32x4.add(i32x4.add(v0, v1), i32x4.add(v2, v3));
}

// @ts-ignore: decorator
@inline
function lanes(v: v128): i32 {
  return i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) + i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3);
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
