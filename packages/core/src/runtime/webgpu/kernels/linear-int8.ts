// Linear layers of a few rows on rows rounded to eight bits (round-rows.ts): products are sums of four integers at a time (`dot4I8Packed`).
import { type Kernel, mainSource } from '../kernel.ts';
import { each, gatherSums } from './gather-sums.ts';
import { finishSource, type GemvTuning, gemvRow, keyOfShape, type LinearShape } from './linear.ts';
import { raw8Source } from './raw-integers.ts';
import { roundedBlock } from './round-rows.ts';

/** As `gemvKernel`, on rounded rows. Bindings: q, d, quants, scales, bias if there is one, y. */
export function gemvInt8Kernel(
  shape: LinearShape,
  rows: number,
  { threads, outputs: R }: GemvTuning,
  subgroups: boolean,
): Kernel {
  const { kind, columns, outputs, xStride, gated = false, bias } = shape;
  const per = gated ? 2 * R : R;
  const sums = rows * per;
  const rowOf = gemvRow(shape, R);
  const { collect, declared } = gatherSums(sums, threads, subgroups);
  return {
    key: `gemv int8 ${rows} ${threads} ${R} ${keyOfShape(shape)}`,
    sort: `gemv8${rows === 1 ? '' : `x${rows}`}`,
    bindings: [
      { name: 'q', type: 'array<vec2<u32>>' },
      { name: 'd', type: 'array<f32>' },
      { name: 'quants', type: `array<${kind.element}>` },
      { name: 'scales', type: 'array<u32>' },
      ...(bias ? [{ name: 'bias', type: 'array<f32>' }] : []),
      { name: 'y', type: 'array<f32>', write: true },
    ],
    code: `${raw8Source(kind, columns)}
fn part(w: Raw, x: vec2<u32>, step: f32) -> f32 {
  let product = dot4I8Packed(w.a, x.x) + dot4I8Packed(w.b, x.y);
  let all = dot4I8Packed(0x01010101u, x.x) + dot4I8Packed(0x01010101u, x.y);
  return step * (w.d * f32(product) + w.m * f32(all));
}
${finishSource(shape)}
${declared}
${mainSource(
  threads,
  subgroups,
  `
  let first = (wid.y * 65535u + wid.x) * ${R}u;
  let t0 = wid.z * ${rows}u;
${each(rows, (t) => `  let x${t} = min(t0 + ${t}u, pass_.rows - 1u);`)}
${each(per, (r) => `  let row${r} = ${rowOf(r)};`)}
${each(sums, (i) => `  var s${i} = 0.0;`)}
  for (var j = lane; j < K8; j += ${threads}u) {
${each(rows, (t) => `    let q${t} = q[x${t} * ${xStride / 8}u + j];\n    let d${t} = d[x${t} * ${Math.ceil(xStride / roundedBlock)}u + (j >> 2u)];`)}
${each(per, (r) => `    let w${r} = eight(row${r}, j);\n${each(rows, (t) => `    s${t * per + r} += part(w${r}, q${t}, d${t});`)}`)}
  }
${collect}
  for (var i = lane; i < ${rows * R}u; i += ${threads}u) {
    let t = i / ${R}u;
    let r = i % ${R}u;
    if (t0 + t < pass_.rows && first + r < ${outputs}u) {
      finish(t0 + t, first + r, whole(t * ${per}u + r, parts)${gated ? `, whole(t * ${per}u + ${R}u + r, parts)` : ''});
    }
  }`,
)}`,
  };
}
