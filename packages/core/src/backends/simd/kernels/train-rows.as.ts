// What training does between the matrix products, forward and backward: the gradient of the norms, the gate of SwiGLU, the change of layout around attention with its rotation,
// cross-entropy of rows, the gradient of an embedding, AdamW, sums of squares. The threads split rows or entries.
import { madd } from './gemm.as';
import { expBelow4, max4, share, sigmoid4, sum4 } from './math.as';

/**
 * dx, and this thread's part of the weight's (and bias') gradient: with hat = (x - mean) / deviation and g = dy weight,
 * dx = (g - mean g - hat mean(g hat)) / deviation, the mean of g only for layer norm.
 * args: dy, x, weight, dx, parts [threads, 2, dim], rows, dim, layer, eps
 */
export function normGrad(args: usize, thread: i32, threads: i32): void {
  const rows = load<i32>(args, 20), dim = load<i32>(args, 24);
  const layer = load<i32>(args, 28) !== 0;
  const eps = load<f32>(args, 32);
  const weight = <usize>load<i32>(args, 8);
  const bytes = <usize>dim << 2, whole = bytes & ~15;
  const scales = <usize>load<i32>(args, 16) + <usize>thread * 2 * bytes, shifts = scales + bytes;
  memory.fill(scales, 0, 2 * bytes);
  const last = share(rows, 1, thread + 1, threads);
  for (let r = share(rows, 1, thread, threads); r < last; r++) {
    const dy = <usize>load<i32>(args) + <usize>r * bytes, x = <usize>load<i32>(args, 4) + <usize>r * bytes, dx = <usize>load<i32>(args, 12) + <usize>r * bytes;
    let i: usize = 0;
    let mean: f32 = 0;
    if (layer) {
      let s = f32x4.splat(0);
      for (; i < whole; i += 16) s = f32x4.add(s, v128.load(x + i));
      mean = sum4(s);
      for (; i < bytes; i += 4) mean += load<f32>(x + i);
      mean /= <f32>dim;
    }
    const shift = f32x4.splat(mean);
    // Sums of d^2, g and g d over the row, d = x - mean.
    let dd = f32x4.splat(0), gs = dd, gd = dd;
    for (i = 0; i < whole; i += 16) {
      const d = f32x4.sub(v128.load(x + i), shift), g = f32x4.mul(v128.load(dy + i), v128.load(weight + i));
      dd = madd(d, d, dd); gs = f32x4.add(gs, g); gd = madd(g, d, gd);
    }
    let squares = sum4(dd), sum = sum4(gs), dot = sum4(gd);
    for (; i < bytes; i += 4) {
      const d = load<f32>(x + i) - mean, g = load<f32>(dy + i) * load<f32>(weight + i);
      squares += d * d; sum += g; dot += g * d;
    }
    const inverse = <f32>(1.0 / Math.sqrt(<f64>(squares / <f32>dim + eps)));
    const along = dot * inverse * inverse / <f32>dim; // times d: hat mean(g hat)
    const base = layer ? sum / <f32>dim : <f32>0;
    const f = f32x4.splat(inverse), a = f32x4.splat(along), b = f32x4.splat(base);
    for (i = 0; i < whole; i += 16) {
      const d = f32x4.sub(v128.load(x + i), shift), up = v128.load(dy + i);
      const g = f32x4.mul(up, v128.load(weight + i));
      v128.store(dx + i, f32x4.mul(f, f32x4.sub(f32x4.sub(g, b), f32x4.mul(d, a))));
      v128.store(scales + i, madd(up, f32x4.mul(d, f), v128.load(scales + i)));
      if (layer) v128.store(shifts + i, f32x4.add(up, v128.load(shifts + i)));
    }
    for (; i < bytes; i += 4) {
      const d = load<f32>(x + i) - mean, up = load<f32>(dy + i);
      store<f32>(dx + i, inverse * (up * load<f32>(weight + i) - base - d * along));
      store<f32>(scales + i, load<f32>(scales + i) + up * d * inverse);
      store<f32>(shifts + i, load<f32>(shifts + i) + up);
    }
    if (!layer) for (i = 0; i < whole; i += 16) v128.store(shifts + i, f32x4.add(v128.load(dy + i), v128.load(shifts + i)));
  }
}

/** out = silu(gate) up. args: gate, up, out, count */
export function siluMul(args: usize, thread: i32, threads: i32): void {
  const gate = <usize>load<i32>(args), up = <usize>load<i32>(args, 4), out = <usize>load<i32>(args, 8);
  const count = load<i32>(args, 12);
  const end = <usize>share(count, 4, thread + 1, threads) << 2;
  let i = <usize>share(count, 4, thread, threads) << 2;
  for (; i + 16 <= end; i += 16) {
    const x = v128.load(gate + i);
    v128.store(out + i, f32x4.mul(f32x4.mul(x, sigmoid4(x)), v128.load(up + i)));
  }
  for (; i < end; i += 4) {
    const x = f32x4.splat(load<f32>(gate + i));
    store<f32>(out + i, f32x4.extract_lane(f32x4.mul(x, sigmoid4(x)), 0) * load<f32>(up + i));
  }
}

/** args: dy, gate, up, dGate, dUp, count */
export function siluMulGrad(args: usize, thread: i32, threads: i32): void {
  const count = load<i32>(args, 20);
  const end = <usize>share(count, 4, thread + 1, threads) << 2;
  let i = <usize>share(count, 4, thread, threads) << 2;
  const dy = <usize>load<i32>(args), gate = <usize>load<i32>(args, 4), up = <usize>load<i32>(args, 8);
  const dGate = <usize>load<i32>(args, 12), dUp = <usize>load<i32>(args, 16);
  const one = f32x4.splat(1);
  for (; i + 16 <= end; i += 16) {
    const x = v128.load(gate + i), d = v128.load(dy + i), s = sigmoid4(x);
    v128.store(dUp + i, f32x4.mul(d, f32x4.mul(x, s)));
    const slope = f32x4.mul(s, f32x4.add(one, f32x4.mul(x, f32x4.sub(one, s))));
    v128.store(dGate + i, f32x4.mul(f32x4.mul(d, v128.load(up + i)), slope));
  }
  for (; i < end; i += 4) {
    const x = load<f32>(gate + i), d = load<f32>(dy + i), s = f32x4.extract_lane(sigmoid4(f32x4.splat(x)), 0);
    store<f32>(dUp + i, d * x * s);
    store<f32>(dGate + i, d * load<f32>(up + i) * s * (1 + x * (1 - s)));
  }
}

/**
 * Into attention's layout, x [B, T, H, d] -> [B, H, T, d] with the first 2 half components turned; or out of it, turned back.
 * args: x, out, B, T, H, d, half, interleaved, cos, sin (rows of half), tableStride (rows of the tables from one batch row to the next, 0: shared), into
 */
export function heads(args: usize, thread: i32, threads: i32): void {
  const B = load<i32>(args, 8), T = load<i32>(args, 12), H = load<i32>(args, 16), d = load<i32>(args, 20), half = load<i32>(args, 24);
  const interleaved = load<i32>(args, 28) !== 0, into = load<i32>(args, 44) !== 0;
  const bytes = <usize>d << 2;
  const last = share(B * T, 1, thread + 1, threads);
  for (let r = share(B * T, 1, thread, threads); r < last; r++) {
    const b = r / T, t = r - b * T;
    const row = <usize>(b * load<i32>(args, 40) + t) * <usize>half << 2;
    const cos = <usize>load<i32>(args, 32) + row, sin = <usize>load<i32>(args, 36) + row;
    for (let h = 0; h < H; h++) {
      const flat = <usize>(r * H + h) * bytes, headed = <usize>((b * H + h) * T + t) * bytes;
      const x = <usize>load<i32>(args) + (into ? flat : headed), out = <usize>load<i32>(args, 4) + (into ? headed : flat);
      const turned = <usize>half << 3;
      if (turned < bytes) memory.copy(out + turned, x + turned, bytes - turned);
      let i = 0;
      if (!interleaved) {
        const apart = <usize>half << 2;
        for (; i + 4 <= half; i += 4) {
          const at = <usize>i << 2;
          const c = v128.load(cos + at), s = into ? v128.load(sin + at) : f32x4.neg(v128.load(sin + at));
          const p = v128.load(x + at), q = v128.load(x + at + apart);
          v128.store(out + at, f32x4.sub(f32x4.mul(p, c), f32x4.mul(q, s)));
          v128.store(out + at + apart, f32x4.add(f32x4.mul(q, c), f32x4.mul(p, s)));
        }
      }
      for (; i < half; i++) {
        const c = load<f32>(cos + (<usize>i << 2)), s = into ? load<f32>(sin + (<usize>i << 2)) : -load<f32>(sin + (<usize>i << 2));
        const at = <usize>(interleaved ? 2 * i : i) << 2, to = <usize>(interleaved ? 2 * i + 1 : i + half) << 2;
        const p = load<f32>(x + at), q = load<f32>(x + to);
        store<f32>(out + at, p * c - q * s);
        store<f32>(out + to, q * c + p * s);
      }
    }
  }
}

/** lse[r] = log sum exp of a row, picked[r] = the label's logit or 0. args: logits, labels (i32), lse, picked, rows, width, start */
export function rowCrossEntropy(args: usize, thread: i32, threads: i32): void {
  const rows = load<i32>(args, 16), width = load<i32>(args, 20), start = load<i32>(args, 24);
  const last = share(rows, 1, thread + 1, threads);
  for (let r = share(rows, 1, thread, threads); r < last; r++) {
    const z = <usize>load<i32>(args) + (<usize>r * <usize>width << 2);
    const column = load<i32>(<usize>load<i32>(args, 4) + (<usize>r << 2)) - start;
    let i = 0;
    let top4 = f32x4.splat(-Infinity);
    for (; i + 4 <= width; i += 4) top4 = f32x4.pmax(top4, v128.load(z + (<usize>i << 2)));
    let top = max4(top4);
    for (; i < width; i++) top = max(top, load<f32>(z + (<usize>i << 2)));
    const shift = f32x4.splat(top);
    let total: f64 = 0;
    for (i = 0; i + 4 <= width; ) {
      let part = f32x4.splat(0);
      const stop = min(width - 3, i + 256); // short sums in f32, their sum in f64
      for (; i < stop; i += 4) part = f32x4.add(part, expBelow4(f32x4.sub(v128.load(z + (<usize>i << 2)), shift)));
      total += <f64>sum4(part);
    }
    for (; i < width; i++) total += <f64>f32x4.extract_lane(expBelow4(f32x4.splat(load<f32>(z + (<usize>i << 2)) - top)), 0);
    store<f32>(<usize>load<i32>(args, 8) + (<usize>r << 2), <f32>(<f64>top + Math.log(total)));
    store<f32>(<usize>load<i32>(args, 12) + (<usize>r << 2), column >= 0 && column < width ? load<f32>(z + (<usize>column << 2)) : 0);
  }
}

/** dz = (exp(z - lse) - [column = label]) dy, 0 in rows of negative label. args: logits, lse, labels, dy, dz, rows, width, start */
export function rowCrossEntropyGrad(args: usize, thread: i32, threads: i32): void {
  const rows = load<i32>(args, 20), width = load<i32>(args, 24), start = load<i32>(args, 28);
  const last = share(rows, 1, thread + 1, threads);
  for (let r = share(rows, 1, thread, threads); r < last; r++) {
    const at = <usize>r * <usize>width << 2;
    const z = <usize>load<i32>(args) + at, dz = <usize>load<i32>(args, 16) + at;
    const label = load<i32>(<usize>load<i32>(args, 8) + (<usize>r << 2));
    const scale = load<f32>(<usize>load<i32>(args, 12) + (<usize>r << 2));
    if (label < 0 || scale === 0) { memory.fill(dz, 0, <usize>width << 2); continue; }
    const lse = load<f32>(<usize>load<i32>(args, 4) + (<usize>r << 2));
    const shift = f32x4.splat(lse), f = f32x4.splat(scale);
    let i = 0;
    for (; i + 4 <= width; i += 4) v128.store(dz + (<usize>i << 2), f32x4.mul(f, expBelow4(f32x4.sub(v128.load(z + (<usize>i << 2)), shift))));
    for (; i < width; i++) store<f32>(dz + (<usize>i << 2), scale * f32x4.extract_lane(expBelow4(f32x4.splat(load<f32>(z + (<usize>i << 2)) - lse)), 0));
    const column = label - start;
    if (column >= 0 && column < width) store<f32>(dz + (<usize>column << 2), load<f32>(dz + (<usize>column << 2)) - scale);
  }
}

/** sum[id] += dy[n] in the order of n; a thread owns a range of ids. args: dy, ids (i32), sum, count, rows, width */
export function scatterRows(args: usize, thread: i32, threads: i32): void {
  const dy = <usize>load<i32>(args), ids = <usize>load<i32>(args, 4), sum = <usize>load<i32>(args, 8);
  const count = load<i32>(args, 12), rows = load<i32>(args, 16);
  const bytes = <usize>load<i32>(args, 20) << 2;
  const first = share(rows, 1, thread, threads), last = share(rows, 1, thread + 1, threads);
  memory.fill(sum + <usize>first * bytes, 0, <usize>(last - first) * bytes);
  for (let n = 0; n < count; n++) {
    const id = load<i32>(ids + (<usize>n << 2));
    if (id < first || id >= last) continue;
    const x = dy + <usize>n * bytes, to = sum + <usize>id * bytes;
    let i: usize = 0;
    for (; i + 16 <= bytes; i += 16) v128.store(to + i, f32x4.add(v128.load(to + i), v128.load(x + i)));
    for (; i < bytes; i += 4) store<f32>(to + i, load<f32>(to + i) + load<f32>(x + i));
  }
}

/** args: p, g, m, v, new p, new m, new v, count, beta1, 1 - beta1, beta2, 1 - beta2, eps, decay, rate, scale, gradient scale */
export function adamw(args: usize, thread: i32, threads: i32): void {
  const p = <usize>load<i32>(args), g = <usize>load<i32>(args, 4), m = <usize>load<i32>(args, 8), v = <usize>load<i32>(args, 12);
  const np = <usize>load<i32>(args, 16), nm = <usize>load<i32>(args, 20), nv = <usize>load<i32>(args, 24);
  const count = load<i32>(args, 28);
  const b1 = v128.load32_splat(args, 32), r1 = v128.load32_splat(args, 36), b2 = v128.load32_splat(args, 40), r2 = v128.load32_splat(args, 44);
  const eps = v128.load32_splat(args, 48), decay = v128.load32_splat(args, 52), rate = v128.load32_splat(args, 56), scale = v128.load32_splat(args, 60);
  const factor = v128.load32_splat(args, 64);
  const end = <usize>share(count, 4, thread + 1, threads) << 2;
  for (let i = <usize>share(count, 4, thread, threads) << 2; i < end; i += 16) {
    // Blocks of the heap are multiples of 16 bytes: what is past the last entry is nobody's.
    const x = v128.load(p + i), d = f32x4.mul(factor, v128.load(g + i));
    const mi = f32x4.add(f32x4.mul(b1, v128.load(m + i)), f32x4.mul(r1, d));
    const vi = f32x4.add(f32x4.mul(b2, v128.load(v + i)), f32x4.mul(r2, f32x4.mul(d, d)));
    const step = f32x4.mul(f32x4.div(mi, f32x4.add(f32x4.mul(f32x4.sqrt(vi), scale), eps)), rate);
    v128.store(nm + i, mi);
    v128.store(nv + i, vi);
    v128.store(np + i, f32x4.sub(x, f32x4.add(f32x4.mul(x, decay), step)));
  }
}

/** parts[thread] (f64) = the sum of this thread's squares. args: x, count, parts */
export function squareSum(args: usize, thread: i32, threads: i32): void {
  const x = <usize>load<i32>(args), count = load<i32>(args, 4);
  const end = <usize>share(count, 4, thread + 1, threads) << 2;
  let i = <usize>share(count, 4, thread, threads) << 2;
  let total: f64 = 0;
  while (i + 16 <= end) {
    const stop = min(end - 15, i + 4096);
    let a = f32x4.splat(0);
    for (; i < stop; i += 16) { const y = v128.load(x + i); a = madd(y, y, a); }
    total += <f64>sum4(a);
  }
  for (; i < end; i += 4) total += <f64>load<f32>(x + i) * <f64>load<f32>(x + i);
  store<f64>(<usize>load<i32>(args, 8) + (<usize>thread << 3), total);
}
