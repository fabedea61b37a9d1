// Linear layers of a few rows on activations rounded to eight bits: what goes in is packed by blocks of 32 columns with one scale each, and products are sums of four integers at a time
// (`dot4I8Packed`). Another rounding than float32's, so it is an option and never the default.
import { type Kernel, mainSource } from '../kernel.ts';
import { groupSource, halfSource, type WeightKind, type WeightKindName } from '../weight-kind.ts';
import { finishSource, type GemvTuning, keyOfShape, type LinearShape } from './linear.ts';

/** Columns that share a scale. */
export const int8Block = 32;

const nibbles = `
  let w = quants[row * K8 + j];
  var a = w & 0x0f0f0f0fu;
  var b = (w >> 4u) & 0x0f0f0f0fu;`;
const fifth = (word: string) => `
  let h = ${word} >> (8u * (j & 3u));
  a |= spread1(h);
  b |= spread1(h >> 4u);`;
const spread1 =
  'fn spread1(h: u32) -> u32 { return ((h & 1u) << 4u) | ((h & 2u) << 11u) | ((h & 4u) << 18u) | ((h & 8u) << 25u); }';
const spread2 =
  'fn spread2(h: u32) -> u32 { return ((h & 3u) << 4u) | ((h & 12u) << 10u) | ((h & 48u) << 16u) | ((h & 192u) << 22u); }';

/** Body of `fn raw8(row, j) -> Raw`: eight columns are d * (a, b) + m. */
const raw8: Partial<Record<WeightKindName, string>> = {
  Q8_0: `
  let w = quants[row * K8 + j];${halfSource}
  return Raw(w.x, w.y, d, 0.0);`,
  Q4_0: `${nibbles}${halfSource}
  return Raw(a, b, d, -8.0 * d);`,
  Q4_1: `${nibbles}
  let dm = unpack2x16float(scales[row * SW + (j >> 2u)]);
  return Raw(a, b, dm.x, dm.y);`,
  Q5_0: `${nibbles}
  let s = row * SW + (j >> 2u) * 2u;
  let d = unpack2x16float(scales[s]).x;${fifth('scales[s + 1u]')}
  return Raw(a, b, d, -16.0 * d);`,
  Q5_1: `${nibbles}
  let s = row * SW + (j >> 2u) * 2u;
  let dm = unpack2x16float(scales[s]);${fifth('scales[s + 1u]')}
  return Raw(a, b, dm.x, dm.y);`,
  Q4_K: `${nibbles}${groupSource(5)}
  return Raw(a, b, d, -m);`,
  Q5_K: `${nibbles}${groupSource(13)}${fifth('scales[at + 5u + g]')}
  return Raw(a, b, d, -m);`,
  Q6_K: `${nibbles}
  let at = row * SW + (j >> 5u) * 21u;
  let c = j & 31u;
  let h = scales[at + 5u + (c >> 1u)] >> (16u * (c & 1u));
  a |= spread2(h);
  b |= spread2(h >> 8u);
  let s = c >> 1u;
  let d = unpack2x16float(scales[at]).x * f32(unpack4xI8(scales[at + 1u + (s >> 2u)])[s & 3u]);
  return Raw(a, b, d, -32.0 * d);`,
};

/** Whether a kind's weights are integers that products of integers can take. */
export const hasIntegers = ({ name }: WeightKind): boolean => raw8[name] !== undefined;

/** q = round(x / d), d = max |x| / 127 of each block. Bindings: x, q (a word for four columns, a row as long as x's), d (a row xStride / 32 long). Grid [ceil(blocks / 64), rows]. */
export function roundToInt8Kernel(columns: number, xStride: number): Kernel {
  const blocks = columns / int8Block;
  return {
    key: `round ${columns} ${xStride}`,
    sort: 'round',
    bindings: [
      { name: 'x', type: 'array<vec4<f32>>' },
      { name: 'q', type: 'array<u32>', write: true },
      { name: 'd', type: 'array<f32>', write: true },
    ],
    code: `
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= ${blocks}u) { return; }
  let at = id.y * ${xStride / 4}u + id.x * 8u;
  var most = vec4<f32>(0.0);
  for (var i = 0u; i < 8u; i++) { most = max(most, abs(x[at + i])); }
  let step = max(max(most.x, most.y), max(most.z, most.w)) / 127.0;
  let inverse = select(0.0, 1.0 / step, step > 0.0);
  for (var i = 0u; i < 8u; i++) { q[at + i] = pack4xI8(vec4<i32>(clamp(round(x[at + i] * inverse), vec4<f32>(-127.0), vec4<f32>(127.0)))); }
  d[id.y * ${Math.ceil(xStride / int8Block)}u + id.x] = step;
}`,
  };
}

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
  const each = (count: number, of: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => of(i)).join('\n');
  const rowOf = (r: number) =>
    gated && r >= R
      ? `min(first + ${r - R}u, ${outputs - 1}u) + ${outputs}u`
      : `min(first + ${r}u, ${outputs - 1}u)`;
  const collect = subgroups
    ? `${each(sums, (i) => `  s${i} = subgroupAdd(s${i});`)}
  if (lane % size == 0u) {
${each(sums, (i) => `    sums[(lane / size) * ${sums}u + ${i}u] = s${i};`)}
  }
  workgroupBarrier();
  let parts = (${threads}u + size - 1u) / size;`
    : `${each(sums, (i) => `  sums[lane * ${sums}u + ${i}u] = s${i};`)}
  workgroupBarrier();
  let parts = ${threads}u;`;
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
    code: `
const K8 = ${columns / 8}u;
const SW = ${kind.scaleWords(columns)}u;
struct Raw { a: u32, b: u32, d: f32, m: f32 }
${spread1}
${spread2}
fn raw8(row: u32, j: u32) -> Raw {${raw8[kind.name]}
}
fn part(w: Raw, x: vec2<u32>, step: f32) -> f32 {
  let product = dot4I8Packed(w.a, x.x) + dot4I8Packed(w.b, x.y);
  let all = dot4I8Packed(0x01010101u, x.x) + dot4I8Packed(0x01010101u, x.y);
  return step * (w.d * f32(product) + w.m * f32(all));
}
${finishSource(shape)}
var<workgroup> sums: array<f32, ${(subgroups ? Math.max(1, threads / 4) : threads) * sums}>;
fn whole(i: u32, parts: u32) -> f32 {
  var v = 0.0;
  for (var p = 0u; p < parts; p++) { v += sums[p * ${sums}u + i]; }
  return v;
}
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
${each(rows, (t) => `    let q${t} = q[x${t} * ${xStride / 8}u + j];\n    let d${t} = d[x${t} * ${Math.ceil(xStride / int8Block)}u + (j >> 2u)];`)}
${each(per, (r) => `    let w${r} = raw8(row${r}, j);\n${each(rows, (t) => `    s${t * per + r} += part(w${r}, q${t}, d${t});`)}`)}
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
