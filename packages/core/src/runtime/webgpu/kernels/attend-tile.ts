// Attention of prompts: a workgroup for some rows of one head, which share what is loaded of keys and values. Each row has a running softmax of its own; rows of another sequence in the same workgroup
// have their turn after it, from the beginning, so that nothing of one gets into the other, not even a NaN.
import type { Kernel } from '../kernel.ts';
import { type AttendShape, attendBindings, lowest, queryPart, scoreSource, visibleSource } from './attend.ts';
import { rowFields, rowWords } from './gather.ts';
import { each } from './gather-sums.ts';
import { foursOf, pageAccessSource } from './page-access.ts';

/** Rows that share a load for heads of this size; 1: none do. */
export const queriesOf = (headDim: number, threads: number): number => {
  const most = headDim <= 128 ? 8 : headDim <= 256 ? 4 : 1;
  return foursOf(headDim) > threads ? 1 : most;
};

/** As `attendKernel` without splits, for `queries` rows a workgroup. Grid [heads, ceil(rows / queries)]. */
export function attendTileKernel(shape: AttendShape, queries: number): Kernel {
  const { heads: H, groups: G, headDim: d, pageSize, outStride, dtype, threads: T } = shape;
  const R = queries;
  const fours = foursOf(d);
  const lanes = Math.floor(T / fours); // threads that have the same four of a head: they share out the keys
  const share = T / R;
  const field = (row: string, name: keyof typeof rowFields) =>
    `lines[(t0 + ${row}) * ${rowWords}u + ${rowFields[name]}u]`;
  const finish = each(
    R,
    (r) => `    halves[lane] = o${r};
    workgroupBarrier();
    if ((lane < ${fours}u) & (${r}u >= begin) & (${r}u < stop)) {
      var o = halves[lane];
      for (var k = 1u; k < ${lanes}u; k++) { o += halves[k * ${fours}u + lane]; }
      o = o / parts[${r}u];
      for (var i = 0u; i < 4u; i++) { if (4u * lane + i < ${d}u) { result[(t0 + ${r}u) * ${outStride}u + head * ${d}u + 4u * lane + i] = o[i]; } }
    }
    workgroupBarrier();`,
  );
  return {
    key: `attend ${R} ${JSON.stringify(shape)}`,
    sort: `attendx${R}`,
    bindings: attendBindings(shape),
    code: `
${pageAccessSource(d, dtype)}
var<workgroup> q: array<vec4<f32>, ${R * fours}>;
var<workgroup> weights: array<f32, ${R * T}>;
var<workgroup> places: array<u32, ${T}>;
var<workgroup> parts: array<f32, ${T}>;
var<workgroup> most: array<f32, ${R}>;
var<workgroup> keep: array<f32, ${R}>;
var<workgroup> halves: array<vec4<f32>, ${T}>;
@compute @workgroup_size(${T})
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let head = wid.x;
  let group = head / ${H / G}u;
  let t0 = wid.y * ${R}u;
  let count = min(${R}u, pass_.rows - t0);
  for (var i = lane; i < count * ${fours}u; i += ${T}u) { q[i] = ${queryPart(shape, `t0 + i / ${fours}u`, `i % ${fours}u`)}; }
${each(R, (r) => `  let position${r} = ${field(`min(${r}u, count - 1u)`, 'position')};`)}
  let c4 = lane % ${fours}u;
  let k0 = lane / ${fours}u;
  var begin = 0u;
  while (begin < count) {
    if (lane < ${R}u) { most[lane] = ${lowest}; }
    workgroupBarrier();
${each(R, (r) => `    var l${r} = 0.0;\n    var o${r} = vec4<f32>(0.0);`)}
    // Rows of one sequence stand together, in order.
    let first = ${field('begin', 'firstBlock')};
    var stop = begin + 1u;
    while (stop < count) {
      if (${field('stop', 'firstBlock')} != first) { break; }
      stop++;
    }
    let all = ${field('stop - 1u', 'blocks')} * ${pageSize}u;
    let own = (${field('begin', 'slot')} * ${G}u + group) * ${pageSize}u + ${field('begin', 'offset')};
    let lastPosition = ${field('stop - 1u', 'position')};
    for (var tile = 0u; tile < all; tile += ${T}u) {
      var at = own;
      var key = 0u;
      var inside = false;
      let place = tile + lane;
      if (place < all) {
        let block = blocks[first + place / ${pageSize}u];
        let offset = place % ${pageSize}u;
        key = block.y + offset;
        inside = key <= lastPosition;
        if (inside) { at = (block.x * ${G}u + group) * ${pageSize}u + offset; }
      }
${each(R, (r) => `      var s${r} = 0.0;`)}
      if (inside) {
        for (var i = 0u; i < ${fours}u; i++) {
          let k = keys4(at, i);
${each(R, (r) => `          s${r} += dot(q[${r * fours}u + i], k);`)}
        }
      }
      let factor = keysScale(at);
${each(
  R,
  (r) => `      {
        var s = s${r} * factor;
        ${scoreSource(shape)}
        s${r} = select(${lowest}, s, inside & (${r}u >= begin) & (${r}u < stop) & ${visibleSource(shape, `position${r}`)});
      }
      weights[${r * T}u + lane] = s${r};`,
)}
      places[lane] = at;
      workgroupBarrier();
      {
        let row = (lane / ${share}u) * ${T}u + lane % ${share}u;
        var part = weights[row];
        for (var i = 1u; i < ${R}u; i++) { part = max(part, weights[row + i * ${share}u]); }
        parts[lane] = part;
      }
      workgroupBarrier();
      if (lane < ${R}u) {
        var next = most[lane];
        for (var i = 0u; i < ${share}u; i++) { next = max(next, parts[lane * ${share}u + i]); }
        keep[lane] = exp(most[lane] - next);
        most[lane] = next;
      }
      workgroupBarrier();
      let scale = valuesScale(at);
${each(
  R,
  (r) => `      {
        let w = select(exp(s${r} - most[${r}u]), 0.0, s${r} == ${lowest});
        l${r} = l${r} * keep[${r}u] + w;
        o${r} *= keep[${r}u];
        weights[${r * T}u + lane] = w * scale;
      }`,
)}
      workgroupBarrier();
      if (k0 < ${lanes}u) {
        let end = min(${T}u, all - tile);
        for (var k = k0; k < end; k += ${lanes}u) {
          let v = values4(places[k], c4);
${each(R, (r) => `          o${r} += weights[${r * T}u + k] * v;`)}
        }
      }
      workgroupBarrier();
    }
${each(R, (r) => `    weights[${r * T}u + lane] = l${r};`)}
    workgroupBarrier();
    if (lane < ${R}u) {
      var l = 0.0;
      for (var i = 0u; i < ${T}u; i++) { l += weights[lane * ${T}u + i]; }
      parts[lane] = l;
    }
    workgroupBarrier();
${finish}
    begin = stop;
  }
}`,
  };
}
