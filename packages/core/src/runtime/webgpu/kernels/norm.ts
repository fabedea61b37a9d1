// RMS and layer norm of rows: one workgroup a row.
import type { NormConfig } from '../../../models/model-config.ts';
import { type Kernel, literal, mainSource, reduction, threadsFor } from '../kernel.ts';

/** What a norm reads and writes. */
export interface NormShape {
  /** `to`: out = norm(x). `in-place`: x = norm(x). `add`: out += scale * norm(x). */
  readonly mode: 'to' | 'in-place' | 'add';
  readonly dim: number;
  /** Floats from row to row, and in front of a row's first one. */
  readonly stride: number;
  readonly offset?: number;
  readonly outStride?: number;
  readonly scale?: number;
  /** Rows are those that a list of u32 names. */
  readonly picked?: boolean;
  /** Absent: the row as it is. */
  readonly norm?: NormConfig;
}

/** Bindings in order: x, out unless in place, the list if picked, weight and bias as the norm has them. One workgroup a row: grid [rows]. */
export function normKernel(
  { mode, dim, stride, offset = 0, outStride = stride, scale = 1, picked = false, norm }: NormShape,
  subgroups: boolean,
): Kernel {
  if (dim % 4 === 0 && dim <= 8192 && [stride, offset, outStride].every((n) => n % 4 === 0))
    return vectorNorm(
      { mode, dim, stride, offset, outStride, scale, picked, ...(norm ? { norm } : {}) },
      subgroups,
    );
  const threads = threadsFor(dim);
  const inPlace = mode === 'in-place';
  const weight = norm?.weight === true;
  const bias = norm?.bias === true;
  const target = inPlace ? 'x' : 'result';
  const value = `(x[base + i]${norm?.kind === 'layer' ? ' - mean' : ''})${norm === undefined ? '' : ' * factor'}${weight ? (norm?.unitOffset ? ' * (weight[i] + 1.0)' : ' * weight[i]') : ''}${bias ? ' + bias[i]' : ''}`;
  const mean =
    norm?.kind === 'layer'
      ? `
  var all = 0.0;
  for (var i = lane; i < DIM; i += ${threads}u) { all += x[base + i]; }
  let mean = total(all, lane, size) / f32(DIM);`
      : '';
  const factor =
    norm === undefined
      ? ''
      : `
  var squares = 0.0;
  for (var i = lane; i < DIM; i += ${threads}u) { let v = x[base + i]${norm.kind === 'layer' ? ' - mean' : ''}; squares += v * v; }
  let factor = inverseSqrt(total(squares, lane, size) / f32(DIM) + ${literal(norm.eps)});`;
  const assign =
    mode === 'add'
      ? `${target}[to + i] += ${scale === 1 ? '' : `${literal(scale)} * `}(${value});`
      : `${target}[to + i] = ${value};`;
  return {
    key: `norm ${JSON.stringify({ mode, dim, stride, offset, outStride, scale, picked, norm })}`,
    sort: 'norm',
    bindings: [
      { name: 'x', type: 'array<f32>', write: inPlace },
      ...(inPlace ? [] : [{ name: 'result', type: 'array<f32>', write: true }]),
      ...(picked ? [{ name: 'list', type: 'array<u32>' }] : []),
      ...(weight ? [{ name: 'weight', type: 'array<f32>' }] : []),
      ...(bias ? [{ name: 'bias', type: 'array<f32>' }] : []),
    ],
    code: `const DIM = ${dim}u;
${norm === undefined ? '' : reduction('total', 'sum', threads, subgroups)}
${mainSource(
  threads,
  subgroups,
  `
  let base = ${picked ? 'list[wid.x]' : 'wid.x'} * ${stride}u + ${offset}u;
  let to = ${inPlace ? 'base' : `wid.x * ${outStride}u`};${mean}${factor}
  for (var i = lane; i < DIM; i += ${threads}u) { ${assign} }`,
)}`,
  };
}

/** The same with a row in registers, four values a load: nothing is read twice, and all loads of a thread are under way together. */
function vectorNorm(
  {
    mode,
    dim,
    stride,
    offset,
    outStride,
    scale,
    picked,
    norm,
  }: Required<Omit<NormShape, 'norm'>> & Pick<NormShape, 'norm'>,
  subgroups: boolean,
): Kernel {
  const width = dim / 4;
  const threads = Math.min(256, Math.ceil(width / 32) * 32);
  const count = Math.ceil(width / threads);
  const each = (of: (i: number) => string) => Array.from({ length: count }, (_, i) => of(i)).join('\n');
  const inPlace = mode === 'in-place';
  const weight = norm?.weight === true;
  const bias = norm?.bias === true;
  const layer = norm?.kind === 'layer';
  const target = inPlace ? 'x' : 'result';
  const inside = (i: number) => `lane + ${i * threads}u < ${width}u`;
  const at = (i: number) => `min(lane + ${i * threads}u, ${width - 1}u)`;
  const value = (i: number) =>
    `v${i}${norm === undefined ? '' : ' * factor'}${weight ? ` * ${norm?.unitOffset ? `(w${i} + vec4<f32>(1.0))` : `w${i}`}` : ''}${bias ? ` + b${i}` : ''}`;
  return {
    key: `vector norm ${JSON.stringify({ mode, dim, stride, offset, outStride, scale, picked, norm })}`,
    sort: 'norm',
    bindings: [
      { name: 'x', type: 'array<vec4<f32>>', write: inPlace },
      ...(inPlace ? [] : [{ name: 'result', type: 'array<vec4<f32>>', write: true }]),
      ...(picked ? [{ name: 'list', type: 'array<u32>' }] : []),
      ...(weight ? [{ name: 'weight', type: 'array<vec4<f32>>' }] : []),
      ...(bias ? [{ name: 'bias', type: 'array<vec4<f32>>' }] : []),
    ],
    code: `${norm === undefined ? '' : reduction('total', 'sum', threads, subgroups)}
${mainSource(
  threads,
  subgroups,
  `
  let base = ${picked ? 'list[wid.x]' : 'wid.x'} * ${stride / 4}u + ${offset / 4}u;
  let to = ${inPlace ? 'base' : `wid.x * ${outStride / 4}u`};
${each((i) => `  var v${i} = select(vec4<f32>(0.0), x[base + ${at(i)}], ${inside(i)});`)}
${weight ? each((i) => `  let w${i} = weight[${at(i)}];`) : ''}
${bias ? each((i) => `  let b${i} = bias[${at(i)}];`) : ''}
${
  layer
    ? `  var all = 0.0;
${each((i) => `  all += dot(v${i}, vec4<f32>(1.0));`)}
  let mean = total(all, lane, size) / ${dim}.0;
${each((i) => `  v${i} = select(vec4<f32>(0.0), v${i} - vec4<f32>(mean), ${inside(i)});`)}`
    : ''
}
${
  norm === undefined
    ? ''
    : `  var squares = 0.0;
${each((i) => `  squares += dot(v${i}, v${i});`)}
  let factor = inverseSqrt(total(squares, lane, size) / ${dim}.0 + ${literal(norm.eps)});`
}
${each((i) => `  if (${inside(i)}) { ${target}[to + lane + ${i * threads}u] ${mode === 'add' ? `+= ${literal(scale)} * (${value(i)})` : `= ${value(i)}`}; }`)}`,
)}`,
  };
}
