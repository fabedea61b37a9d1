// Linear layers of several tokens over packed weights: a matrix product of 16-bit integers. Eight rows of weights are unpacked once into a panel that stays in
// the first cache while all tokens pass, four at a time: a tile of 8 rows x 4 tokens in integer registers, one multiply-add for
// two columns of four rows. Scales are applied a block at a time. Where engines join pairs of vectors (`isWide`) a tile is 16 rows x 4 tokens.
import { madd } from './gemm.as';
import { groupBytes, K8, Q4S, Q8, unpack } from './packed.as';

/** Columns of a panel at most: 16 to 20 KiB of weights, so that a panel and four tokens' activations share the first cache. */
const COLUMNS: i32 = 1024, COLUMNS_WIDE: i32 = 640;
// Scratch: weights of eight rows, their scales (at most one block for 16 columns), and the same for the next eight, where tiles have sixteen rows.
const SCALES: usize = 16 * 1024;
const SECOND: usize = 20 * 1024;
/** Where eight spare sums lie behind that: panelBytes in packed-layout.ts. */
export const SPARE: usize = 40 * 1024;

// Set by the host where the engine joins pairs of vectors into 256 bits (compile-kernels.ts), in the control block (vm.as.ts).
const WIDE: usize = 1024 + 384;

/** Says whether tiles have sixteen rows. */
export function useWide(on: i32): void {
  store<i32>(WIDE, on);
}

/** Whether tiles have sixteen rows; never without relaxed SIMD. */
// @ts-ignore: decorator
@inline
export function isWide(): bool {
  return ASC_FEATURE_RELAXED_SIMD && load<i32>(WIDE) !== 0;
}

// Compile-time choices: columns a block, whether weights have minima, and rows a tile.
export class Rows8 {}
export class Rows16 {}
class Blocks32 {}
class Blocks16 {}
class WithMinima {}
class NoMinima {}

/** Rows [r0, r1) for all tokens. */
export function panels(args: usize, r0: i32, r1: i32, scratch: usize): void {
  const kind = load<i32>(args), k = load<i32>(args, 36), n = load<i32>(args, 40), tokens = load<i32>(args, 32);
  const blocks = k >> 5;
  const ldy = <usize>load<i32>(args, 28) << 2;
  const bias = <usize>load<i32>(args, 44);
  const group = groupBytes(kind, blocks);
  const wide = isWide(), most = wide ? COLUMNS_WIDE : COLUMNS;
  const parts = (k + most - 1) / most, step = (blocks + parts - 1) / parts;
  const block = group / <usize>blocks;
  let seen = 0, count = 8;
  for (let r = r0; r < r1; r += count) {
    count = wide && r + 8 < r1 ? 16 : 8;
    const w = <usize>load<i32>(args, 4) + <usize>(r >> 3) * group;
    for (let b0 = 0; b0 < blocks; b0 += step) {
      const b1 = min(b0 + step, blocks);
      unpack(kind, w, b0, b1, scratch, scratch + SCALES);
      if (wide && count === 16) unpack(kind, w + group, b0, b1, scratch + SECOND, scratch + SECOND + SCALES);
      const addend: usize = b0 === 0 && bias !== 0 ? bias + (<usize>r << 2) : 0;
      const rows = min(count, n - r), y = <usize>load<i32>(args, 24) + (<usize>r << 2);
      // What this thread reads next; behind its last piece the same again.
      const next = w + <usize>(r + count >= r1 && b1 === blocks ? b0 : b1) * block;
      const size = <usize>min(b1 - b0, b1 === blocks ? blocks : blocks - b1) * block;
      if (wide && count === 16) seen ^= ofKind<Rows16>(kind, args, k, b0, b1, tokens, y, ldy, addend, rows, scratch, next, size);
      else seen ^= ofKind<Rows8>(kind, args, k, b0, b1, tokens, y, ldy, addend, rows, scratch, next, size);
    }
  }
  store<i32>(scratch, seen);
}

// @ts-ignore: decorator
@inline
function ofKind<R>(
  kind: i32, args: usize, k: i32, b0: i32, b1: i32, tokens: i32, y: usize, ldy: usize, bias: usize, rows: i32, panel: usize, next: usize, size: usize,
): i32 {
  if (kind === K8) return each<Blocks16, WithMinima, R>(args, k, b0, b1, tokens, y, ldy, bias, rows, panel, next, size);
  if (kind === Q8 || kind === Q4S) return each<Blocks32, NoMinima, R>(args, k, b0, b1, tokens, y, ldy, bias, rows, panel, next, size);
  return each<Blocks32, WithMinima, R>(args, k, b0, b1, tokens, y, ldy, bias, rows, panel, next, size);
}

/**
 * Weights come from memory, and nothing would ask for the next ones while these make their products: so each turn of a tile reads a word of the `size` bytes
 * that come next, at this distance from one another, and the core's prefetcher runs on. The words go nowhere but into a sum that is kept, lest the
 * reads be left out.
 */
// @ts-ignore: decorator
@inline
export function strideAhead(size: usize, turns: usize): usize {
  return turns === 0 ? 0 : max(64, size / turns);
}

function each<B, M, R>(
  args: usize, k: i32, b0: i32, b1: i32, tokens: i32, y: usize, ldy: usize, bias: usize, rows: i32, panel: usize, next: usize, size: usize,
): i32 {
  const sixteen = idof<B>() === idof<Blocks16>();
  const blocks = <usize>k >> 5;
  const srow = blocks << 2, mrow = sixteen ? blocks << 3 : srow;
  // Four tokens' pairs lie together: quantize in norm.as.ts.
  const four = <usize>k << 3;
  let x = <usize>load<i32>(args, 12) + (<usize>b0 << 8), s = <usize>load<i32>(args, 16) + (<usize>b0 << 2);
  // Sums of 32 activations come first, [tokens, blocks]; behind them those of 16.
  let m = <usize>load<i32>(args, 20) + (sixteen ? <usize>tokens * srow + (<usize>b0 << 3) : <usize>b0 << 2);
  const more = b0 !== 0;
  const turns = <usize>(sixteen ? 2 * (b1 - b0) : b1 - b0), end = next + size;
  let ahead = next, stride = strideAhead(size, <usize>(tokens >> 2) * turns);
  let t = 0, seen = 0;
  for (; t + 4 <= tokens; t += 4) {
    if (ahead + stride * turns > end) { ahead = next; stride = 0; }
    seen ^= tile4<B, M, R>(x, s, srow, m, mrow, b1 - b0, y, ldy, more, bias, rows, panel, ahead, stride);
    ahead += stride * turns;
    x += four; s += 4 * srow; m += 4 * mrow; y += 4 * ldy;
  }
  for (; t < tokens; t++) {
    tile1<B, M>(x, s, m, b1 - b0, y, more, bias, min(8, rows), panel, panel + SPARE);
    if (idof<R>() === idof<Rows16>()) tile1<B, M>(x, s, m, b1 - b0, y + 32, more, bias === 0 ? 0 : bias + 32, rows - 8, panel + SECOND, panel + SPARE);
    x += 4; s += srow; m += mrow; y += ldy;
  }
  return seen;
}

/** Eight sums to y; of the last rows of a matrix only those that are there, by way of 32 bytes at `spare`. */
// @ts-ignore: decorator
@inline
export function put8(y: usize, low: v128, high: v128, more: bool, bias: usize, rows: i32, spare: usize): void {
  if (rows === 8) {
    if (more) { low = f32x4.add(low, v128.load(y)); high = f32x4.add(high, v128.load(y, 16)); }
    else if (bias !== 0) { low = f32x4.add(low, v128.load(bias)); high = f32x4.add(high, v128.load(bias, 16)); }
    v128.store(y, low);
    v128.store(y, high, 16);
  } else {
    v128.store(spare, low);
    v128.store(spare, high, 16);
    putFew(y, spare, more, bias, rows);
  }
}

function putFew(y: usize, from: usize, more: bool, bias: usize, rows: i32): void {
  for (const end = y + (<usize>rows << 2); y < end; y += 4, from += 4) {
    let value = load<f32>(from);
    if (more) value += load<f32>(y);
    else if (bias !== 0) { value += load<f32>(bias); bias += 4; }
    store<f32>(y, value);
  }
}

// @ts-ignore: decorator
@inline
function dot(sum: v128, w: v128, x: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(w, x));
}

// @ts-ignore: decorator
@inline
function scaled(f: v128, sums: v128, d: v128, s: v128): v128 {
  return madd(f32x4.mul(d, s), f32x4.convert_i32x4_s(sums), f);
}

// @ts-ignore: decorator
@inline
function tile4<B, M, R>(
  x: usize, s: usize, srow: usize, m: usize, mrow: usize, blocks: i32, y: usize, ldy: usize, more: bool, bias: usize, rows: i32,
  panel: usize, ahead: usize, stride: usize,
): i32 {
  const sixteen = idof<B>() === idof<Blocks16>(), minima = idof<M>() === idof<WithMinima>(), wide = idof<R>() === idof<Rows16>();
  const bytes: usize = sixteen ? 256 : 512;
  const count = sixteen ? 2 * blocks : blocks;
  const spare = panel + SPARE;
  let seen = 0, scales = panel + SCALES;
  let f00 = f32x4.splat(0), f01 = f00, f10 = f00, f11 = f00, f20 = f00, f21 = f00, f30 = f00, f31 = f00;
  let g00 = f00, g01 = f00, g10 = f00, g11 = f00, g20 = f00, g21 = f00, g30 = f00, g31 = f00;
  for (let b = 0; b < count; b++) {
    let w0 = v128.load(panel), w1 = v128.load(panel, 16);
    let x0 = v128.load32_splat(x), x1 = v128.load32_splat(x, 4), x2 = v128.load32_splat(x, 8), x3 = v128.load32_splat(x, 12);
    let a00 = i32x4.dot_i16x8_s(w0, x0), a01 = i32x4.dot_i16x8_s(w1, x0);
    let a10 = i32x4.dot_i16x8_s(w0, x1), a11 = i32x4.dot_i16x8_s(w1, x1);
    let a20 = i32x4.dot_i16x8_s(w0, x2), a21 = i32x4.dot_i16x8_s(w1, x2);
    let a30 = i32x4.dot_i16x8_s(w0, x3), a31 = i32x4.dot_i16x8_s(w1, x3);
    let c00 = a00, c01 = a00, c10 = a00, c11 = a00, c20 = a00, c21 = a00, c30 = a00, c31 = a00;
    if (wide) {
      w0 = v128.load(panel, SECOND); w1 = v128.load(panel, SECOND + 16);
      c00 = i32x4.dot_i16x8_s(w0, x0); c01 = i32x4.dot_i16x8_s(w1, x0);
      c10 = i32x4.dot_i16x8_s(w0, x1); c11 = i32x4.dot_i16x8_s(w1, x1);
      c20 = i32x4.dot_i16x8_s(w0, x2); c21 = i32x4.dot_i16x8_s(w1, x2);
      c30 = i32x4.dot_i16x8_s(w0, x3); c31 = i32x4.dot_i16x8_s(w1, x3);
    }
    // One pair a turn: V8 emits all loads of a straight piece of code first, so more pairs would not fit the registers; it unrolls the loop itself.
    for (const end = panel + bytes - 32; panel < end;) {
      panel += 32; x += 16;
      w0 = v128.load(panel); w1 = v128.load(panel, 16);
      x0 = v128.load32_splat(x); x1 = v128.load32_splat(x, 4); x2 = v128.load32_splat(x, 8); x3 = v128.load32_splat(x, 12);
      a00 = dot(a00, w0, x0); a01 = dot(a01, w1, x0);
      a10 = dot(a10, w0, x1); a11 = dot(a11, w1, x1);
      a20 = dot(a20, w0, x2); a21 = dot(a21, w1, x2);
      a30 = dot(a30, w0, x3); a31 = dot(a31, w1, x3);
      if (wide) {
        w0 = v128.load(panel, SECOND); w1 = v128.load(panel, SECOND + 16);
        c00 = dot(c00, w0, x0); c01 = dot(c01, w1, x0);
        c10 = dot(c10, w0, x1); c11 = dot(c11, w1, x1);
        c20 = dot(c20, w0, x2); c21 = dot(c21, w1, x2);
        c30 = dot(c30, w0, x3); c31 = dot(c31, w1, x3);
      }
    }
    panel += 32; x += 16;
    seen ^= load<i32>(ahead); ahead += stride;
    let d0 = v128.load(scales), d1 = v128.load(scales, 16);
    const s0 = v128.load32_splat(s), s1 = v128.load32_splat(s + srow), s2 = v128.load32_splat(s + 2 * srow), s3 = v128.load32_splat(s + 3 * srow);
    f00 = scaled(f00, a00, d0, s0); f01 = scaled(f01, a01, d1, s0);
    f10 = scaled(f10, a10, d0, s1); f11 = scaled(f11, a11, d1, s1);
    f20 = scaled(f20, a20, d0, s2); f21 = scaled(f21, a21, d1, s2);
    f30 = scaled(f30, a30, d0, s3); f31 = scaled(f31, a31, d1, s3);
    if (wide) {
      d0 = v128.load(scales, SECOND); d1 = v128.load(scales, SECOND + 16);
      g00 = scaled(g00, c00, d0, s0); g01 = scaled(g01, c01, d1, s0);
      g10 = scaled(g10, c10, d0, s1); g11 = scaled(g11, c11, d1, s1);
      g20 = scaled(g20, c20, d0, s2); g21 = scaled(g21, c21, d1, s2);
      g30 = scaled(g30, c30, d0, s3); g31 = scaled(g31, c31, d1, s3);
    }
    if (minima) {
      let m0 = v128.load(scales, 32), m1 = v128.load(scales, 48);
      const t0 = v128.load32_splat(m), t1 = v128.load32_splat(m + mrow), t2 = v128.load32_splat(m + 2 * mrow), t3 = v128.load32_splat(m + 3 * mrow);
      f00 = madd(m0, t0, f00); f01 = madd(m1, t0, f01);
      f10 = madd(m0, t1, f10); f11 = madd(m1, t1, f11);
      f20 = madd(m0, t2, f20); f21 = madd(m1, t2, f21);
      f30 = madd(m0, t3, f30); f31 = madd(m1, t3, f31);
      if (wide) {
        m0 = v128.load(scales, SECOND + 32); m1 = v128.load(scales, SECOND + 48);
        g00 = madd(m0, t0, g00); g01 = madd(m1, t0, g01);
        g10 = madd(m0, t1, g10); g11 = madd(m1, t1, g11);
        g20 = madd(m0, t2, g20); g21 = madd(m1, t2, g21);
        g30 = madd(m0, t3, g30); g31 = madd(m1, t3, g31);
      }
      m += 4;
    }
    scales += 64;
    if (!sixteen || (b & 1) === 1) s += 4;
  }
  const first = min(8, rows);
  put8(y, f00, f01, more, bias, first, spare);
  put8(y + ldy, f10, f11, more, bias, first, spare);
  put8(y + 2 * ldy, f20, f21, more, bias, first, spare);
  put8(y + 3 * ldy, f30, f31, more, bias, first, spare);
  if (wide) {
    const next: usize = bias === 0 ? 0 : bias + 32;
    put8(y + 32, g00, g01, more, next, rows - 8, spare);
    put8(y + ldy + 32, g10, g11, more, next, rows - 8, spare);
    put8(y + 2 * ldy + 32, g20, g21, more, next, rows - 8, spare);
    put8(y + 3 * ldy + 32, g30, g31, more, next, rows - 8, spare);
  }
  return seen;
}

function tile1<B, M>(
  x: usize, s: usize, m: usize, blocks: i32, y: usize, more: bool, bias: usize, rows: i32, panel: usize, spare: usize,
): void {
  let scales = panel + SCALES;
  const sixteen = idof<B>() === idof<Blocks16>(), minima = idof<M>() === idof<WithMinima>();
  const bytes: usize = sixteen ? 256 : 512;
  const count = sixteen ? 2 * blocks : blocks;
  let f0 = f32x4.splat(0), f1 = f0;
  for (let b = 0; b < count; b++) {
    let a0 = i32x4.splat(0), a1 = a0, c0 = a0, c1 = a0;
    const end = panel + bytes;
    for (; panel < end; panel += 64, x += 32) {
      let v = v128.load32_splat(x); a0 = dot(a0, v128.load(panel), v); a1 = dot(a1, v128.load(panel, 16), v);
      v = v128.load32_splat(x, 16); c0 = dot(c0, v128.load(panel, 32), v); c1 = dot(c1, v128.load(panel, 48), v);
    }
    const f = v128.load32_splat(s);
    f0 = madd(f32x4.mul(v128.load(scales), f), f32x4.convert_i32x4_s(i32x4.add(a0, c0)), f0);
    f1 = madd(f32x4.mul(v128.load(scales, 16), f), f32x4.convert_i32x4_s(i32x4.add(a1, c1)), f1);
    if (minima) {
      const sum = v128.load32_splat(m);
      f0 = madd(v128.load(scales, 32), sum, f0); f1 = madd(v128.load(scales, 48), sum, f1);
      m += 4;
    }
    scales += 64;
    if (!sixteen || (b & 1) === 1) s += 4;
  }
  put8(y, f0, f1, more, bias, rows, spare);
}
