// Attention over pages with a running softmax (FlashAttention, arXiv:2205.14135): a workgroup for each head of each row walks its keys in tiles and never stores
// the scores. With `splits` the keys of a row are shared out among workgroups (flash decoding), and a second kernel joins what they found.
import { type Kernel, literal, reduction } from '../kernel.ts';
import { rowFields, rowWords } from './gather.ts';
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
  /** Workgroups a head and row. */
  readonly splits: number;
  /** Threads of a workgroup, which is the keys of a tile: a power of two. */
  readonly threads: number;
}

const lowest = '-3.0e38';

/** Floats that one split leaves behind: the weighted values, the largest score, the sum. */
export const splitFloats = (headDim: number): number => headDim + 2;

/** Bindings: qkv, keys, values, lines, blocks, slopes if alibi, out. Grid [heads, rows, splits]. */
export function attendKernel(shape: AttendShape, subgroups: boolean): Kernel {
  const {
    heads: H,
    groups: G,
    headDim: d,
    pageSize,
    stride,
    outStride,
    scale,
    softcap,
    window,
    sinks,
    alibi,
    splits,
  } = shape;
  const { threads } = shape;
  const vector = d % 4 === 0;
  // Four values a load where a row of values is a whole part of the threads: lanes then share out the keys of a tile too.
  const wide = vector && threads % (d / 4) === 0;
  const dims = wide ? 1 : Math.ceil(d / threads);
  const lanes = wide ? threads / (d / 4) : 1;
  const each = <T>(count: number, of: (i: number) => T) => Array.from({ length: count }, (_, i) => of(i));
  const dot = vector
    ? `s = ${each(d / 4, (i) => `dot(q[${i}], keys[at / 4u + ${i}u])`).join(' + ')};`
    : `for (var i = 0u; i < ${d}u; i++) { s += q[i] * keys[at + i]; }`;
  const visible = window === undefined ? '' : ` && (i32(key) > i32(position) - ${window} || key < ${sinks}u)`;
  const inRange = (c: number) => `lane + ${c * threads}u < ${d}u`;
  const scalarSum = `    let count = min(${threads}u, end - tile);
    for (var i = 0u; i < count; i++) {
      let w = weights[i];
      let v = places[i] + lane;
${each(dims, (c) => `      if (${inRange(c)}) { o${c} += w * values[v + ${c * threads}u]; }`).join('\n')}
    }`;
  const wideSum = each(
    threads / lanes,
    (i) => `    o0 += weights[k0 + ${i * lanes}u] * values[places[k0 + ${i * lanes}u] / 4u + c4];`,
  ).join('\n');
  const sumValues = wide ? wideSum : scalarSum;
  const to =
    splits === 1
      ? `wid.y * ${outStride}u + head * ${d}u`
      : `((wid.y * ${H}u + head) * ${splits}u + wid.z) * ${splitFloats(d)}u`;
  const by = splits === 1 ? ' / l' : '';
  const joined = `
  halves[lane] = o0;
  workgroupBarrier();
  if (lane < ${d / 4}u) {
    var o = halves[lane];
    for (var k = 1u; k < ${lanes}u; k++) { o += halves[k * ${d / 4}u + lane]; }
    o = o${by};
    for (var i = 0u; i < 4u; i++) { result[to + 4u * lane + i] = o[i]; }
  }`;
  const finish = `
  let to = ${to};
${wide ? joined : each(dims, (c) => `  if (${inRange(c)}) { result[to + lane + ${c * threads}u] = o${c}${by}; }`).join('\n')}
  ${splits === 1 ? '' : `if (lane == 0u) { result[to + ${d}u] = m; result[to + ${d + 1}u] = l; }`}`;
  const extra = subgroups ? ', @builtin(subgroup_size) size: u32' : '';
  return {
    key: `attend ${JSON.stringify(shape)}`,
    sort: 'attend',
    bindings: [
      { name: 'qkv', type: vector ? 'array<vec4<f32>>' : 'array<f32>' },
      { name: 'keys', type: vector ? 'array<vec4<f32>>' : 'array<f32>' },
      { name: 'values', type: wide ? 'array<vec4<f32>>' : 'array<f32>' },
      { name: 'lines', type: 'array<u32>' },
      { name: 'blocks', type: 'array<vec2<u32>>' },
      ...(alibi ? [{ name: 'slopes', type: 'array<f32>' }] : []),
      { name: 'result', type: 'array<f32>', write: true },
    ],
    code: `
${reduction('largest', 'max', threads, subgroups)}
${reduction('total', 'sum', threads, subgroups)}
var<workgroup> q: array<${vector ? 'vec4<f32>' : 'f32'}, ${vector ? d / 4 : d}>;
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
  let own = ((lines[line + ${rowFields.slot}u] * ${G}u + group) * ${pageSize}u + lines[line + ${rowFields.offset}u]) * ${d}u;
  let first = lines[line + ${rowFields.firstBlock}u];
  let all = lines[line + ${rowFields.blocks}u] * ${pageSize}u;
  let tiles = (all + ${threads - 1}u) / ${threads}u;
  let share = (tiles + ${splits - 1}u) / ${splits}u;
  let base = wid.z * share * ${threads}u;
  let end = min(all, base + share * ${threads}u);
  for (var i = lane; i < ${vector ? d / 4 : d}u; i += ${threads}u) { q[i] = qkv[(wid.y * ${stride}u + head * ${d}u)${vector ? ' / 4u' : ''} + i] * ${literal(scale)}; }
  workgroupBarrier();
  var m = ${lowest};
  var l = 0.0;
${wide ? `  var o0 = vec4<f32>(0.0);\n  let c4 = lane % ${d / 4}u;\n  let k0 = lane / ${d / 4}u;` : each(dims, (c) => `  var o${c} = 0.0;`).join('\n')}
  for (var tile = base; tile < end; tile += ${threads}u) {
    var s = ${lowest};
    // Keys that are not seen weigh nothing; the values read for them are the row's own, so that nothing foreign gets in, not even a NaN.
    var at = own;
    let place = tile + lane;
    if (place < end) {
      let block = blocks[first + place / ${pageSize}u];
      let offset = place % ${pageSize}u;
      let key = block.y + offset;
      if (key <= position${visible}) {
        at = ((block.x * ${G}u + group) * ${pageSize}u + offset) * ${d}u;
        s = 0.0;
        ${dot}
        ${softcap === undefined ? '' : `s = ${literal(softcap)} * tanh(clamp(s * ${literal(1 / softcap)}, -15.0, 15.0));`}
        ${alibi ? 's += slopes[head] * f32(key);' : ''}
      }
    }
    let next = max(m, largest(s, lane, size));
    let weight = select(exp(s - next), 0.0, s == ${lowest});
    weights[lane] = weight;
    places[lane] = at;
    let sum = total(weight, lane, size);
    let keep = exp(m - next);
    l = l * keep + sum;
    m = next;
${each(dims, (c) => `    o${c} *= keep;`).join('\n')}
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
