// Linear layers, y = x W^T + b with what follows: the activation of a gated or plain MLP, the sum to the residual stream, the head's scale and softcap. Two
// shapes: a workgroup for a few outputs of a few rows (every weight is read once, whatever the rows), and tiles for many rows.
import type { Activation } from '../../../models/model-config.ts';
import { type Kernel, literal, mainSource } from '../kernel.ts';
import { load8Source, type WeightKind } from '../weight-kind.ts';
import { activationSource } from './activation.ts';

/** What becomes of a product. */
export interface LinearShape {
  readonly kind: WeightKind;
  readonly columns: number;
  /** Outputs of this part of the matrix (with `gated` half of its rows), and where the first one goes. */
  readonly outputs: number;
  readonly outOffset: number;
  /** Where its biases begin in their vector. */
  readonly biasOffset: number;
  readonly outStride: number;
  readonly xStride: number;
  readonly xOffset?: number;
  readonly bias: boolean;
  /** Rows j and j + outputs are gate and up; y = act(gate) * up. */
  readonly gated?: boolean;
  readonly activation?: Activation | undefined;
  /** y += scale * product instead of y = product. */
  readonly add?: boolean;
  readonly scale?: number;
  readonly softcap?: number | undefined;
}

/** How a GEMV is cut: threads of a workgroup, outputs it makes, rows of x at a time. */
export interface GemvTuning {
  readonly threads: number;
  readonly outputs: number;
}

const bindingsOf = ({ kind, bias }: LinearShape): Kernel['bindings'] => [
  { name: 'x', type: 'array<vec4<f32>>' },
  { name: 'quants', type: `array<${kind.element}>` },
  ...(kind.scaleWords(kind.block) === 0 ? [] : [{ name: 'scales', type: 'array<u32>' }]),
  ...(bias ? [{ name: 'bias', type: 'array<f32>' }] : []),
  { name: 'y', type: 'array<f32>', write: true },
];

/** `finish(t, o, v[, up])` stores output `o` of row `t`. */
function finishSource(shape: LinearShape): string {
  const {
    outputs,
    outOffset,
    biasOffset,
    outStride,
    bias,
    gated,
    activation,
    add,
    scale = 1,
    softcap,
  } = shape;
  const at = `t * ${outStride}u + ${outOffset}u + o`;
  const first = `v${bias ? ` + bias[${biasOffset}u + o]` : ''}`;
  let value = activation === undefined ? first : `act(${first})`;
  if (gated) value = `act(${first}) * (up${bias ? ` + bias[${outputs}u + o]` : ''})`;
  if (scale !== 1) value = `${literal(scale)} * (${value})`;
  if (softcap !== undefined)
    value = `${literal(softcap)} * tanh(clamp((${value}) * ${literal(1 / softcap)}, -15.0, 15.0))`;
  return `${activation === undefined ? '' : activationSource(activation)}
fn finish(t: u32, o: u32, v: f32${gated ? ', up: f32' : ''}) { y[${at}] ${add ? '+=' : '='} ${value}; }`;
}

const keyOf = (shape: LinearShape): string => JSON.stringify({ ...shape, kind: shape.kind.name });

/** Few rows: grid [groups, ceil(groups / 65535), ceil(rows / rowsAtATime)], groups = ceil(outputs / tuning.outputs). */
export function gemvKernel(
  shape: LinearShape,
  rows: number,
  { threads, outputs: R }: GemvTuning,
  subgroups: boolean,
): Kernel {
  const { kind, columns, outputs, xStride, xOffset = 0, gated = false } = shape;
  const sums = rows * R * (gated ? 2 : 1);
  const rowOf = (r: number) => `min(first + ${r}u, ${outputs - 1}u)`;
  const each = <T>(count: number, of: (i: number) => T) => Array.from({ length: count }, (_, i) => of(i));
  const inner = each(gated ? 2 * R : R, (r) => {
    const row = gated && r >= R ? `${rowOf(r - R)} + ${outputs}u` : rowOf(r);
    return `
    {
      let w = load8(${row}, j);
${each(rows, (t) => `      s${t * (gated ? 2 * R : R) + r} += dot(w[0], a${t}) + dot(w[1], b${t});`).join('\n')}
    }`;
  }).join('');
  const per = gated ? 2 * R : R;
  const declare = each(sums, (i) => `  var s${i} = 0.0;`).join('\n');
  const load = each(
    rows,
    (t) => `
    let a${t} = x[x${t} + 2u * j];
    let b${t} = x[x${t} + 2u * j + 1u];`,
  ).join('');
  const shared = subgroups ? Math.max(1, threads / 4) * sums : threads * sums;
  const collect = subgroups
    ? `${each(sums, (i) => `  s${i} = subgroupAdd(s${i});`).join('\n')}
  if (lane % size == 0u) {
    let at = (lane / size) * ${sums}u;
${each(sums, (i) => `    sums[at + ${i}u] = s${i};`).join('\n')}
  }
  workgroupBarrier();
  let parts = (${threads}u + size - 1u) / size;`
    : `  {
    let at = lane * ${sums}u;
${each(sums, (i) => `    sums[at + ${i}u] = s${i};`).join('\n')}
  }
  workgroupBarrier();
  let parts = ${threads}u;`;
  return {
    key: `gemv ${rows} ${threads} ${R} ${keyOf(shape)}`,
    sort: `gemv${rows === 1 ? '' : `x${rows}`}`,
    bindings: bindingsOf(shape),
    code: `${load8Source(kind, columns)}${finishSource(shape)}
var<workgroup> sums: array<f32, ${shared}>;
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
${each(rows, (t) => `  let x${t} = (min(t0 + ${t}u, pass_.rows - 1u) * ${xStride}u + ${xOffset}u) / 4u;`).join('\n')}
${declare}
  for (var j = lane; j < K8; j += ${threads}u) {${load}${inner}
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

/** Many rows: tiles of `tile` rows by 64 outputs (32 gated pairs); grid [ceil(outputs / (gated ? 32 : 64)), ceil(rows / tile)]. */
export function gemmKernel(shape: LinearShape, tile: 16 | 32 | 64): Kernel {
  const { kind, columns, outputs, xStride, xOffset = 0, gated = false } = shape;
  const M = tile / 16;
  const each = <T>(count: number, of: (i: number) => T) => Array.from({ length: count }, (_, i) => of(i));
  const width = gated ? 32 : 64;
  const rowOf = (slot: string) =>
    gated ? `select(n0 + ${slot}, ${outputs}u + n0 + ${slot} - 32u, ${slot} >= 32u)` : `n0 + ${slot}`;
  const inside = (slot: string) =>
    gated ? `n0 + (${slot} & 31u) < ${outputs}u` : `n0 + ${slot} < ${outputs}u`;
  return {
    key: `gemm ${tile} ${keyOf(shape)}`,
    sort: 'gemm',
    bindings: bindingsOf(shape),
    code: `${load8Source(kind, columns)}${finishSource(shape)}
var<workgroup> xs: array<vec4<f32>, ${tile * 8}>;
var<workgroup> ws: array<vec4<f32>, 512>;
@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lane: u32, @builtin(local_invocation_id) at: vec3<u32>) {
  let n0 = wid.x * ${width}u;
  let m0 = wid.y * ${tile}u;
${each(M * 4, (i) => `  var s${i} = 0.0;`).join('\n')}
  let slot = lane >> 2u;
  let part = lane & 3u;
  let swap = slot & 7u;
  for (var j = 0u; j < K8; j += 4u) {
    for (var i = lane; i < ${tile * 8}u; i += 256u) {
      let m = m0 + (i >> 3u);
      let k = 2u * j + (i & 7u);
      var v = vec4<f32>(0.0);
      if (m < pass_.rows && k < 2u * K8) { v = x[(m * ${xStride}u + ${xOffset}u) / 4u + k]; }
      xs[(i & ~7u) | ((i & 7u) ^ ((i >> 3u) & 7u))] = v;
    }
    var w = mat2x4<f32>();
    if (j + part < K8 && ${inside('slot')}) { w = load8(${rowOf('slot')}, j + part); }
    ws[slot * 8u + ((2u * part) ^ swap)] = w[0];
    ws[slot * 8u + ((2u * part + 1u) ^ swap)] = w[1];
    workgroupBarrier();
    for (var k = 0u; k < 8u; k++) {
${each(M, (m) => `      let a${m} = xs[(at.y + ${16 * m}u) * 8u + (k ^ (at.y & 7u))];`).join('\n')}
${each(4, (n) => `      let w${n} = ws[(at.x + ${16 * n}u) * 8u + (k ^ (at.x & 7u))];`).join('\n')}
${each(M * 4, (i) => `      s${i} += dot(a${i >> 2}, w${i & 3});`).join('\n')}
    }
    workgroupBarrier();
  }
${each(M, (m) =>
  gated
    ? each(
        2,
        (n) => `
  if (m0 + at.y + ${16 * m}u < pass_.rows && n0 + at.x + ${16 * n}u < ${outputs}u) { finish(m0 + at.y + ${16 * m}u, n0 + at.x + ${16 * n}u, s${m * 4 + n}, s${m * 4 + n + 2}); }`,
      ).join('')
    : each(
        4,
        (n) => `
  if (m0 + at.y + ${16 * m}u < pass_.rows && n0 + at.x + ${16 * n}u < ${outputs}u) { finish(m0 + at.y + ${16 * m}u, n0 + at.x + ${16 * n}u, s${m * 4 + n}); }`,
      ).join(''),
).join('')}
}`,
  };
}
