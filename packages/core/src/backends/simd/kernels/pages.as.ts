// Pages of the cache. A page holds for each layer keys [groups, pageSize, D] and then values [groups, pageSize, D], D = headDim rounded up to a multiple of 4
// (the rest is zero), in one of three kinds: 0 float32, 1 float16, 2 int8 with a float32 scale for each token of a group, behind the values: for keys
// [groups, pageSize], then for values. A row of `table` is one token of one sequence, 8 words: [position, blocks (address), number of
// blocks, page to write (address), slot to write, 0, 0, 0]; a block is [page address, first position].
import { half4, max4, share } from './math.as';

/** Bytes of a token's keys (or values) of one group. */
// @ts-ignore: decorator
@inline
export function tokenBytes(kind: i32, d: i32): usize {
  return (<usize>((d + 3) & ~3) << 2) >> kind;
}

/** Writes keys and values of each row into its page. args: k, v, ld, rows (count), table, groups, d, pageSize, layerOffset (bytes), kind */
export function append(args: usize, thread: i32, threads: i32): void {
  const ld = <usize>load<i32>(args, 8) << 2;
  const count = load<i32>(args, 12), groups = <usize>load<i32>(args, 20), d = load<i32>(args, 24), pageSize = <usize>load<i32>(args, 28);
  const kind = load<i32>(args, 36);
  const size = tokenBytes(kind, d);
  const last = share(count, 1, thread + 1, threads);
  for (let r = share(count, 1, thread, threads); r < last; r++) {
    const entry = <usize>load<i32>(args, 16) + (<usize>r << 5);
    const page = <usize>load<i32>(entry, 12) + <usize>load<i32>(args, 32);
    const slot = <usize>load<i32>(entry, 16);
    const half = groups * pageSize * size;
    for (let g: usize = 0; g < groups; g++) {
      const at = g * pageSize + slot, from = <usize>r * ld + ((g * <usize>d) << 2);
      put(<usize>load<i32>(args) + from, page + at * size, d, kind, page + 2 * half + (at << 2));
      put(<usize>load<i32>(args, 4) + from, page + half + at * size, d, kind, page + 2 * half + ((groups * pageSize + at) << 2));
    }
  }
}

// d floats into a page; what follows them up to a multiple of 4 is zero.
function put(x: usize, to: usize, d: i32, kind: i32, scale: usize): void {
  let f = f32x4.splat(1);
  if (kind === 2) {
    let top = f32x4.splat(0);
    for (let i = 0; i < d; i += 4) top = f32x4.max(top, f32x4.abs(four(x, i, d)));
    const a = max4(top);
    store<f32>(scale, a / 127);
    f = f32x4.splat(a === 0 ? 0 : 127 / a);
  }
  for (let i = 0; i < d; i += 4) {
    const v = four(x, i, d);
    if (kind === 0) v128.store(to + (<usize>i << 2), v);
    else if (kind === 1) v128.store64_lane(to + (<usize>i << 1), halves(v), 0);
    else {
      const n = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v, f)));
      const words = i16x8.narrow_i32x4_s(n, n);
      v128.store32_lane(to + <usize>i, i8x16.narrow_i16x8_s(words, words), 0);
    }
  }
}

// @ts-ignore: decorator
@inline
function four(x: usize, i: i32, d: i32): v128 {
  const p = x + (<usize>i << 2);
  if (i + 4 <= d) return v128.load(p);
  let v = v128.load32_zero(p);
  if (i + 1 < d) v = f32x4.replace_lane(v, 1, load<f32>(p, 4));
  if (i + 2 < d) v = f32x4.replace_lane(v, 2, load<f32>(p, 8));
  return v;
}

// Four floats as float16, to nearest even, finite ones beyond the range as its largest: 64 bits in the low half.
function halves(v: v128): v128 {
  const sign = i32x4.shr_u(v128.and(v, i32x4.splat(0x80000000)), 16);
  const m = f32x4.min(f32x4.abs(v), f32x4.splat(65504));
  const odd = v128.and(i32x4.shr_u(m, 13), i32x4.splat(1));
  const normal = i32x4.shr_u(i32x4.add(i32x4.add(m, i32x4.splat(0xc8000fff)), odd), 13);
  // Below 2^-14: adding 0.5 aligns the last bit of the fraction with 2^-24 and rounds.
  const subnormal = i32x4.sub(f32x4.add(m, f32x4.splat(0.5)), i32x4.splat(0x3f000000));
  const bits = v128.or(sign, v128.bitselect(subnormal, normal, f32x4.lt(m, f32x4.splat(6.103515625e-5))));
  return i16x8.narrow_i32x4_u(bits, bits);
}

/** `n` tokens of one group of a page as float32 [n, D]. */
export function widen(from: usize, scales: usize, n: i32, d: i32, kind: i32, out: usize): void {
  const padded = (d + 3) & ~3;
  if (kind === 1) {
    for (let i = 0; i < n * padded; i += 4) { v128.store(out, half4(v128.load16x4_u(from))); from += 8; out += 16; }
    return;
  }
  for (let j = 0; j < n; j++) {
    const s = v128.load32_splat(scales + (<usize>j << 2));
    for (let i = 0; i < padded; i += 4) {
      const q = i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(from)));
      v128.store(out, f32x4.mul(f32x4.convert_i32x4_s(q), s));
      from += 4; out += 16;
    }
  }
}
