// What goes row by row in WGSL: the softmax of attention with its scale and mask, cross-entropy from a chunk of logits, the gradient of an embedding, sums of squares. A workgroup a row.
import type { TensorInfo } from '@tensorflow/tfjs-core';
import {
  declare,
  entry,
  groupsFor,
  newTensor,
  record,
  reductions,
  sizeOf,
  type WebGPUBackendLike,
} from './record.ts';

const threads = 128;
const columns = (width: number, body: string): string =>
  `for (var j = lane; j < ${width}u; j += ${threads}u) { ${body} }`;
const rowsOf = (rows: number, body: string): string =>
  entry(threads, `for (var row = group; row < ${rows}u; row += groups) {\n${body}\n}`);
const lowest = '-3.0e38';

/** softmax(scale scores + mask) over the last axis: scores [B, H, T, S], mask? [B or 1, 1, T, S]. */
export function maskedSoftmaxOnWebgpu(
  backend: WebGPUBackendLike,
  { scores, mask }: Record<string, TensorInfo>,
  { scale }: { scale: number },
): TensorInfo {
  const [batch, heads, length, seen] = scores.shape;
  const y = newTensor(backend, scores.shape);
  const rows = batch * heads * length;
  const maskRow =
    mask !== undefined && mask.shape[0] > 1
      ? `(row / ${heads * length}u) * ${length}u + row % ${length}u`
      : `row % ${length}u`;
  const score = `x[row * ${seen}u + j] * ${scale.toExponential()}f${mask === undefined ? '' : ` + mask[shift + j]`}`;
  const code = `${declare(['x', ...(mask === undefined ? [] : ['mask']), '=y'])}${reductions(threads)}
${rowsOf(
  rows,
  `let shift = (${maskRow}) * ${seen}u;
  var top = ${lowest};
  ${columns(seen, `top = max(top, ${score});`)}
  top = most(top, lane);
  var sum = 0.0;
  ${columns(seen, `let e = exp(${score} - top); y[row * ${seen}u + j] = e; sum += e;`)}
  let inverse = 1.0 / total(sum, lane);
  ${columns(seen, `y[row * ${seen}u + j] *= inverse;`)}`,
)}`;
  record(backend, code, [scores, ...(mask === undefined ? [] : [mask]), y], [groupsFor(rows)]);
  return y;
}

/** d scores = scale y (dy - sum(dy y)). */
export function maskedSoftmaxGradOnWebgpu(
  backend: WebGPUBackendLike,
  { dy, y }: Record<string, TensorInfo>,
  { scale }: { scale: number },
): TensorInfo {
  const width = y.shape[y.shape.length - 1];
  const rows = sizeOf(y) / width;
  const dx = newTensor(backend, y.shape);
  const code = `${declare(['dy', 'y', '=dx'])}${reductions(threads)}
${rowsOf(
  rows,
  `let at = row * ${width}u;
  var sum = 0.0;
  ${columns(width, 'sum += dy[at + j] * y[at + j];')}
  let dot = total(sum, lane);
  ${columns(width, `dx[at + j] = ${scale.toExponential()}f * y[at + j] * (dy[at + j] - dot);`)}`,
)}`;
  record(backend, code, [dy, y, dx], [groupsFor(rows)]);
  return dx;
}

/** logits [N, W] of columns start .. start + W, labels int32 [N] -> [log sum exp [N], the label's logit or 0 [N]]. */
export function rowCrossEntropyOnWebgpu(
  backend: WebGPUBackendLike,
  { logits, labels }: Record<string, TensorInfo>,
  { start }: { start: number },
): TensorInfo[] {
  const [rows, width] = logits.shape;
  const results = [newTensor(backend, [rows]), newTensor(backend, [rows])];
  const code = `${declare(['z', 'labels:i32', '=lse', '=picked'])}${reductions(threads)}
${rowsOf(
  rows,
  `let at = row * ${width}u;
  var top = ${lowest};
  ${columns(width, 'top = max(top, z[at + j]);')}
  top = most(top, lane);
  var sum = 0.0;
  ${columns(width, 'sum += exp(z[at + j] - top);')}
  let all = total(sum, lane);
  if (lane == 0u) {
    lse[row] = top + log(all);
    let column = labels[row] - ${start};
    var hit = 0.0;
    if (column >= 0 && column < ${width}) { hit = z[at + u32(column)]; }
    picked[row] = hit;
  }`,
)}`;
  record(backend, code, [logits, labels, ...results], [groupsFor(rows)]);
  return results;
}

/** (exp(logits - lse) - [column = label]) dy a row; 0 where the label is negative. */
export function rowCrossEntropyGradOnWebgpu(
  backend: WebGPUBackendLike,
  { logits, lse, labels, dy }: Record<string, TensorInfo>,
  { start }: { start: number },
): TensorInfo {
  const [rows, width] = logits.shape;
  const dz = newTensor(backend, logits.shape);
  const code = `${declare(['z', 'lse', 'labels:i32', 'dy', '=dz'])}
${rowsOf(
  rows,
  `let at = row * ${width}u;
  let column = labels[row] - ${start};
  let scale = select(dy[row], 0.0, labels[row] < 0);
  ${columns(width, 'dz[at + j] = scale * (exp(z[at + j] - lse[row]) - select(0.0, 1.0, i32(j) == column));')}`,
)}`;
  record(backend, code, [logits, lse, labels, dy, dz], [groupsFor(rows)]);
  return dz;
}

/** dy [N, C], ids int32 [N] -> [V, C]: the sum of the rows of each id, in their order, so that the same input gives the same bits. */
export function scatterRowsOnWebgpu(
  backend: WebGPUBackendLike,
  { dy, ids }: Record<string, TensorInfo>,
  { rows }: { rows: number },
): TensorInfo {
  const [count, width] = dy.shape;
  const sum = newTensor(backend, [rows, width]);
  const code = `${declare(['dy', 'ids:i32', '=sum'])}
${rowsOf(
  rows,
  `for (var c = lane; c < ${width}u; c += ${threads}u) { sum[row * ${width}u + c] = 0.0; }
  for (var n = 0u; n < ${count}u; n++) {
    if (ids[n] == i32(row)) {
      ${columns(width, `sum[row * ${width}u + j] += dy[n * ${width}u + j];`)}
    }
  }`,
)}`;
  record(backend, code, [dy, ids, sum], [groupsFor(rows)]);
  return sum;
}

const partialSums = 64; // 256 bytes: the least offset of a binding

/** Tensors -> [n]: the sum of each one's squares. */
export function squareSumsOnWebgpu(backend: WebGPUBackendLike, tensors: readonly TensorInfo[]): TensorInfo {
  const parts = newTensor(backend, [tensors.length, partialSums]);
  tensors.forEach((info, i) => {
    const count = sizeOf(info);
    const code = `${declare(['x', '=part_sum'])}${reductions(threads)}
${entry(
  threads,
  `var sum = 0.0;
  for (var i = group * ${threads}u + lane; i < ${count}u; i += ${partialSums * threads}u) { sum += x[i] * x[i]; }
  let all = total(sum, lane);
  if (lane == 0u) { part_sum[group] = all; }`,
)}`;
    const bytes = partialSums * 4;
    record(backend, code, [info, { info: parts, offset: i * bytes, size: bytes }], [partialSums]);
  });
  const sums = newTensor(backend, [tensors.length]);
  const code = `${declare(['parts', '=sums'])}
${entry(
  64,
  `for (var i = group * 64u + lane; i < ${tensors.length}u; i += groups * 64u) {
    var sum = 0.0;
    for (var j = 0u; j < ${partialSums}u; j++) { sum += parts[i * ${partialSums}u + j]; }
    sums[i] = sum;
  }`,
)}`;
  record(backend, code, [parts, sums], [groupsFor(tensors.length, 64)]);
  backend.disposeData(parts.dataId);
  return sums;
}
