// C[b] = A[b] B[b] (+ bias, + C) in f32 for a batch, with either side transposed. Blocks of A (MC x KC) are packed four rows together, panels of B
// eight columns together, in the thread's own scratch, so that the inner loop reads both in order: a 4 x 8 tile of C stays in eight
// registers. Relaxed SIMD makes each multiply-add one instruction. The threads split the batch if it is long enough, else rows or columns.
import { load1, load4 } from './linear-floats.as';
import { share } from './math.as';

const KC: i32 = 512;
const MC: i32 = 128;

// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(c, f32x4.mul(a, b));
}

/** args: a, b, c, m, k, n, transA, transB (3, 4: transposed, and bfloat16 or float16), batch, strideA, strideB, strideC (elements), bias (0 or f32[n]), scratch, scratchBytes a thread. */
export function gemm(args: usize, thread: i32, threads: i32): void {
  const a = <usize>load<i32>(args), b = <usize>load<i32>(args, 4), c = <usize>load<i32>(args, 8);
  const m = load<i32>(args, 12), k = load<i32>(args, 16), n = load<i32>(args, 20);
  const transA = load<i32>(args, 24) !== 0, kindB = load<i32>(args, 28), transB = kindB !== 0;
  const batch = load<i32>(args, 32), strideA = load<i32>(args, 36), strideB = load<i32>(args, 40), strideC = load<i32>(args, 44);
  const bias = <usize>load<i32>(args, 48);
  const scratch = <usize>load<i32>(args, 52) + <usize>load<i32>(args, 56) * <usize>thread;
  let b0 = 0, b1 = batch, m0 = 0, m1 = m, n0 = 0, n1 = n;
  if (batch >= 2 * threads) {
    b0 = share(batch, 1, thread, threads);
    b1 = share(batch, 1, thread + 1, threads);
  } else if (m >= n && m >= 8) {
    m0 = share(m, 4, thread, threads);
    m1 = share(m, 4, thread + 1, threads);
  } else {
    n0 = share(n, 8, thread, threads);
    n1 = share(n, 8, thread + 1, threads);
  }
  if (m0 >= m1 || n0 >= n1) return;
  // Element strides of A along m and along k, of B along k and along n.
  const rowA = transA ? 1 : k, colA = transA ? m : 1;
  const rowB = transB ? 1 : n, colB = transB ? k : 1;
  for (let i = b0; i < b1; i++) {
    multiply(
      a + ((<usize>i * <usize>strideA) << 2), rowA, colA, b + ((<usize>i * <usize>strideB) << 2), rowB, colB,
      c + ((<usize>i * <usize>strideC) << 2), n, m0, m1, k, n0, n1, false, bias, scratch, kindB > 1 ? kindB : 0,
    );
  }
}

/** C[m0..m1, n0..n1] (rows of `ldc`) = A B (+ bias of a row, or + C), A and B read through their strides, by one thread. */
export function multiply(
  a: usize, rowA: i32, colA: i32, b: usize, rowB: i32, colB: i32, c: usize, ldc: i32,
  m0: i32, m1: i32, k: i32, n0: i32, n1: i32, accumulate: bool, bias: usize, packedA: usize, kindB: i32 = 0,
): void {
  const packedB = packedA + ((MC * KC) << 2);
  if (k === 0) {
    if (!accumulate) for (let i = m0; i < m1; i++) for (let j = n0; j < n1; j++) {
      store<f32>(c + ((<usize>i * <usize>ldc + <usize>j) << 2), bias === 0 ? 0 : load<f32>(bias + (<usize>j << 2)));
    }
    return;
  }
  for (let k0 = 0; k0 < k; k0 += KC) {
    const kc = min(KC, k - k0);
    const tall = (MC * KC / kc) & ~3; // short products pack more rows at once, so that B is packed less often
    const first = k0 === 0 && !accumulate;
    for (let i0 = m0; i0 < m1; i0 += tall) {
      const mc = min(tall, m1 - i0);
      packRows(a + ((<usize>i0 * <usize>rowA + <usize>k0 * <usize>colA) << 2), rowA, colA, mc, kc, packedA);
      for (let j = n0; j < n1; j += 8) {
        const nc = min(8, n1 - j);
        const at = <usize>k0 * <usize>rowB + <usize>j * <usize>colB;
        if (kindB === 0) packColumns(b + (at << 2), rowB, colB, kc, nc, packedB);
        else packHalves(b + (at << 1), kindB, colB, kc, nc, packedB);
        for (let i = 0; i < mc; i += 4) {
          tile(
            packedA + ((<usize>i * <usize>kc) << 2), packedB, kc,
            c + ((<usize>(i0 + i) * <usize>ldc + <usize>j) << 2), ldc, min(4, mc - i), nc,
            !first, first && bias !== 0 ? bias + (<usize>j << 2) : 0,
          );
        }
      }
    }
  }
}

// Rows of A, four together: out[(i/4)][k][4]; missing rows are zero.
function packRows(a: usize, row: i32, col: i32, rows: i32, kc: i32, out: usize): void {
  const rs = <usize>row << 2, cs = <usize>col << 2;
  for (let i = 0; i < rows; i += 4) {
    const left = rows - i;
    let p = a + <usize>i * rs;
    if (left >= 4) {
      if (row === 1) {
        for (let x = 0; x < kc; x++) { v128.store(out, v128.load(p)); p += cs; out += 16; }
      } else {
        let x = 0;
        if (col === 1) {
          for (; x + 4 <= kc; x += 4) { // transpose 4 x 4
            const r0 = v128.load(p), r1 = v128.load(p + rs), r2 = v128.load(p + 2 * rs), r3 = v128.load(p + 3 * rs);
            const t0 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5), t1 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
            const t2 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7), t3 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
            v128.store(out, v128.shuffle<i32>(t0, t1, 0, 1, 4, 5));
            v128.store(out, v128.shuffle<i32>(t0, t1, 2, 3, 6, 7), 16);
            v128.store(out, v128.shuffle<i32>(t2, t3, 0, 1, 4, 5), 32);
            v128.store(out, v128.shuffle<i32>(t2, t3, 2, 3, 6, 7), 48);
            p += 16; out += 64;
          }
        }
        for (; x < kc; x++) {
          store<f32>(out, load<f32>(p)); store<f32>(out, load<f32>(p + rs), 4);
          store<f32>(out, load<f32>(p + 2 * rs), 8); store<f32>(out, load<f32>(p + 3 * rs), 12);
          p += cs; out += 16;
        }
      }
    } else {
      for (let x = 0; x < kc; x++) {
        for (let r = 0; r < 4; r++) store<f32>(out + (<usize>r << 2), r < left ? load<f32>(p + <usize>r * rs) : 0);
        p += cs; out += 16;
      }
    }
  }
}

// Columns of B, eight together: out[k][8]; missing columns are zero.
function packColumns(b: usize, row: i32, col: i32, kc: i32, columns: i32, out: usize): void {
  const rs = <usize>row << 2, cs = <usize>col << 2;
  if (columns === 8 && col === 1) {
    for (let x = 0; x < kc; x++) { v128.store(out, v128.load(b)); v128.store(out, v128.load(b, 16), 16); b += rs; out += 32; }
    return;
  }
  if (columns === 8 && row === 1) {
    let x = 0;
    for (; x + 4 <= kc; x += 4) {
      for (let half = 0; half < 2; half++) {
        const p = b + (<usize>(half << 2)) * cs;
        const r0 = v128.load(p), r1 = v128.load(p + cs), r2 = v128.load(p + 2 * cs), r3 = v128.load(p + 3 * cs);
        const t0 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5), t1 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
        const t2 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7), t3 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
        const o = out + (<usize>half << 4);
        v128.store(o, v128.shuffle<i32>(t0, t1, 0, 1, 4, 5));
        v128.store(o, v128.shuffle<i32>(t0, t1, 2, 3, 6, 7), 32);
        v128.store(o, v128.shuffle<i32>(t2, t3, 0, 1, 4, 5), 64);
        v128.store(o, v128.shuffle<i32>(t2, t3, 2, 3, 6, 7), 96);
      }
      b += 16; out += 128;
    }
    for (; x < kc; x++) {
      for (let j = 0; j < 8; j++) store<f32>(out + (<usize>j << 2), load<f32>(b + <usize>j * cs));
      b += 4; out += 32;
    }
    return;
  }
  for (let x = 0; x < kc; x++) {
    for (let j = 0; j < 8; j++) store<f32>(out + (<usize>j << 2), j < columns ? load<f32>(b + <usize>j * cs) : 0);
    b += rs; out += 32;
  }
}

// Rows of a transposed B in 16 bits, as columns of float32.
function packHalves(b: usize, kind: i32, col: i32, kc: i32, columns: i32, out: usize): void {
  const cs = <usize>col << 1;
  let x = 0;
  for (; columns === 8 && x + 4 <= kc; x += 4) {
    for (let half = 0; half < 2; half++) {
      const p = b + <usize>(half << 2) * cs;
      const r0 = load4(kind, p), r1 = load4(kind, p + cs), r2 = load4(kind, p + 2 * cs), r3 = load4(kind, p + 3 * cs);
      const t0 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5), t1 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
      const t2 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7), t3 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
      const o = out + (<usize>half << 4);
      v128.store(o, v128.shuffle<i32>(t0, t1, 0, 1, 4, 5));
      v128.store(o, v128.shuffle<i32>(t0, t1, 2, 3, 6, 7), 32);
      v128.store(o, v128.shuffle<i32>(t2, t3, 0, 1, 4, 5), 64);
      v128.store(o, v128.shuffle<i32>(t2, t3, 2, 3, 6, 7), 96);
    }
    b += 8; out += 128;
  }
  for (; x < kc; x++) {
    for (let j = 0; j < 8; j++) store<f32>(out + (<usize>j << 2), j < columns ? load1(kind, b + <usize>j * cs) : 0);
    b += 2; out += 32;
  }
}

function tile(a: usize, b: usize, kc: i32, c: usize, n: i32, rows: i32, columns: i32, accumulate: bool, bias: usize): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  if (bias !== 0) {
    if (columns === 8) { c00 = v128.load(bias); c01 = v128.load(bias, 16); }
    else {
      for (let j = 0; j < columns; j++) {
        const x = load<f32>(bias + (<usize>j << 2));
        if (j < 4) c00 = insert(c00, j, x); else c01 = insert(c01, j - 4, x);
      }
    }
    c10 = c00; c20 = c00; c30 = c00; c11 = c01; c21 = c01; c31 = c01;
  }
  for (let x = 0; x < kc; x++) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let v = v128.load32_splat(a); c00 = madd(v, b0, c00); c01 = madd(v, b1, c01);
    v = v128.load32_splat(a, 4); c10 = madd(v, b0, c10); c11 = madd(v, b1, c11);
    v = v128.load32_splat(a, 8); c20 = madd(v, b0, c20); c21 = madd(v, b1, c21);
    v = v128.load32_splat(a, 12); c30 = madd(v, b0, c30); c31 = madd(v, b1, c31);
    a += 16; b += 32;
  }
  const s = <usize>n << 2;
  put(c, c00, c01, columns, accumulate);
  if (rows > 1) put(c + s, c10, c11, columns, accumulate);
  if (rows > 2) put(c + 2 * s, c20, c21, columns, accumulate);
  if (rows > 3) put(c + 3 * s, c30, c31, columns, accumulate);
}

// Inline: V8 14.6 ends the process where it would join two parameters of a function into 256 bits (compile-kernels.ts).
// @ts-ignore: decorator
@inline
function put(c: usize, lo: v128, hi: v128, columns: i32, accumulate: bool): void {
  if (columns === 8) {
    if (accumulate) { lo = f32x4.add(lo, v128.load(c)); hi = f32x4.add(hi, v128.load(c, 16)); }
    v128.store(c, lo);
    v128.store(c, hi, 16);
  } else putFew(c, lo, hi, columns, accumulate);
}

function putFew(c: usize, lo: v128, hi: v128, columns: i32, accumulate: bool): void {
  for (let j = 0; j < columns; j++) {
    const at = c + (<usize>j << 2);
    const x = j < 4 ? lane(lo, j) : lane(hi, j - 4);
    store<f32>(at, accumulate ? load<f32>(at) + x : x);
  }
}

// @ts-ignore: decorator
@inline
function lane(v: v128, j: i32): f32 {
  if (j === 0) return f32x4.extract_lane(v, 0);
  if (j === 1) return f32x4.extract_lane(v, 1);
  if (j === 2) return f32x4.extract_lane(v, 2);
  return f32x4.extract_lane(v, 3);
}

// @ts-ignore: decorator
@inline
function insert(v: v128, j: i32, x: f32): v128 {
  if (j === 0) return f32x4.replace_lane(v, 0, x);
  if (j === 1) return f32x4.replace_lane(v, 1, x);
  if (j === 2) return f32x4.replace_lane(v, 2, x);
  return f32x4.replace_lane(v, 3, x);
}
