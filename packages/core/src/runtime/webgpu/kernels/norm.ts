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
