// Linear layers of several tokens over packed weights: a matrix product of 16-bit integers. Eight rows of weights are unpacked once into a panel that stays in
// the first cache while all tokens pass, four at a time: a tile of 8 rows x 4 tokens in integer registers, one multiply-add for
// two columns of four rows. Scales are applied a block at a time.
import { madd } from './gemm.as';
import { groupBytes, K8, Q4S, Q8, unpack } from './packed.as';

/** Columns of a panel at most: 16 KiB of weights, so that a panel and four tokens' activations share the first cache. */
const COLUMNS: i32 = 1024;
// Bytes of scratch a thread: the panel and its scales (at most one block for 16 columns).
export const PANEL_BYTES: usize = 16 * 1024 + (1024 / 16) * 64;

// Compile-time choices: columns a block, and whether weights have minima.
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
  const parts = (k + COLUMNS - 1) / COLUMNS, step = (blocks + parts - 1) / parts;
  const panel = scratch, scales = scratch + 16 * 1024, block = group / <usize>blocks;
  let seen = 0;
  for (let r = r0; r < r1; r += 8) {
    const w = <usize>load<i32>(args, 4) + <usize>(r >> 3) * group;
    for (let b0 = 0; b0 < blocks; b0 += step) {
      const b1 = min(b0 + step, blocks);
      unpack(kind, w, b0, b1, panel, scales);
      const addend: usize = b0 === 0 && bias !== 0 ? bias + (<usize>r << 2) : 0;
      const rows = min(8, n - r), y = <usize>load<i32>(args, 24) + (<usize>r << 2);
      // What this thread reads next; behind its last piece the same again.
      const next = w + <usize>(r + 8 >= r1 && b1 === blocks ? b0 : b1) * block, size = <usize>min(b1 - b0, b1 === blocks ? blocks : blocks - b1) * block;
      if (kind === K8) seen ^= each<Blocks16, WithMinima>(args, k, b0, b1, tokens, y, ldy, addend, rows, panel, scales, next, size);
      else if (kind === Q8 || kind === Q4S) seen ^= each<Blocks32, NoMinima>(args, k, b0, b1, tokens, y, ldy, addend, rows, panel, scales, next, size);
      else seen ^= each<Blocks32, WithMinima>(args, k, b0, b1, tokens, y, ldy, addend, rows, panel, scales, next, size);
    }
  }
  store<i32>(scratch, seen);
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

function each<B, M>(
  args: usize, k: i32, b0: i32, b1: i32, tokens: i32, y: usize, ldy: usize, bias: usize, rows: i32, panel: usize, scales: usize,
  next: usize, size: usize,
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
    seen ^= tile4<B, M>(x, s, srow, m, mrow, b1 - b0, y, ldy, more, bias, rows, panel, scales, ahead, stride);
    ahead += stride * turns;
    x += four; s += 4 * srow; m += 4 * mrow; y += 4 * ldy;
  }
  for (; t < tokens; t++) {
    tile1<B, M>(x, s, m, b1 - b0, y, more, bias, rows, panel, scales);
    x += 4; s += srow; m += mrow; y += ldy;
  }
  return seen;
}

// @ts-ignore: decorator
@inline
export function put8(y: usize, low: v128, high: v128, more: bool, bias: usize, rows: i32): void {
  if (rows === 8) {
    if (more) { low = f32x4.add(low, v128.load(y)); high = f32x4.add(high, v128.load(y, 16)); }
    else if (bias !== 0) { low = f32x4.add(low, v128.load(bias)); high = f32x4.add(high, v128.load(bias, 16)); }
    v128.store(y, low);
    v128.store(y, high, 16);
  } else tail8(y, low, high, more, bias, rows);
}

function tail8(y: usize, low: v128, high: v128, more: bool, bias: usize, rows: i32): void {
  for (let i = 0; i < rows; i++) {
    const v = i < 4 ? low : high, j = i & 3;
    let value = j === 0 ? f32x4.extract_lane(v, 0) : j === 1 ? f32x4.extract_lane(v, 1) : j === 2 ? f32x4.extract_lane(v, 2) : f32x4.extract_lane(v, 3);
    const at = y + (<usize>i << 2);
    if (more) value += load<f32>(at);
    else if (bias !== 0) value += load<f32>(bias + (<usize>i << 2));
    store<f32>(at, value);
  }
}

// @ts-ignore: decorator
@inline
function dot(sum: v128, w: v128, x: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(w, x));
}

// @ts-ignore: decorator
@inline
function tile4<B, M>(
  x: usize, s: usize, srow: usize, m: usize, mrow: usize, blocks: i32, y: usize, ldy: usize, more: bool, bias: usize, rows: i32,
  panel: usize, scales: usize, ahead: usize, stride: usize,
): i32 {
  const sixteen = idof<B>() === idof<Blocks16>(), minima = idof<M>() === idof<WithMinima>();
  const bytes: usize = sixteen ? 256 : 512;
  const count = sixteen ? 2 * blocks : blocks;
  let seen = 0;
  let f00 = f32x4.splat(0), f01 = f00, f10 = f00, f11 = f00, f20 = f00, f21 = f00, f30 = f00, f31 = f00;
  for (let b = 0; b < count; b++) {
    let w0 = v128.load(panel), w1 = v128.load(panel, 16);
    let x0 = v128.load32_splat(x), x1 = v128.load32_splat(x, 4), x2 = v128.load32_splat(x, 8), x3 = v128.load32_splat(x, 12);
    let a00 = i32x4.dot_i16x8_s(w0, x0), a01 = i32x4.dot_i16x8_s(w1, x0);
    let a10 = i32x4.dot_i16x8_s(w0, x1), a11 = i32x4.dot_i16x8_s(w1, x1);
    let a20 = i32x4.dot_i16x8_s(w0, x2), a21 = i32x4.dot_i16x8_s(w1, x2);
    let a30 = i32x4.dot_i16x8_s(w0, x3), a31 = i32x4.dot_i16x8_s(w1, x3);
    // One pair a turn: V8 emits all loads of a straight piece of code first, so more pairs would not fit the registers; it unrolls the loop itself.
    for (const end = panel + bytes - 32; panel < end;) {
      panel += 32; x += 16;
      w0 = v128.load(panel); w1 = v128.load(panel, 16);
      x0 = v128.load32_splat(x); x1 = v128.load32_splat(x, 4); x2 = v128.load32_splat(x, 8); x3 = v128.load32_splat(x, 12);
      a00 = dot(a00, w0, x0); a01 = dot(a01, w1, x0);
      a10 = dot(a10, w0, x1); a11 = dot(a11, w1, x1);
      a20 = dot(a20, w0, x2); a21 = dot(a21, w1, x2);
      a30 = dot(a30, w0, x3); a31 = dot(a31, w1, x3);
    }
    panel += 32; x += 16;
    seen ^= load<i32>(ahead); ahead += stride;
    const d0 = v128.load(scales), d1 = v128.load(scales, 16);
    let f = v128.load32_splat(s);
    f00 = madd(f32x4.mul(d0, f), f32x4.convert_i32x4_s(a00), f00); f01 = madd(f32x4.mul(d1, f), f32x4.convert_i32x4_s(a01), f01);
    f = v128.load32_splat(s + srow);
    f10 = madd(f32x4.mul(d0, f), f32x4.convert_i32x4_s(a10), f10); f11 = madd(f32x4.mul(d1, f), f32x4.convert_i32x4_s(a11), f11);
    f = v128.load32_splat(s + 2 * srow);
    f20 = madd(f32x4.mul(d0, f), f32x4.convert_i32x4_s(a20), f20); f21 = madd(f32x4.mul(d1, f), f32x4.convert_i32x4_s(a21), f21);
    f = v128.load32_splat(s + 3 * srow);
    f30 = madd(f32x4.mul(d0, f), f32x4.convert_i32x4_s(a30), f30); f31 = madd(f32x4.mul(d1, f), f32x4.convert_i32x4_s(a31), f31);
    if (minima) {
      const m0 = v128.load(scales, 32), m1 = v128.load(scales, 48);
      f = v128.load32_splat(m); f00 = madd(m0, f, f00); f01 = madd(m1, f, f01);
      f = v128.load32_splat(m + mrow); f10 = madd(m0, f, f10); f11 = madd(m1, f, f11);
      f = v128.load32_splat(m + 2 * mrow); f20 = madd(m0, f, f20); f21 = madd(m1, f, f21);
      f = v128.load32_splat(m + 3 * mrow); f30 = madd(m0, f, f30); f31 = madd(m1, f, f31);
      m += 4;
    }
    scales += 64;
    if (!sixteen || (b & 1) === 1) s += 4;
  }
  put8(y, f00, f01, more, bias, rows);
  put8(y + ldy, f10, f11, more, bias, rows);
  put8(y + 2 * ldy, f20, f21, more, bias, rows);
  put8(y + 3 * ldy, f30, f31, more, bias, rows);
  return seen;
}

function tile1<B, M>(
  x: usize, s: usize, m: usize, blocks: i32, y: usize, more: bool, bias: usize, rows: i32, panel: usize, scales: usize,
): void {
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
  put8(y, f0, f1, more, bias, rows);
}
