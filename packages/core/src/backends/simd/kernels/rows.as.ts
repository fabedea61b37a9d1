// Softmax and reductions over the inner axis of [rows, inner], and sums over the outer axis. The threads split the rows (or, for column sums, the
// columns).
import { expBelow4, max4, share, sum4 } from './math.as';

/** args: in, out, rows, inner, log (0 softmax, 1 log-softmax). A row of -Infinity only gives NaN, as the definition does. */
export function softmax(args: usize, thread: i32, threads: i32): void {
  const input = <usize>load<i32>(args), output = <usize>load<i32>(args, 4);
  const rows = load<i32>(args, 8), inner = load<i32>(args, 12);
  const log = load<i32>(args, 16) !== 0;
  const r1 = share(rows, 1, thread + 1, threads);
  for (let r = share(rows, 1, thread, threads); r < r1; r++) {
    const x = input + ((<usize>r * <usize>inner) << 2), y = output + ((<usize>r * <usize>inner) << 2);
    const top = rowMax(x, inner);
    let total = f32x4.splat(0);
    let tail: f32 = 0;
    let i = 0;
    const shift = f32x4.splat(top);
    for (; i + 4 <= inner; i += 4) {
      const at = <usize>i << 2;
      const e = expBelow4(f32x4.sub(v128.load(x + at), shift));
      if (!log) v128.store(y + at, e);
      total = f32x4.add(total, e);
    }
    for (; i < inner; i++) {
      const at = <usize>i << 2;
      const e = f32x4.extract_lane(expBelow4(f32x4.splat(load<f32>(x + at) - top)), 0);
      if (!log) store<f32>(y + at, e);
      tail += e;
    }
    const sum = sum4(total) + tail;
    const factor = log ? top + <f32>Math.log(<f64>sum) : <f32>1 / sum;
    const f = f32x4.splat(factor);
    for (i = 0; i + 4 <= inner; i += 4) {
      const at = <usize>i << 2;
      v128.store(y + at, log ? f32x4.sub(v128.load(x + at), f) : f32x4.mul(v128.load(y + at), f));
    }
    for (; i < inner; i++) {
      const at = <usize>i << 2;
      store<f32>(y + at, log ? load<f32>(x + at) - factor : load<f32>(y + at) * factor);
    }
  }
}

function rowMax(x: usize, inner: i32): f32 {
  let best = f32x4.splat(-Infinity);
  let i = 0;
  for (; i + 4 <= inner; i += 4) best = f32x4.max(best, v128.load(x + (<usize>i << 2)));
  let top = max4(best);
  for (; i < inner; i++) top = max(top, load<f32>(x + (<usize>i << 2)));
  return top;
}

/** args: in, out, rows, inner, kind (0 sum over inner, 1 mean over inner, 2 max over inner, 3 sum over rows). */
export function reduce(args: usize, thread: i32, threads: i32): void {
  const input = <usize>load<i32>(args), output = <usize>load<i32>(args, 4);
  const rows = load<i32>(args, 8), inner = load<i32>(args, 12), kind = load<i32>(args, 16);
  if (kind === 3) {
    const i0 = share(inner, 4, thread, threads), i1 = share(inner, 4, thread + 1, threads);
    sumColumns(input, output, rows, inner, i0, i1);
    return;
  }
  const r1 = share(rows, 1, thread + 1, threads);
  for (let r = share(rows, 1, thread, threads); r < r1; r++) {
    const x = input + ((<usize>r * <usize>inner) << 2);
    let result: f32;
    if (kind === 2) result = rowMax(x, inner);
    else {
      let a = f32x4.splat(0), b = a;
      let i = 0;
      for (; i + 8 <= inner; i += 8) {
        a = f32x4.add(a, v128.load(x + (<usize>i << 2)));
        b = f32x4.add(b, v128.load(x + (<usize>i << 2), 16));
      }
      result = sum4(f32x4.add(a, b));
      for (; i < inner; i++) result += load<f32>(x + (<usize>i << 2));
      if (kind === 1) result /= <f32>inner;
    }
    store<f32>(output + (<usize>r << 2), result);
  }
}

function sumColumns(input: usize, output: usize, rows: i32, inner: i32, i0: i32, i1: i32): void {
  const stride = <usize>inner << 2;
  let i = i0;
  for (; i + 4 <= i1; i += 4) {
    let p = input + (<usize>i << 2);
    let total = f32x4.splat(0);
    for (let r = 0; r < rows; r++) { total = f32x4.add(total, v128.load(p)); p += stride; }
    v128.store(output + (<usize>i << 2), total);
  }
  for (; i < i1; i++) {
    let p = input + (<usize>i << 2);
    let total: f32 = 0;
    for (let r = 0; r < rows; r++) { total += load<f32>(p); p += stride; }
    store<f32>(output + (<usize>i << 2), total);
  }
}
