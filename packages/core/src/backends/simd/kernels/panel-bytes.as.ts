// Linear layers of several tokens over nibbles with activations of 8 bits (the option `activations: 'int8'`): unsigned nibbles times signed bytes, sixteen products an
// instruction (pmaddubsw on x86), summed in 16 bits over a block of 32 columns, where at most 8 x 2 x 15 x 127 = 30480 come together; then scaled in float32. As in
// panel.as.ts eight rows are unpacked once into a panel and meet four tokens at a time.
import { madd } from './gemm.as';
import { half4, max4, share, sum4i, whole } from './math.as';
import { groupBytes, K4, Q4, signedBytes, unsignedBytes } from './packed.as';
import { isWide, put8, Rows16, Rows8, SPARE, strideAhead } from './panel.as';

const COLUMNS: i32 = 1024;
const SCALES: usize = 8 * 1024;
// Behind them those of the next eight rows, where tiles have sixteen.
const SECOND: usize = 10 * 1024;
// V8 makes a constant anew in each turn of a loop and loads it only once.
const ONES = memory.data<u16>([1, 1, 1, 1, 1, 1, 1, 1]);

/**
 * Activations in blocks of 32: q = round(x / s) as bytes with s = max|x| / 127. Four tokens lie together, [ceil(rows / 4), dim / 4, 4 tokens, 4 bytes], and so do their
 * scales and sums s * sum(q), [ceil(rows / 4), dim / 32, 2, 4]; tokens that are not there are zero. args: x, rows, dim, q, scales
 */
export function quantizeBytes(args: usize, thread: i32, threads: i32): void {
  const x = <usize>load<i32>(args), q = <usize>load<i32>(args, 12), scales = <usize>load<i32>(args, 16);
  const rows = load<i32>(args, 4), dim = load<i32>(args, 8), inRow = dim >> 5, blocks = ((rows + 3) & ~3) * inRow;
  const last = share(blocks, 1, thread + 1, threads);
  for (let b = share(blocks, 1, thread, threads); b < last; b++) {
    const t = b / inRow, c = b - t * inRow;
    const o = q + (<usize>(t >> 2) * <usize>dim << 2) + (<usize>c << 7) + (<usize>(t & 3) << 2);
    const s = scales + (<usize>((t >> 2) * inRow + c) << 5) + (<usize>(t & 3) << 2);
    const there = t < rows, p = x + (<usize>(there ? b : c) << 7);
    let top = f32x4.abs(v128.load(p));
    for (let i: usize = 16; i < 128; i += 16) top = f32x4.max(top, f32x4.abs(v128.load(p + i)));
    const a: f32 = there ? max4(top) : 0, scale = a / 127;
    const f = f32x4.splat(a > 0 ? 127 / a : 0);
    const total = sixteen(p, o, f) + sixteen(p + 64, o + 64, f);
    store<f32>(s, scale);
    store<f32>(s, scale * <f32>total, 16);
  }
}

// Sixteen floats times f as bytes, four every 16 bytes; their sum.
// @ts-ignore: decorator
@inline
function sixteen(p: usize, o: usize, f: v128): i32 {
  const a = whole(p, f), b = whole(p + 16, f), c = whole(p + 32, f), d = whole(p + 48, f);
  const q = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
  v128.store32_lane(o, q, 0); v128.store32_lane(o, q, 1, 16); v128.store32_lane(o, q, 2, 32); v128.store32_lane(o, q, 3, 48);
  return sum4i(i32x4.add(i32x4.add(a, b), i32x4.add(c, d)));
}

/** Rows [r0, r1) for all tokens; args of the linear instruction, whose xScale are quantizeBytes's scales. */
export function bytePanels(args: usize, kind: i32, r0: i32, r1: i32, scratch: usize): void {
  const k = load<i32>(args, 36), n = load<i32>(args, 40), tokens = load<i32>(args, 32);
  const blocks = k >> 5, ldy = <usize>load<i32>(args, 28) << 2, bias = <usize>load<i32>(args, 44);
  const group = groupBytes(kind, blocks);
  const parts = (k + COLUMNS - 1) / COLUMNS, step = (blocks + parts - 1) / parts;
  const block = group / <usize>blocks, wide = isWide();
  let seen = 0, count = 8;
  for (let r = r0; r < r1; r += count) {
    count = wide && r + 8 < r1 ? 16 : 8;
    const w = <usize>load<i32>(args, 4) + <usize>(r >> 3) * group;
    for (let b0 = 0; b0 < blocks; b0 += step) {
      const b1 = min(b0 + step, blocks);
      unpack(kind, w, b0, b1, scratch);
      if (wide && count === 16) unpack(kind, w + group, b0, b1, scratch + SECOND);
      const addend: usize = b0 === 0 && bias !== 0 ? bias + (<usize>r << 2) : 0;
      let y = <usize>load<i32>(args, 24) + (<usize>r << 2);
      let x = <usize>load<i32>(args, 12) + (<usize>b0 << 7), s = <usize>load<i32>(args, 16) + (<usize>b0 << 5);
      // What this thread reads next, as in panel.as.ts.
      const next = w + <usize>(r + count >= r1 && b1 === blocks ? b0 : b1) * block;
      const size = <usize>min(b1 - b0, b1 === blocks ? blocks : blocks - b1) * block;
      const end = next + size, turns = <usize>(b1 - b0);
      let ahead = next, stride = strideAhead(size, <usize>((tokens + 3) >> 2) * turns);
      for (let t = 0; t < tokens; t += 4) {
        if (ahead + stride * turns > end) { ahead = next; stride = 0; }
        if (wide && count === 16) seen ^= tile<Rows16>(x, s, b1 - b0, y, ldy, b0 !== 0, addend, min(16, n - r), min(4, tokens - t), scratch, ahead, stride);
        else seen ^= tile<Rows8>(x, s, b1 - b0, y, ldy, b0 !== 0, addend, min(8, n - r), min(4, tokens - t), scratch, ahead, stride);
        ahead += stride * turns;
        x += <usize>k << 2; s += <usize>blocks << 5; y += ldy << 2;
      }
    }
  }
  store<i32>(scratch, seen);
}

function unpack(kind: i32, group: usize, b0: i32, b1: i32, scratch: usize): void {
  for (let half: usize = 0; half < 2; half++) unpackHalf(kind, group, b0, b1, scratch + (half << 4), scratch + SCALES + (half << 4), half);
}

// Blocks [b0, b1) of four rows: bytes of four columns a row, 32 bytes of eight rows; scales and minima as in panel.as.ts.
function unpackHalf(kind: i32, group: usize, b0: i32, b1: i32, panel: usize, scales: usize, half: usize): void {
  const size: usize = kind === Q4 ? 80 : 72, mask = i16x8.splat(0x0f0f);
  for (let b = b0; b < b1; b++) {
    let w: usize, scale: v128, minimum: v128;
    if (kind === K4) {
      const block = group + <usize>(b >> 3) * 1184, top = block + half * 16;
      w = block + <usize>(b & 7) * 144 + half * 72;
      scale = f32x4.mul(half4(v128.load16x4_u(top, 1152)), signedBytes(w + 64));
      minimum = f32x4.mul(half4(v128.load16x4_u(top, 1160)), unsignedBytes(w + 68));
    } else {
      w = group + (<usize>b * 2 + half) * size;
      scale = half4(v128.load16x4_u(w, 64));
      minimum = kind === Q4 ? half4(v128.load16x4_u(w, 72)) : f32x4.mul(scale, f32x4.splat(-8));
    }
    v128.store(scales, scale);
    v128.store(scales, minimum, 32);
    for (let g: usize = 0; g < 4; g++) {
      const v = v128.load(w + (g << 4)), p = panel + (g << 5);
      v128.store(p, v128.and(v, mask));
      v128.store(p, v128.and(i16x8.shr_u(v, 4), mask), 128);
    }
    panel += 256; scales += 64;
  }
}

// Sums of two products of bytes, the weight's below 128, in 16 bits.
// @ts-ignore: decorator
@inline
function product(w: v128, x: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i16x8.relaxed_dot_i8x16_i7x16_s(x, w);
  const even = i16x8.mul(i16x8.shr_s(i16x8.shl(x, 8), 8), v128.and(w, i16x8.splat(0xff)));
  return i16x8.add(even, i16x8.mul(i16x8.shr_s(x, 8), i16x8.shr_u(w, 8)));
}

// @ts-ignore: decorator
@inline
function pairs(sum: v128, w: v128, x: v128): v128 {
  return i16x8.add(sum, product(w, x));
}

// @ts-ignore: decorator
@inline
function scaled(f: v128, sums: v128, d: v128, s: v128, m: v128, t: v128, ones: v128): v128 {
  return madd(m, t, madd(f32x4.mul(d, s), f32x4.convert_i32x4_s(i32x4.dot_i16x8_s(sums, ones)), f));
}

// One lane in all four; not by a shuffle, because V8 14.6 ends the process where it would join two such into 256 bits.
// @ts-ignore: decorator
@inline
function spread(v: v128, lane: i32): v128 {
  if (lane === 0) return f32x4.splat(f32x4.extract_lane(v, 0));
  if (lane === 1) return f32x4.splat(f32x4.extract_lane(v, 1));
  if (lane === 2) return f32x4.splat(f32x4.extract_lane(v, 2));
  return f32x4.splat(f32x4.extract_lane(v, 3));
}

// @ts-ignore: decorator
@inline
function tile<R>(
  x: usize, s: usize, blocks: i32, y: usize, ldy: usize, more: bool, bias: usize, rows: i32, tokens: i32, panel: usize,
  ahead: usize, stride: usize,
): i32 {
  const wide = idof<R>() === idof<Rows16>();
  const spare = panel + SPARE;
  let scales = panel + SCALES;
  let f00 = f32x4.splat(0), f01 = f00, f10 = f00, f11 = f00, f20 = f00, f21 = f00, f30 = f00, f31 = f00;
  let g00 = f00, g01 = f00, g10 = f00, g11 = f00, g20 = f00, g21 = f00, g30 = f00, g31 = f00;
  const ones = v128.load(ONES);
  let seen = 0;
  for (let b = 0; b < blocks; b++) {
    let w0 = v128.load(panel), w1 = v128.load(panel, 16);
    let x0 = v128.load32_splat(x), x1 = v128.load32_splat(x, 4), x2 = v128.load32_splat(x, 8), x3 = v128.load32_splat(x, 12);
    let a00 = product(w0, x0), a01 = product(w1, x0), a10 = product(w0, x1), a11 = product(w1, x1);
    let a20 = product(w0, x2), a21 = product(w1, x2), a30 = product(w0, x3), a31 = product(w1, x3);
    let c00 = a00, c01 = a00, c10 = a00, c11 = a00, c20 = a00, c21 = a00, c30 = a00, c31 = a00;
    if (wide) {
      w0 = v128.load(panel, SECOND); w1 = v128.load(panel, SECOND + 16);
      c00 = product(w0, x0); c01 = product(w1, x0); c10 = product(w0, x1); c11 = product(w1, x1);
      c20 = product(w0, x2); c21 = product(w1, x2); c30 = product(w0, x3); c31 = product(w1, x3);
    }
    // Four columns a turn, as in panel.as.ts.
    for (const end = panel + 224; panel < end;) {
      panel += 32; x += 16;
      w0 = v128.load(panel); w1 = v128.load(panel, 16);
      x0 = v128.load32_splat(x); x1 = v128.load32_splat(x, 4); x2 = v128.load32_splat(x, 8); x3 = v128.load32_splat(x, 12);
      a00 = pairs(a00, w0, x0); a01 = pairs(a01, w1, x0);
      a10 = pairs(a10, w0, x1); a11 = pairs(a11, w1, x1);
      a20 = pairs(a20, w0, x2); a21 = pairs(a21, w1, x2);
      a30 = pairs(a30, w0, x3); a31 = pairs(a31, w1, x3);
      if (wide) {
        w0 = v128.load(panel, SECOND); w1 = v128.load(panel, SECOND + 16);
        c00 = pairs(c00, w0, x0); c01 = pairs(c01, w1, x0);
        c10 = pairs(c10, w0, x1); c11 = pairs(c11, w1, x1);
        c20 = pairs(c20, w0, x2); c21 = pairs(c21, w1, x2);
        c30 = pairs(c30, w0, x3); c31 = pairs(c31, w1, x3);
      }
    }
    panel += 32; x += 16;
    let d0 = v128.load(scales), d1 = v128.load(scales, 16), m0 = v128.load(scales, 32), m1 = v128.load(scales, 48);
    seen ^= load<i32>(ahead); ahead += stride;
    // Spread from registers: V8 would load all splats first and spill as many accumulators.
    const fs = v128.load(s), ts = v128.load(s, 16);
    const s0 = spread(fs, 0), t0 = spread(ts, 0);
    f00 = scaled(f00, a00, d0, s0, m0, t0, ones); f01 = scaled(f01, a01, d1, s0, m1, t0, ones);
    const s1 = spread(fs, 1), t1 = spread(ts, 1);
    f10 = scaled(f10, a10, d0, s1, m0, t1, ones); f11 = scaled(f11, a11, d1, s1, m1, t1, ones);
    const s2 = spread(fs, 2), t2 = spread(ts, 2);
    f20 = scaled(f20, a20, d0, s2, m0, t2, ones); f21 = scaled(f21, a21, d1, s2, m1, t2, ones);
    const s3 = spread(fs, 3), t3 = spread(ts, 3);
    f30 = scaled(f30, a30, d0, s3, m0, t3, ones); f31 = scaled(f31, a31, d1, s3, m1, t3, ones);
    if (wide) {
      d0 = v128.load(scales, SECOND); d1 = v128.load(scales, SECOND + 16); m0 = v128.load(scales, SECOND + 32); m1 = v128.load(scales, SECOND + 48);
      g00 = scaled(g00, c00, d0, s0, m0, t0, ones); g01 = scaled(g01, c01, d1, s0, m1, t0, ones);
      g10 = scaled(g10, c10, d0, s1, m0, t1, ones); g11 = scaled(g11, c11, d1, s1, m1, t1, ones);
      g20 = scaled(g20, c20, d0, s2, m0, t2, ones); g21 = scaled(g21, c21, d1, s2, m1, t2, ones);
      g30 = scaled(g30, c30, d0, s3, m0, t3, ones); g31 = scaled(g31, c31, d1, s3, m1, t3, ones);
    }
    scales += 64; s += 32;
  }
  const first = min(8, rows);
  put8(y, f00, f01, more, bias, first, spare);
  if (tokens > 1) put8(y + ldy, f10, f11, more, bias, first, spare);
  if (tokens > 2) put8(y + 2 * ldy, f20, f21, more, bias, first, spare);
  if (tokens > 3) put8(y + 3 * ldy, f30, f31, more, bias, first, spare);
  if (wide) {
    y += 32;
    const next: usize = bias === 0 ? 0 : bias + 32;
    put8(y, g00, g01, more, next, rows - 8, spare);
    if (tokens > 1) put8(y + ldy, g10, g11, more, next, rows - 8, spare);
    if (tokens > 2) put8(y + 2 * ldy, g20, g21, more, next, rows - 8, spare);
    if (tokens > 3) put8(y + 3 * ldy, g30, g31, more, next, rows - 8, spare);
  }
  return seen;
}
