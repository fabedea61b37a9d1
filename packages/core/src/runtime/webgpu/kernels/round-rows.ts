// What goes into products, rounded: rows packed by blocks of 32 columns with one float32 scale each, as integers of eight bits or as binary16. Another rounding than float32's, so both are options.
import type { Kernel } from '../kernel.ts';
import { nearestHalfSource } from './nearest-half.ts';

/** Columns that share a scale. */
export const roundedBlock = 32;

/** How rows are rounded. */
export type Rounding = 'int8' | 'float16';

/** Bytes of a rounded value. */
export const roundedBytes: Readonly<Record<Rounding, number>> = { int8: 1, float16: 2 };

/** q = round(x / d) with d = max |x| / 127 of each block for `int8`; for `float16` d is the power of two above max |x|, so that nothing is too large and a value of eleven bits is kept as it is. */
export function roundRowsKernel(to: Rounding, columns: number, xStride: number): Kernel {
  const blocks = Math.ceil(columns / roundedBlock);
  const fours = Math.ceil(columns / 8) * 2; // of a row, with the zeros behind it
  const count = fours % 8 === 0 ? '8u' : `min(8u, ${fours}u - id.x * 8u)`;
  const scale =
    to === 'int8'
      ? 'most / 127.0'
      : // frexp of 0 is 0; infinities stay what they are.
        'ldexp(1.0, clamp(frexp(most).exp, -120, 120))';
  const packed =
    to === 'int8'
      ? 'pack4xI8(vec4<i32>(clamp(round(x[at + i] * inverse), vec4<f32>(-127.0), vec4<f32>(127.0))))'
      : 'packHalves(x[at + i] * inverse)';
  return {
    key: `round ${to} ${columns} ${xStride}`,
    sort: 'round',
    bindings: [
      { name: 'x', type: 'array<vec4<f32>>' },
      { name: 'q', type: to === 'int8' ? 'array<u32>' : 'array<vec2<u32>>', write: true },
      { name: 'd', type: 'array<f32>', write: true },
    ],
    code: `${to === 'int8' ? '' : nearestHalfSource}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= ${blocks}u) { return; }
  let at = id.y * ${xStride / 4}u + id.x * 8u;
  let count = ${count};
  var largest = vec4<f32>(0.0);
  for (var i = 0u; i < count; i++) { largest = max(largest, abs(x[at + i])); }
  let most = max(max(largest.x, largest.y), max(largest.z, largest.w));
  let step = ${scale};
  let inverse = select(0.0, 1.0 / step, step > 0.0);
  for (var i = 0u; i < count; i++) { q[at + i] = ${packed}; }
  d[id.y * ${Math.ceil(xStride / roundedBlock)}u + id.x] = step;
}`,
  };
}
