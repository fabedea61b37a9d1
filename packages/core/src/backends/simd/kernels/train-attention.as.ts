// Attention of whole sequences for training: q [B, H, T, d], k and v [B, G, S, d]. A block of queries at a time: its scores over the keys that its rows may see (no others are
// multiplied), their softmax and the mix of the values; the backward pass computes the scores again from the saved log-sum-exp (FlashAttention, Dao et al. 2022), so nothing of size T x S is
// kept. A thread takes a (row, head) forward and a (row, group) backward, whose key and value gradients are its own.
import { madd, multiply } from './gemm.as';
import { expBelow4, max4, sum4, tanh4 } from './math.as';

const QUERIES: i32 = 32;
const HIDDEN: f32 = -5e8; // a mask entry at or below it hides the key

// The least key that a query of rows [t0, t1) of the mask may see, and one more than the last.
let from: i32 = 0;
let until: i32 = 0;
function findRange(mask: usize, t0: i32, t1: i32, keys: i32): void {
  from = 0;
  until = keys;
  if (mask === 0) return;
  let low = keys, high = 0;
  for (let t = t1 - 1; t >= t0; t--) {
    const row = mask + (<usize>t * <usize>keys << 2);
    let s = keys;
    while (s - 4 >= high && !v128.any_true(f32x4.gt(v128.load(row + (<usize>(s - 4) << 2)), f32x4.splat(HIDDEN)))) s -= 4;
    while (s > high && load<f32>(row + (<usize>(s - 1) << 2)) <= HIDDEN) s--;
    if (s > high) high = s;
    s = 0;
    while (s < low && load<f32>(row + (<usize>s << 2)) <= HIDDEN) s++;
    if (s < low) low = s;
  }
  // Rows that see nothing are uniform over all keys, as softmax of equal scores is.
  if (high <= low) return;
  for (let t = t0; t < t1; t++) {
    const row = mask + (<usize>t * <usize>keys << 2);
    let seen = false;
    for (let s = low; s < high && !seen; s++) seen = load<f32>(row + (<usize>s << 2)) > HIDDEN;
    if (!seen) return;
  }
  from = low;
  until = high;
}

// scores[i] = cap(scale scores[i]) + mask[i] for n keys.
// @ts-ignore: decorator
@inline
function finish(raw: v128, scale: v128, cap: f32, mask: usize): v128 {
  let s = f32x4.mul(raw, scale);
  if (cap !== 0) s = f32x4.mul(f32x4.splat(cap), tanh4(f32x4.mul(s, f32x4.splat(1 / cap))));
  if (mask !== 0) s = f32x4.add(s, v128.load(mask));
  return s;
}

/** args: q, k, v, mask (0: none), out, lse [B, H, T], B, H, G, T, S, d, scale, cap (0: none), maskStride (elements from one batch row to the next), scratch, scratch bytes a thread */
export function attention(args: usize, thread: i32, threads: i32): void {
  const B = load<i32>(args, 24), H = load<i32>(args, 28), G = load<i32>(args, 32), T = load<i32>(args, 36), S = load<i32>(args, 40), d = load<i32>(args, 44);
  const scale = v128.load32_splat(args, 48);
  const cap = load<f32>(args, 52);
  const scores = <usize>load<i32>(args, 60) + <usize>thread * <usize>load<i32>(args, 64);
  const wide = (S + 3) & ~3; // rows of scores start at 16 bytes
  const sums = scores + (<usize>QUERIES * <usize>wide << 2); // the second block of scores is free here
  const work = scores + (<usize>QUERIES * <usize>wide << 3);
  const head = <usize>(S * d) << 2;
  for (let u = thread; u < B * H; u += threads) {
    const b = u / H, h = u - b * H;
    const group = <usize>(b * G + h * G / H) * head;
    const q = <usize>load<i32>(args) + (<usize>u * <usize>(T * d) << 2), out = <usize>load<i32>(args, 16) + (<usize>u * <usize>(T * d) << 2);
    const k = <usize>load<i32>(args, 4) + group, v = <usize>load<i32>(args, 8) + group;
    const lse = <usize>load<i32>(args, 20) + (<usize>(u * T) << 2);
    let mask = <usize>load<i32>(args, 12);
    if (mask !== 0) mask += <usize>b * <usize>load<i32>(args, 56) << 2;
    for (let t0 = 0; t0 < T; t0 += QUERIES) {
      const t1 = min(T, t0 + QUERIES);
      findRange(mask, t0, t1, S);
      const s0 = from & ~3, n = until - s0;
      multiply(q + (<usize>(t0 * d) << 2), d, 1, k + (<usize>(s0 * d) << 2), 1, d, scores, wide, 0, t1 - t0, d, 0, n, false, 0, work);
      for (let t = t0; t < t1; t++) {
        const row = scores + (<usize>(t - t0) * <usize>wide << 2);
        const hides: usize = mask === 0 ? 0 : mask + (<usize>(t * S + s0) << 2);
        store<f32>(lse + (<usize>t << 2), softmaxRow(row, n, scale, cap, hides));
        store<f32>(sums + (<usize>(t - t0) << 2), 1 / rowSum);
      }
      multiply(scores, wide, 1, v + (<usize>(s0 * d) << 2), d, 1, out + (<usize>(t0 * d) << 2), d, 0, t1 - t0, n, 0, d, false, 0, work);
      // The mix is divided by the sums at the end: d numbers a row instead of all its keys.
      for (let t = t0; t < t1; t++) shrink(out + (<usize>(t * d) << 2), d, load<f32>(sums + (<usize>(t - t0) << 2)));
    }
  }
}

// In place: e^{score - top} of the finished scores, whose sum is left in rowSum; answers their log-sum-exp.
let rowSum: f32 = 0;
function softmaxRow(row: usize, n: i32, scale: v128, cap: f32, mask: usize): f32 {
  const whole = n & ~3;
  let top4 = f32x4.splat(-Infinity);
  let i = 0;
  for (; i < whole; i += 4) {
    const at = <usize>i << 2;
    const s = finish(v128.load(row + at), scale, cap, mask === 0 ? 0 : mask + at);
    v128.store(row + at, s);
    top4 = f32x4.pmax(top4, s);
  }
  let top = max4(top4);
  for (; i < n; i++) {
    const at = <usize>i << 2;
    let s = f32x4.extract_lane(finish(v128.load32_splat(row + at), scale, cap, 0), 0);
    if (mask !== 0) s += load<f32>(mask + at);
    store<f32>(row + at, s);
    top = max(top, s);
  }
  const shift = f32x4.splat(top);
  let sums = f32x4.splat(0);
  for (i = 0; i < whole; i += 4) {
    const e = expBelow4(f32x4.sub(v128.load(row + (<usize>i << 2)), shift));
    v128.store(row + (<usize>i << 2), e);
    sums = f32x4.add(sums, e);
  }
  let sum = sum4(sums);
  for (; i < n; i++) {
    const e = f32x4.extract_lane(expBelow4(f32x4.splat(load<f32>(row + (<usize>i << 2)) - top)), 0);
    store<f32>(row + (<usize>i << 2), e);
    sum += e;
  }
  rowSum = sum;
  return <f32>(<f64>top + Math.log(<f64>sum));
}

/** args: q, k, v, mask, dy, out, lse, dq, dk, dv, B, H, G, T, S, d, scale, cap, maskStride, scratch, scratch bytes a thread */
export function attentionGrad(args: usize, thread: i32, threads: i32): void {
  const B = load<i32>(args, 40), H = load<i32>(args, 44), G = load<i32>(args, 48), T = load<i32>(args, 52), S = load<i32>(args, 56), d = load<i32>(args, 60);
  const scale = v128.load32_splat(args, 64);
  const cap = load<f32>(args, 68);
  const scores = <usize>load<i32>(args, 76) + <usize>thread * <usize>load<i32>(args, 80);
  const wide = (S + 3) & ~3;
  const slopes = scores + (<usize>QUERIES * <usize>wide << 2);
  const work = slopes + (<usize>QUERIES * <usize>wide << 2);
  const head = <usize>(S * d) << 2;
  const perGroup = H / G;
  for (let u = thread; u < B * G; u += threads) {
    const b = u / G, g = u - b * G;
    const at = <usize>u * head;
    const k = <usize>load<i32>(args, 4) + at, v = <usize>load<i32>(args, 8) + at;
    const dk = <usize>load<i32>(args, 32) + at, dv = <usize>load<i32>(args, 36) + at;
    memory.fill(dk, 0, head);
    memory.fill(dv, 0, head);
    let mask = <usize>load<i32>(args, 12);
    if (mask !== 0) mask += <usize>b * <usize>load<i32>(args, 72) << 2;
    for (let t0 = 0; t0 < T; t0 += QUERIES) {
      const t1 = min(T, t0 + QUERIES), m = t1 - t0;
      findRange(mask, t0, t1, S);
      const s0 = from & ~3, n = until - s0;
      const keys = <usize>(s0 * d) << 2;
      for (let h = g * perGroup; h < (g + 1) * perGroup; h++) {
        const first = <usize>((b * H + h) * T + t0);
        const rows = (first * <usize>d) << 2;
        const q = <usize>load<i32>(args) + rows, dy = <usize>load<i32>(args, 16) + rows, out = <usize>load<i32>(args, 20) + rows;
        const dq = <usize>load<i32>(args, 28) + rows, lse = <usize>load<i32>(args, 24) + (first << 2);
        multiply(q, d, 1, k + keys, 1, d, scores, wide, 0, m, d, 0, n, false, 0, work);
        multiply(dy, d, 1, v + keys, 1, d, slopes, wide, 0, m, d, 0, n, false, 0, work);
        for (let t = 0; t < m; t++) {
          const row = <usize>(t * d) << 2, line = <usize>t * <usize>wide << 2;
          const hides: usize = mask === 0 ? 0 : mask + (<usize>((t0 + t) * S + s0) << 2);
          slopesRow(scores + line, slopes + line, n, scale, cap, hides, load<f32>(lse + (<usize>t << 2)), dot(dy + row, out + row, d));
        }
        multiply(slopes, wide, 1, k + keys, d, 1, dq, d, 0, m, n, 0, d, false, 0, work);
        multiply(slopes, 1, wide, q, d, 1, dk + keys, d, 0, n, m, 0, d, true, 0, work);
        multiply(scores, 1, wide, dy, d, 1, dv + keys, d, 0, n, m, 0, d, true, 0, work);
      }
    }
  }
}

// scores -> p = exp(cap(scale scores) + mask - lse); slopes (dy v) -> p (slopes - along) scale and the cap's slope.
function slopesRow(scores: usize, slopes: usize, n: i32, scale: v128, cap: f32, mask: usize, lse: f32, along: f32): void {
  let i = 0;
  // A row that sees nothing is uniform; its log-sum-exp is too large for log n to show in it.
  const part = f32x4.splat(lse <= HIDDEN ? 1 / <f32>n : 1);
  for (; i + 4 <= n; i += 4) {
    const at = <usize>i << 2;
    const raw = v128.load(scores + at);
    const p = f32x4.mul(part, expBelow4(f32x4.sub(finish(raw, scale, cap, mask === 0 ? 0 : mask + at), f32x4.splat(lse))));
    v128.store(scores + at, p);
    v128.store(slopes + at, slope(p, v128.load(slopes + at), raw, scale, cap, along));
  }
  for (; i < n; i++) {
    const at = <usize>i << 2;
    const raw = v128.load32_splat(scores + at);
    let s = f32x4.extract_lane(finish(raw, scale, cap, 0), 0);
    if (mask !== 0) s += load<f32>(mask + at);
    const p = f32x4.mul(part, expBelow4(f32x4.splat(s - lse)));
    store<f32>(scores + at, f32x4.extract_lane(p, 0));
    store<f32>(slopes + at, f32x4.extract_lane(slope(p, v128.load32_splat(slopes + at), raw, scale, cap, along), 0));
  }
}

// @ts-ignore: decorator
@inline
function slope(p: v128, dp: v128, raw: v128, scale: v128, cap: f32, along: f32): v128 {
  let y = f32x4.mul(f32x4.mul(p, f32x4.sub(dp, f32x4.splat(along))), scale);
  if (cap !== 0) {
    const t = tanh4(f32x4.mul(f32x4.mul(raw, scale), f32x4.splat(1 / cap)));
    y = f32x4.mul(y, f32x4.sub(f32x4.splat(1), f32x4.mul(t, t)));
  }
  return y;
}

function shrink(x: usize, n: i32, factor: f32): void {
  const f = f32x4.splat(factor);
  let i = 0;
  for (; i + 4 <= n; i += 4) v128.store(x + (<usize>i << 2), f32x4.mul(f, v128.load(x + (<usize>i << 2))));
  for (; i < n; i++) store<f32>(x + (<usize>i << 2), factor * load<f32>(x + (<usize>i << 2)));
}

function dot(a: usize, b: usize, n: i32): f32 {
  let s = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= n; i += 4) s = madd(v128.load(a + (<usize>i << 2)), v128.load(b + (<usize>i << 2)), s);
  let sum = sum4(s);
  for (; i < n; i++) sum += load<f32>(a + (<usize>i << 2)) * load<f32>(b + (<usize>i << 2));
  return sum;
}
