// The term that an adapter adds beside a linear layer, as two thin products: low = A x, then y += factor * B low. Rows whose slot is not the adapter's are left as they are, so one dispatch serves
// whatever rows of a pass have the adapter.
import type { Activation } from '../../../models/model-config.ts';
import { type Kernel, literal, mainSource, reduction, threadsFor } from '../kernel.ts';
import { activationSource } from './activation.ts';

/** low[row, j] = sum over i of a[i, j] x[row, i]. Bindings: x, a [columns, rank], slots, mark, low [rows, rank]. Grid [rank, rows]. */
export function lowRankDownKernel(
  columns: number,
  rank: number,
  xStride: number,
  subgroups: boolean,
): Kernel {
  const threads = threadsFor(columns);
  return {
    key: `low rank down ${columns} ${rank} ${xStride}`,
    sort: 'adapter',
    bindings: [
      { name: 'x', type: 'array<f32>' },
      { name: 'a', type: 'array<f32>' },
      { name: 'slots', type: 'array<u32>' },
      { name: 'mark', type: 'array<u32>' },
      { name: 'low', type: 'array<f32>', write: true },
    ],
    code: `${reduction('total', 'sum', threads, subgroups)}
${mainSource(
  threads,
  subgroups,
  `
  let own = slots[wid.y] == mark[0];
  var sum = 0.0;
  if (own) {
    for (var i = lane; i < ${columns}u; i += ${threads}u) { sum += a[i * ${rank}u + wid.x] * x[wid.y * ${xStride}u + i]; }
  }
  let all = total(sum, lane, size);
  if (own && lane == 0u) { low[wid.y * ${rank}u + wid.x] = all; }`,
)}`,
  };
}

/** Where the second product goes. */
export interface LowRankTarget {
  readonly outputs: number;
  readonly rank: number;
  readonly outStride: number;
  readonly outOffset: number;
  /** The adapter's scale, times the layer's where its product is scaled. */
  readonly factor: number;
}

/** y[row, offset + o] += factor * sum over j of b[j, o] low[row, j]. Bindings: low, b [rank, outputs], slots, mark, y. Grid [ceil(outputs / 64), rows]. */
export function lowRankUpKernel({ outputs, rank, outStride, outOffset, factor }: LowRankTarget): Kernel {
  return {
    key: `low rank up ${outputs} ${rank} ${outStride} ${outOffset} ${factor}`,
    sort: 'adapter',
    bindings: [
      { name: 'low', type: 'array<f32>' },
      { name: 'b', type: 'array<f32>' },
      { name: 'slots', type: 'array<u32>' },
      { name: 'mark', type: 'array<u32>' },
      { name: 'y', type: 'array<f32>', write: true },
    ],
    code: `
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= ${outputs}u || slots[id.y] != mark[0]) { return; }
  var sum = 0.0;
  for (var j = 0u; j < ${rank}u; j++) { sum += b[j * ${outputs}u + id.x] * low[id.y * ${rank}u + j]; }
  y[id.y * ${outStride}u + ${outOffset}u + id.x] += ${literal(factor)} * sum;
}`,
  };
}

/** inner[row, i] = act(both[row, i]) * both[row, width + i]: gate and up as one product made them. Bindings: both, inner. Grid [ceil(width / 64), rows]. */
export function gateKernel(
  activation: Activation,
  width: number,
  bothStride: number,
  innerStride: number,
): Kernel {
  return {
    key: `gate ${activation} ${width} ${bothStride} ${innerStride}`,
    sort: 'activate',
    bindings: [
      { name: 'both', type: 'array<f32>' },
      { name: 'inner', type: 'array<f32>', write: true },
    ],
    code: `${activationSource(activation)}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= ${width}u) { return; }
  let at = id.y * ${bothStride}u + id.x;
  inner[id.y * ${innerStride}u + id.x] = act(both[at]) * both[at + ${width}u];
}`,
  };
}
