// Rotary positions.
import { share } from './math.as';

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
