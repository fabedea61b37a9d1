// Attention over pages with a running softmax (FlashAttention, arXiv:2205.14135): a workgroup for each head of each row walks its keys in tiles and never stores
// the scores. With `splits` the keys of a row are shared out among workgroups (flash decoding), and a second kernel joins what they found.
import type { CacheDtype } from '../../../kv-cache/page-store.ts';
import { type Kernel, literal, reduction } from '../kernel.ts';
import { rowFields, rowWords } from './gather.ts';
import { each } from './gather-sums.ts';
import { foursOf, pageAccessSource, pageElement } from './page-access.ts';
import type { HeadShape } from './rotate-append.ts';

/** What attention reads and how it weighs. */
export interface AttendShape extends HeadShape {
  readonly stride: number;
  readonly outStride: number;
  readonly scale: number;
  readonly softcap?: number | undefined;
  readonly window?: number | undefined;
  readonly sinks: number;
  readonly alibi: boolean;
  readonly dtype: CacheDtype;
  /** Workgroups a head and row. */
  readonly splits: number;
  /** Threads of a workgroup, which is the keys of a tile: a power of two. */
  readonly threads: number;
}

/** Less than every score. */
export const lowest = '-3.0e38';

/** Floats that one split leaves behind: the weighted values, the largest score, the sum. */
export const splitFloats = (headDim: number): number => headDim + 2;

/** qkv, keys, values, lines, blocks, slopes if alibi, out. */
export const attendBindings = ({ headDim, alibi, dtype }: AttendShape): Kernel['bindings'] => [
  { name: 'qkv', type: headDim % 4 === 0 ? 'array<vec4<f32>>' : 'array<f32>' },
  { name: 'keys', type: `array<${pageElement[dtype]}>` },
  { name: 'values', type: `array<${pageElement[dtype]}>` },
  { name: 'lines', type: 'array<u32>' },
  { name: 'blocks', type: 'array<vec2<u32>>' },
  ...(alibi ? [{ name: 'slopes', type: 'array<f32>' }] : []),
  { name: 'result', type: 'array<f32>', write: true },
];

/** Four values of a row's query, scaled. */
export function queryPart({ headDim: d, stride, scale }: AttendShape, row: string, four: string): string {
  const at = `(${row}) * ${stride}u + head * ${d}u`;
  if (d % 4 === 0) return `qkv[(${at}) / 4u + ${four}] * ${literal(scale)}`;
  const value = (i: number) =>
    `select(0.0, qkv[${at} + 4u * (${four}) + ${i}u], 4u * (${four}) + ${i}u < ${d}u)`;
  return `vec4<f32>(${[0, 1, 2, 3].map(value).join(', ')}) * ${literal(scale)}`;
}

/** Whether `key` is seen from `position`; without branches, whose number SwiftShader's compiler takes to the power. */
export const visibleSource = ({ window, sinks }: AttendShape, position: string): string =>
  `(key <= ${position})${window === undefined ? '' : ` & ((i32(key) > i32(${position}) - ${window}) | (key < ${sinks}u))`}`;

/** What becomes of a score `s` of `key`. */
export const scoreSource = ({ softcap, alibi }: AttendShape): string => `${
  softcap === undefined
    ? ''
    : `s = ${literal(softcap)} * tanh(clamp(s * ${literal(1 / softcap)}, -15.0, 15.0));`
}
        ${alibi ? 's += slopes[head] * f32(key);' : ''}`;

/** Bindings: those of `attendBindings`. Grid [heads, rows, splits]. */
export function attendKernel(shape: AttendShape, subgroups: boolean): Kernel {
  const { heads: H, groups: G, headDim: d, pageSize, outStride, splits, dtype, threads } = shape;
  const fours = foursOf(d);
  // Where a row of values is a whole part of the threads, lanes share out the keys of a tile too.
  const wide = threads % fours === 0;
  const dims = Math.ceil(fours / threads);
  const lanes = wide ? threads / fours : 1;
  const inRange = (c: number) => `lane + ${c * threads}u < ${fours}u`;
  const scalarSum = `    let count = min(${threads}u, end - tile);
    for (var i = 0u; i < count; i++) {
      let w = weights[i];
${each(dims, (c) => `      if (${inRange(c)}) { o${c} += w * values4(places[i], lane + ${c * threads}u); }`)}
    }`;
  const wideSum = each(
    threads / lanes,
    (i) => `    o0 += weights[k0 + ${i * lanes}u] * values4(places[k0 + ${i * lanes}u], c4);`,
  );
  const sumValues = wide ? wideSum : scalarSum;
  const to =
    splits === 1
      ? `wid.y * ${outStride}u + head * ${d}u`
      : `((wid.y * ${H}u + head) * ${splits}u + wid.z) * ${splitFloats(d)}u`;
  const by = splits === 1 ? ' / l' : '';
  const store = (four: string, value: string) =>
    `for (var i = 0u; i < 4u; i++) { if (4u * (${four}) + i < ${d}u) { result[to + 4u * (${four}) + i] = ${value}[i]${by}; } }`;
  const joined = `
  halves[lane] = o0;
  workgroupBarrier();
  if (lane < ${fours}u) {
    var o = halves[lane];
    for (var k = 1u; k < ${lanes}u; k++) { o += halves[k * ${fours}u + lane]; }
    ${store('lane', 'o')}
  }`;
  const finish = `
  let to = ${to};
${wide ? joined : each(dims, (c) => `  if (${inRange(c)}) { ${store(`lane + ${c * threads}u`, `o${c}`)} }`)}
  ${splits === 1 ? '' : `if (lane == 0u) { result[to + ${d}u] = m; result[to + ${d + 1}u] = l; }`}`;
  const extra = subgroups ? ', @builtin(subgroup_size) size: u32' : '';
  return {
    key: `attend ${JSON.stringify(shape)}`,
    sort: 'attend',
    bindings: attendBindings(shape),
    code: `
${pageAccessSource(d, dtype)}
${reduction('largest', 'max', threads, subgroups)}
${reduction('total', 'sum', threads, subgroups)}
var<workgroup> q: array<vec4<f32>, ${fours}>;
var<workgroup> weights: array<f32, ${threads}>;
var<workgroup> places: array<u32, ${threads}>;
${wide ? `var<workgroup> halves: array<vec4<f32>, ${threads}>;` : ''}
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lane: u32${extra}) {
  ${subgroups ? '' : 'let size = 1u;'}
  let head = wid.x;
  let group = head / ${H / G}u;
  let line = wid.y * ${rowWords}u;
  let position = lines[line + ${rowFields.position}u];
  let own = (lines[line + ${rowFields.slot}u] * ${G}u + group) * ${pageSize}u + lines[line + ${rowFields.offset}u];
  let first = lines[line + ${rowFields.firstBlock}u];
  let all = lines[line + ${rowFields.blocks}u] * ${pageSize}u;
  let tiles = (all + ${threads - 1}u) / ${threads}u;
  let share = (tiles + ${splits - 1}u) / ${splits}u;
  let base = wid.z * share * ${threads}u;
  let end = min(all, base + share * ${threads}u);
  for (var i = lane; i < ${fours}u; i += ${threads}u) { q[i] = ${queryPart(shape, 'wid.y', 'i')}; }
  workgroupBarrier();
  var m = ${lowest};
  var l = 0.0;
${each(dims, (c) => `  var o${c} = vec4<f32>(0.0);`)}
${wide ? `  let c4 = lane % ${fours}u;\n  let k0 = lane / ${fours}u;` : ''}
  for (var tile = base; tile < end; tile += ${threads}u) {
    var s = ${lowest};
    // Keys that are not seen weigh nothing; the values read for them are the row's own, so that nothing foreign gets in, not even a NaN.
    var at = own;
    let place = tile + lane;
    if (place < end) {
      let block = blocks[first + place / ${pageSize}u];
      let offset = place % ${pageSize}u;
      let key = block.y + offset;
      if (${visibleSource(shape, 'position')}) {
        at = (block.x * ${G}u + group) * ${pageSize}u + offset;
        s = 0.0;
        for (var i = 0u; i < ${fours}u; i++) { s += dot(q[i], keys4(at, i)); }
        s *= keysScale(at);
        ${scoreSource(shape)}
      }
    }
    let next = max(m, largest(s, lane, size));
    let weight = select(exp(s - next), 0.0, s == ${lowest});
    weights[lane] = weight${dtype === 'int8' ? ' * valuesScale(at)' : ''};
    places[lane] = at;
    let sum = total(weight, lane, size);
    let keep = exp(m - next);
    l = l * keep + sum;
    m = next;
${each(dims, (c) => `    o${c} *= keep;`)}
${sumValues}
    workgroupBarrier();
  }
${finish}
}`,
  };
}

/** Joins the splits of each head and row: grid [heads, rows]. Bindings: parts, out. */
export function joinSplitsKernel({ heads: H, headDim: d, outStride, splits }: AttendShape): Kernel {
  return {
    key: `join ${H} ${d} ${outStride} ${splits}`,
    sort: 'attend',
    bindings: [
      { name: 'parts', type: 'array<f32>' },
      { name: 'result', type: 'array<f32>', write: true },
    ],
    code: `
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let base = (wid.y * ${H}u + wid.x) * ${splits * splitFloats(d)}u;
  var m = ${lowest};
  for (var s = 0u; s < ${splits}u; s++) { m = max(m, parts[base + s * ${splitFloats(d)}u + ${d}u]); }
  var l = 0.0;
  for (var s = 0u; s < ${splits}u; s++) { l += exp(parts[base + s * ${splitFloats(d)}u + ${d}u] - m) * parts[base + s * ${splitFloats(d)}u + ${d + 1}u]; }
  for (var i = lane; i < ${d}u; i += 64u) {
    var v = 0.0;
    for (var s = 0u; s < ${splits}u; s++) { let at = base + s * ${splitFloats(d)}u; v += exp(parts[at + ${d}u] - m) * parts[at + i]; }
    result[wid.y * ${outStride}u + wid.x * ${d}u + i] = v / l;
  }
}`,
  };
}
