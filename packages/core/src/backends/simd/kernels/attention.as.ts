// Attention over the pages of the cache, a block of queries at a time: consecutive rows of one sequence with all the query heads that share a key-value head,
// so that each page is read once for the block. Queries stand in quads, one a lane: scores, maxima and sums of four queries are vectors,
// and no sum runs across lanes but the dot products' own. One pass with a running maximum (flash attention, arXiv:2205.14135).
import { madd } from './gemm.as';
import { expBelow4, tanh4 } from './math.as';
import { tokenBytes, widen } from './pages.as';

/** Queries of a block at most, a multiple of 4. */
const QUERIES: i32 = 24;

// What a thread's scratch holds, in this order: queries [quads, D / 4, 4, 4], output [QUERIES, D], for each quad maximum, sum, factor and position (64 bytes);
// scores [quads, pageSize + 1, 4]; keys and values of a page as float32.
// @ts-ignore: decorator
@inline
function stateAt(scratch: usize, D: usize): usize { return scratch + ((<usize>QUERIES * D) << 3); }

/**
 * out[r, h] = sum_j softmax_j(score) V[j], score = cap(scale q K[j]) + slope[h] j over the keys that the row may see.
 * args: q, ldq, out, rows (count), table, heads, groups, d, pageSize, layerOffset, window (0: none), sinks, scale, softcap (0: none), slopes (0: none),
 * scratch, scratch bytes a thread, kind
 */
export function attend(args: usize, thread: i32, threads: i32): void {
  const count = load<i32>(args, 12), table = <usize>load<i32>(args, 16), heads = load<i32>(args, 20), groups = load<i32>(args, 24);
  const perGroup = heads / groups;
  // More heads than a block holds are cut into parts.
  const parts = (perGroup + QUERIES - 1) / QUERIES, inPart = (perGroup + parts - 1) / parts;
  const most = max(1, QUERIES / inPart);
  let unit = 0;
  for (let r = 0; r < count;) {
    const blocks = load<i32>(table + (<usize>r << 5), 4);
    let rows = 1;
    while (rows < most && r + rows < count && load<i32>(table + (<usize>(r + rows) << 5), 4) === blocks) rows++;
    // Later rows cost more, so blocks are dealt round and round instead of in runs.
    for (let g = 0; g < groups; g++) {
      for (let first = 0; first < perGroup; first += inPart) {
        if (unit++ % threads === thread) block(args, thread, r, rows, g, g * perGroup + first, min(inPart, perGroup - first));
      }
    }
    r += rows;
  }
}

function block(args: usize, thread: i32, r0: i32, rows: i32, group: i32, h0: i32, inBlock: i32): void {
  const ldq = <usize>load<i32>(args, 4) << 2, table = <usize>load<i32>(args, 16);
  const heads = load<i32>(args, 20), groups = <usize>load<i32>(args, 24), d = load<i32>(args, 28), pageSize = <usize>load<i32>(args, 32);
  const layerOffset = <usize>load<i32>(args, 36), window = load<i32>(args, 40), sinks = load<i32>(args, 44), kind = load<i32>(args, 68);
  const scratch = <usize>load<i32>(args, 60) + <usize>thread * <usize>load<i32>(args, 64);
  const D = <usize>((d + 3) & ~3), size = tokenBytes(kind, d);
  const count = rows * inBlock, quads = (count + 3) >> 2;
  const output = scratch + ((<usize>QUERIES * D) << 2), state = stateAt(scratch, D), scores = state + (<usize>QUERIES << 4);
  const inScores = (pageSize + 1) << 4;
  const keys32 = scores + <usize>(QUERIES >> 2) * inScores, values32 = keys32 + ((pageSize * D) << 2);

  const used = <usize>quads * D << 4;
  memory.fill(scratch, 0, used);
  memory.fill(output, 0, used);
  for (let u = 0; u < quads << 2; u++) {
    const at = state + (<usize>(u >> 2) << 6) + (<usize>(u & 3) << 2);
    store<f32>(at, -Infinity as f32);
    store<f32>(at, 0, 16);
    const row = r0 + min(u, count - 1) / inBlock; // what pads the last quad sees what its last query sees
    store<i32>(at, load<i32>(table + (<usize>row << 5)), 48);
    if (u < count) {
      const q = <usize>load<i32>(args) + <usize>row * ldq + (<usize>((h0 + u % inBlock) * d) << 2);
      const to = scratch + (<usize>(u >> 2) * D << 4) + (<usize>(u & 3) << 4);
      let i = 0;
      for (; i + 4 <= d; i += 4) v128.store(to + (<usize>i << 4), v128.load(q + (<usize>i << 2)));
      for (; i < d; i++) store<f32>(to + (<usize>(i >> 2) << 6) + (<usize>(i & 3) << 2), load<f32>(q + (<usize>i << 2)));
    }
  }

  const entry = table + (<usize>(r0 + rows - 1) << 5), firstPosition = load<i32>(table + (<usize>r0 << 5)), lastPosition = load<i32>(entry);
  const blocks = load<i32>(entry, 8);
  let at = <usize>load<i32>(entry, 4);
  for (let b = 0; b < blocks; b++, at += 8) {
    const page = <usize>load<i32>(at) + layerOffset, start = load<i32>(at, 4);
    const n = min(<i32>pageSize, lastPosition - start + 1);
    if (n <= 0) continue;
    if (window > 0 && start + n <= firstPosition - window + 1 && start >= sinks) continue;
    const half = groups * pageSize * size, inGroup = <usize>group * pageSize;
    let keys = page + inGroup * size, values = keys + half;
    if (kind !== 0) {
      const scales = page + 2 * half + (inGroup << 2);
      widen(keys, scales, n, d, kind, keys32);
      widen(values, scales + ((groups * pageSize) << 2), n, d, kind, values32);
      keys = keys32; values = values32;
    }
    // Only a page at an edge needs a look at each key's place.
    const edge = start + n - 1 > firstPosition || (window > 0 && start <= lastPosition - window);
    for (let q = 0; q < quads; q++) {
      const s = scores + <usize>q * inScores, queries = scratch + (<usize>q * D << 4), own = state + (<usize>q << 6);
      for (let j = 0; j < n; j += 2) dots(queries, keys + (<usize>j * D << 2), j + 1 < n ? D << 2 : 0, D, s + (<usize>j << 4));
      softmax(args, s, n, start, own, edge, h0, inBlock, q << 2);
      mix(output + (<usize>q * D << 4), s, values, n, D, own + 32);
    }
  }

  for (let u = 0; u < count; u++) {
    const row = r0 + u / inBlock, from = output + (<usize>u * D << 2);
    const to = <usize>load<i32>(args, 8) + (<usize>((row * heads + h0 + u % inBlock) * d) << 2);
    const inverse = <f32>1 / load<f32>(state + (<usize>(u >> 2) << 6) + (<usize>(u & 3) << 2), 16), f = f32x4.splat(inverse);
    let i = 0;
    for (; i + 4 <= d; i += 4) v128.store(to + (<usize>i << 2), f32x4.mul(v128.load(from + (<usize>i << 2)), f));
    for (; i < d; i++) store<f32>(to + (<usize>i << 2), load<f32>(from + (<usize>i << 2)) * inverse);
  }
}

// Sums of the lanes of four vectors, as four lanes.
// @ts-ignore: decorator
@inline
function across(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<i32>(ab, cd, 0, 1, 4, 5), v128.shuffle<i32>(ab, cd, 2, 3, 6, 7));
}

// The products of a quad's queries with the key at k and the one `next` bytes behind it.
function dots(q: usize, k: usize, next: usize, D: usize, out: usize): void {
  let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
  for (const end = k + (D << 2); k < end; k += 16, q += 64) {
    const x = v128.load(k), y = v128.load(k + next);
    const q0 = v128.load(q), q1 = v128.load(q, 16), q2 = v128.load(q, 32), q3 = v128.load(q, 48);
    a0 = madd(q0, x, a0); a1 = madd(q1, x, a1); a2 = madd(q2, x, a2); a3 = madd(q3, x, a3);
    b0 = madd(q0, y, b0); b1 = madd(q1, y, b1); b2 = madd(q2, y, b2); b3 = madd(q3, y, b3);
  }
  v128.store(out, across(a0, a1, a2, a3));
  v128.store(out, across(b0, b1, b2, b3), 16);
}

// Scores become weights exp(score - maximum); maximum and sum go on, and the factor is what the output so far is worth now.
function softmax(args: usize, s: usize, n: i32, start: i32, own: usize, edge: bool, h0: i32, inBlock: i32, first: i32): void {
  const window = load<i32>(args, 40), sinks = load<i32>(args, 44), softcap = load<f32>(args, 52), slopes = <usize>load<i32>(args, 56);
  const scale = f32x4.splat(load<f32>(args, 48));
  const position = v128.load(own, 48);
  const oldest = i32x4.sub(position, i32x4.splat(window - 1));
  let slope = f32x4.splat(0);
  if (slopes !== 0) {
    slope = f32x4.replace_lane(slope, 0, load<f32>(slopes + (<usize>(h0 + first % inBlock) << 2)));
    slope = f32x4.replace_lane(slope, 1, load<f32>(slopes + (<usize>(h0 + (first + 1) % inBlock) << 2)));
    slope = f32x4.replace_lane(slope, 2, load<f32>(slopes + (<usize>(h0 + (first + 2) % inBlock) << 2)));
    slope = f32x4.replace_lane(slope, 3, load<f32>(slopes + (<usize>(h0 + (first + 3) % inBlock) << 2)));
  }
  const never = f32x4.splat(-Infinity as f32);
  let best = never;
  const end = s + (<usize>n << 4);
  for (let p = s, place = start; p < end; p += 16, place++) {
    let v = f32x4.mul(v128.load(p), scale);
    if (softcap !== 0) v = f32x4.mul(f32x4.splat(softcap), tanh4(f32x4.div(v, f32x4.splat(softcap))));
    if (slopes !== 0) v = f32x4.add(v, f32x4.mul(slope, f32x4.splat(<f32>place)));
    if (edge) {
      const here = i32x4.splat(place);
      v = v128.bitselect(v, never, i32x4.le_s(here, position));
      if (window > 0 && place >= sinks) v = v128.bitselect(v, never, i32x4.ge_s(here, oldest));
    }
    v128.store(p, v);
    best = f32x4.max(best, v);
  }
  const before = v128.load(own), top = f32x4.max(before, best);
  // A query that has seen nothing yet keeps weights of zero.
  const shift = f32x4.max(top, f32x4.splat(-3e38));
  const factor = expBelow4(f32x4.sub(before, shift));
  let sum = f32x4.mul(v128.load(own, 16), factor);
  for (let p = s; p < end; p += 16) {
    const e = expBelow4(f32x4.sub(v128.load(p), shift));
    v128.store(p, e);
    sum = f32x4.add(sum, e);
  }
  v128.store(own, top);
  v128.store(own, sum, 16);
  v128.store(own, factor, 32);
}

// out[q] = factor[q] out[q] + sum_j weight[j, q] V[j] for a quad, eight components at a time so that they stay in registers over all keys of the page.
function mix(out: usize, weights: usize, values: usize, n: i32, D: usize, factor: usize): void {
  const row = D << 2;
  const f0 = v128.load32_splat(factor), f1 = v128.load32_splat(factor, 4), f2 = v128.load32_splat(factor, 8), f3 = v128.load32_splat(factor, 12);
  const end = weights + (<usize>n << 4);
  let i: usize = 0;
  for (; i + 32 <= row; i += 32) {
    const o = out + i;
    let a0 = f32x4.mul(v128.load(o), f0), b0 = f32x4.mul(v128.load(o, 16), f0);
    let a1 = f32x4.mul(v128.load(o + row), f1), b1 = f32x4.mul(v128.load(o + row, 16), f1);
    let a2 = f32x4.mul(v128.load(o + 2 * row), f2), b2 = f32x4.mul(v128.load(o + 2 * row, 16), f2);
    let a3 = f32x4.mul(v128.load(o + 3 * row), f3), b3 = f32x4.mul(v128.load(o + 3 * row, 16), f3);
    for (let w = weights, v = values + i; w < end; w += 16, v += row) {
      const x = v128.load(v), y = v128.load(v, 16);
      const w0 = v128.load32_splat(w), w1 = v128.load32_splat(w, 4), w2 = v128.load32_splat(w, 8), w3 = v128.load32_splat(w, 12);
      a0 = madd(w0, x, a0); b0 = madd(w0, y, b0);
      a1 = madd(w1, x, a1); b1 = madd(w1, y, b1);
      a2 = madd(w2, x, a2); b2 = madd(w2, y, b2);
      a3 = madd(w3, x, a3); b3 = madd(w3, y, b3);
    }
    v128.store(o, a0); v128.store(o, b0, 16);
    v128.store(o + row, a1); v128.store(o + row, b1, 16);
    v128.store(o + 2 * row, a2); v128.store(o + 2 * row, b2, 16);
    v128.store(o + 3 * row, a3); v128.store(o + 3 * row, b3, 16);
  }
  for (; i < row; i += 16) {
    const o = out + i;
    let a0 = f32x4.mul(v128.load(o), f0), a1 = f32x4.mul(v128.load(o + row), f1);
    let a2 = f32x4.mul(v128.load(o + 2 * row), f2), a3 = f32x4.mul(v128.load(o + 3 * row), f3);
    for (let w = weights, v = values + i; w < end; w += 16, v += row) {
      const x = v128.load(v);
      a0 = madd(v128.load32_splat(w), x, a0); a1 = madd(v128.load32_splat(w, 4), x, a1);
      a2 = madd(v128.load32_splat(w, 8), x, a2); a3 = madd(v128.load32_splat(w, 12), x, a3);
    }
    v128.store(o, a0); v128.store(o + row, a1); v128.store(o + 2 * row, a2); v128.store(o + 3 * row, a3);
  }
}
