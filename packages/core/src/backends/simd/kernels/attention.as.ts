// Rotary positions, the append to the pages of the cache, and attention over pages. A row is one token of one sequence; `rows` is a table of 8 words a row:
// [position, blocks (address), number of blocks, page to write (address), slot to write, 0, 0, 0]; a block is [page address, first position]. A page holds
// for each layer keys [groups, pageSize, d] and then values [groups, pageSize, d].
import { madd } from './gemm.as';
import { exp4, share, sum4, tanh4 } from './math.as';

/** Rotates the first `turned` components of each head. args: x, ld, rows, heads, d, turned, interleaved, cos, sin ([rows, turned / 2]) */
export function rope(args: usize, thread: i32, threads: i32): void {
  const ld = <usize>load<i32>(args, 4) << 2;
  const rows = load<i32>(args, 8), heads = load<i32>(args, 12), d = load<i32>(args, 16), turned = load<i32>(args, 20);
  const interleaved = load<i32>(args, 24) !== 0;
  const half = turned >> 1;
  const last = share(rows * heads, 1, thread + 1, threads);
  for (let u = share(rows * heads, 1, thread, threads); u < last; u++) {
    const r = u / heads, h = u - r * heads;
    const x = <usize>load<i32>(args) + <usize>r * ld + (<usize>(h * d) << 2);
    const cos = <usize>load<i32>(args, 28) + (<usize>(r * half) << 2), sin = <usize>load<i32>(args, 32) + (<usize>(r * half) << 2);
    for (let i = 0; i < half; i++) {
      const c = load<f32>(cos + (<usize>i << 2)), s = load<f32>(sin + (<usize>i << 2));
      const p = x + (<usize>(interleaved ? 2 * i : i) << 2), q = x + (<usize>(interleaved ? 2 * i + 1 : i + half) << 2);
      const a = load<f32>(p), b = load<f32>(q);
      store<f32>(p, a * c - b * s);
      store<f32>(q, b * c + a * s);
    }
  }
}

/** Writes keys and values of each row into its page. args: k, v, ld, rows (count), table, groups, d, pageSize, layerOffset (bytes) */
export function append(args: usize, thread: i32, threads: i32): void {
  const ld = <usize>load<i32>(args, 8) << 2;
  const count = load<i32>(args, 12), groups = load<i32>(args, 20), d = load<i32>(args, 24), pageSize = load<i32>(args, 28);
  const bytes = <usize>d << 2;
  const last = share(count, 1, thread + 1, threads);
  for (let r = share(count, 1, thread, threads); r < last; r++) {
    const entry = <usize>load<i32>(args, 16) + (<usize>r << 5);
    const page = <usize>load<i32>(entry, 12) + <usize>load<i32>(args, 32);
    const slot = <usize>load<i32>(entry, 16);
    const k = <usize>load<i32>(args) + <usize>r * ld, v = <usize>load<i32>(args, 4) + <usize>r * ld;
    const values = page + <usize>groups * <usize>pageSize * bytes;
    for (let g: usize = 0; g < <usize>groups; g++) {
      const at = (g * <usize>pageSize + slot) * bytes;
      memory.copy(page + at, k + g * bytes, bytes);
      memory.copy(values + at, v + g * bytes, bytes);
    }
  }
}

/**
 * out[r, h] = sum_j softmax_j(score) V[j], score = cap(scale q K[j]) + slope[h] j over the keys that the row may see. One pass with a running maximum.
 * args: q, ldq, out, rows (count), table, heads, groups, d, pageSize, layerOffset, window (0: none), sinks, scale, softcap (0: none), slopes (0: none),
 * scratch, scratch bytes a thread
 */
export function attend(args: usize, thread: i32, threads: i32): void {
  const ldq = <usize>load<i32>(args, 4) << 2;
  const count = load<i32>(args, 12), heads = load<i32>(args, 20), groups = load<i32>(args, 24), d = load<i32>(args, 28), pageSize = load<i32>(args, 32);
  const layerOffset = <usize>load<i32>(args, 36);
  const window = load<i32>(args, 40), sinks = load<i32>(args, 44);
  const scale = load<f32>(args, 48), softcap = load<f32>(args, 52);
  const slopes = <usize>load<i32>(args, 56);
  const scores = <usize>load<i32>(args, 60) + <usize>thread * <usize>load<i32>(args, 64);
  const bytes = <usize>d << 2;
  const perGroup = heads / groups;
  // Longer rows cost more: hand out rows round and round instead of in runs.
  for (let u = thread; u < count * heads; u += threads) {
    const r = u / heads, h = u - r * heads;
    const entry = <usize>load<i32>(args, 16) + (<usize>r << 5);
    const position = load<i32>(entry), blocks = load<i32>(entry, 8);
    let block = <usize>load<i32>(entry, 4);
    const q = <usize>load<i32>(args) + <usize>r * ldq + <usize>h * bytes;
    const out = <usize>load<i32>(args, 8) + (<usize>r * <usize>heads + <usize>h) * bytes;
    const group = <usize>(h / perGroup);
    const slope: f32 = slopes === 0 ? 0 : load<f32>(slopes + (<usize>h << 2));
    const oldest = window > 0 ? position - window + 1 : 0;
    memory.fill(out, 0, bytes);
    let top = -Infinity as f32;
    let sum: f32 = 0;
    for (let b = 0; b < blocks; b++, block += 8) {
      const page = <usize>load<i32>(block) + layerOffset, start = load<i32>(block, 4);
      const n = min(pageSize, position - start + 1);
      if (n <= 0) continue;
      if (start + n <= oldest && start >= sinks) continue;
      const keys = page + group * <usize>pageSize * bytes, values = keys + <usize>groups * <usize>pageSize * bytes;
      let best = -Infinity as f32;
      for (let j = 0; j < n; j++) {
        const at = start + j;
        let s: f32;
        if (at < oldest && at >= sinks) s = -Infinity as f32;
        else {
          s = dot(q, keys + <usize>j * bytes, bytes) * scale;
          if (softcap !== 0) s = softcap * f32x4.extract_lane(tanh4(f32x4.splat(s / softcap)), 0);
          s += slope * <f32>at;
        }
        store<f32>(scores + (<usize>j << 2), s);
        best = max(best, s);
      }
      if (best === -Infinity) continue;
      if (best > top) {
        const shrink = top === -Infinity ? <f32>0 : f32x4.extract_lane(exp4(f32x4.splat(top - best)), 0);
        top = best;
        sum *= shrink;
        const f = f32x4.splat(shrink);
        let i: usize = 0;
        for (; i + 16 <= bytes; i += 16) v128.store(out + i, f32x4.mul(v128.load(out + i), f));
        for (; i < bytes; i += 4) store<f32>(out + i, load<f32>(out + i) * shrink);
      }
      const shift = f32x4.splat(top);
      let j = 0;
      for (; j + 4 <= n; j += 4) v128.store(scores + (<usize>j << 2), exp4(f32x4.sub(v128.load(scores + (<usize>j << 2)), shift)));
      for (; j < n; j++) store<f32>(scores + (<usize>j << 2), f32x4.extract_lane(exp4(f32x4.splat(load<f32>(scores + (<usize>j << 2)) - top)), 0));
      for (j = 0; j < n; j++) sum += load<f32>(scores + (<usize>j << 2));
      mix(out, scores, values, n, bytes);
    }
    const inverse = <f32>1 / sum;
    let i: usize = 0;
    for (; i + 16 <= bytes; i += 16) v128.store(out + i, f32x4.mul(v128.load(out + i), f32x4.splat(inverse)));
    for (; i < bytes; i += 4) store<f32>(out + i, load<f32>(out + i) * inverse);
  }
}

// @ts-ignore: decorator
@inline
function dot(a: usize, b: usize, bytes: usize): f32 {
  let s = f32x4.splat(0), t = s;
  let i: usize = 0;
  for (; i + 32 <= bytes; i += 32) {
    s = madd(v128.load(a + i), v128.load(b + i), s);
    t = madd(v128.load(a + i, 16), v128.load(b + i, 16), t);
  }
  let result = sum4(f32x4.add(s, t));
  for (; i < bytes; i += 4) result += load<f32>(a + i) * load<f32>(b + i);
  return result;
}

// out += sum_j weights[j] V[j], sixteen components at a time so that they stay in registers over all keys of the page.
function mix(out: usize, weights: usize, values: usize, n: i32, bytes: usize): void {
  let i: usize = 0;
  for (; i + 64 <= bytes; i += 64) {
    let a = v128.load(out + i), b = v128.load(out + i, 16), c = v128.load(out + i, 32), d = v128.load(out + i, 48);
    let v = values + i;
    for (let j = 0; j < n; j++) {
      const w = v128.load32_splat(weights + (<usize>j << 2));
      a = madd(w, v128.load(v), a); b = madd(w, v128.load(v, 16), b); c = madd(w, v128.load(v, 32), c); d = madd(w, v128.load(v, 48), d);
      v += bytes;
    }
    v128.store(out + i, a); v128.store(out + i, b, 16); v128.store(out + i, c, 32); v128.store(out + i, d, 48);
  }
  for (; i < bytes; i += 4) {
    let a = load<f32>(out + i);
    let v = values + i;
    for (let j = 0; j < n; j++) { a += load<f32>(weights + (<usize>j << 2)) * load<f32>(v); v += bytes; }
    store<f32>(out + i, a);
  }
}
