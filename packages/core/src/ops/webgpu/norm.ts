// RMSNorm and LayerNorm in WGSL: a workgroup a row; the weight's gradient in two steps, sums over runs of rows and then over the runs, always in the same order.
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

interface NormAttrs {
  readonly layer: boolean;
  readonly eps: number;
  readonly unitOffset: boolean;
  /** Of the gradient: whether there is a bias. */
  readonly bias?: boolean;
}

const threads = 128;
const header = (width: number, rows: number, { eps, unitOffset }: NormAttrs): string => `
const C = ${width}u;
const R = ${rows}u;
const EPS: f32 = ${eps.toExponential()};
const OFFSET: f32 = ${unitOffset ? '1.0' : '0.0'};`;

const statistics = (layer: boolean): string => `
  let at = row * C;
  var mean = 0.0;
  ${layer ? `for (var c = lane; c < C; c += ${threads}u) { mean += x[at + c]; }\n  mean = total(mean, lane) / f32(C);` : ''}
  var squares = 0.0;
  for (var c = lane; c < C; c += ${threads}u) { let d = x[at + c] - mean; squares += d * d; }
  let rstd = 1.0 / sqrt(total(squares, lane) / f32(C) + EPS);`;

/** {x [..., C], weight [C], bias? [C]} -> normalised x. */
export function normOnWebgpu(
  backend: WebGPUBackendLike,
  { x, weight, bias }: Record<string, TensorInfo>,
  attrs: NormAttrs,
): TensorInfo {
  const width = x.shape[x.shape.length - 1];
  const rows = sizeOf(x) / width;
  const y = newTensor(backend, x.shape);
  const code = `${declare(['x', 'weight', ...(bias === undefined ? [] : ['bias']), '=y'])}
${header(width, rows, attrs)}${reductions(threads)}
${entry(
  threads,
  `for (var row = group; row < R; row += groups) {${statistics(attrs.layer)}
  for (var c = lane; c < C; c += ${threads}u) {
    y[at + c] = (x[at + c] - mean) * rstd * (weight[c] + OFFSET)${bias === undefined ? '' : ' + bias[c]'};
  }
}`,
)}`;
  record(backend, code, [x, weight, ...(bias === undefined ? [] : [bias]), y], [groupsFor(rows)]);
  return y;
}

/** {dy, x, weight} -> [dx, d weight] and d bias when `attrs.bias`. */
export function normGradOnWebgpu(
  backend: WebGPUBackendLike,
  { dy, x, weight }: Record<string, TensorInfo>,
  attrs: NormAttrs,
): TensorInfo[] {
  const width = x.shape[x.shape.length - 1];
  const rows = sizeOf(x) / width;
  const dx = newTensor(backend, x.shape);
  const stats = newTensor(backend, [rows, 2]);
  const code = `${declare(['dy', 'x', 'weight', '=dx', '=stats'])}
${header(width, rows, attrs)}${reductions(threads)}
${entry(
  threads,
  `for (var row = group; row < R; row += groups) {${statistics(attrs.layer)}
  if (lane == 0u) { stats[2u * row] = mean; stats[2u * row + 1u] = rstd; }
  var sum = 0.0;
  var dot = 0.0;
  for (var c = lane; c < C; c += ${threads}u) {
    let g = dy[at + c] * (weight[c] + OFFSET);
    sum += g;
    dot += g * (x[at + c] - mean) * rstd;
  }
  let meanDot = total(dot, lane) / f32(C);
  let meanSum = ${attrs.layer ? 'total(sum, lane) / f32(C)' : '0.0'};
  for (var c = lane; c < C; c += ${threads}u) {
    let hat = (x[at + c] - mean) * rstd;
    dx[at + c] = rstd * (dy[at + c] * (weight[c] + OFFSET) - meanSum - hat * meanDot);
  }
}`,
)}`;
  record(backend, code, [dy, x, weight, dx, stats], [groupsFor(rows)]);

  const run = Math.max(16, Math.ceil(rows / 256)); // rows a partial sum
  const runs = Math.ceil(rows / run);
  const sums = attrs.bias === true ? 2 : 1;
  const parts = newTensor(backend, [sums, runs, width]);
  const columns = Math.ceil(width / 64);
  const partial = `${declare(['dy', 'x', 'stats', '=parts'])}
${header(width, rows, attrs)}
${entry(
  64,
  `let c = id.y * 64u + lane;
  if (c >= C) { return; }
  var scale = 0.0;
  var shift = 0.0;
  for (var row = group * ${run}u; row < min(R, (group + 1u) * ${run}u); row++) {
    let g = dy[row * C + c];
    scale += g * (x[row * C + c] - stats[2u * row]) * stats[2u * row + 1u];
    shift += g;
  }
  parts[group * C + c] = scale;
  ${sums === 2 ? `parts[(${runs}u + group) * C + c] = shift;` : ''}`,
)}`;
  record(backend, partial, [dy, x, stats, parts], [runs, columns]);

  const results = Array.from({ length: sums }, () => newTensor(backend, [width]));
  const whole = `${declare(['parts', ...results.map((_, i) => `=out${i}`)])}
const C = ${width}u;
${entry(
  64,
  `let c = id.y * 64u + lane;
  if (c >= C) { return; }
  ${results
    .map(
      (_, i) => `var sum${i} = 0.0;
  for (var r = 0u; r < ${runs}u; r++) { sum${i} += parts[(${i * runs}u + r) * C + c]; }
  out${i}[c] = sum${i};`,
    )
    .join('\n  ')}`,
)}`;
  record(backend, whole, [parts, ...results], [1, columns]);
  for (const info of [stats, parts]) backend.disposeData(info.dataId);
  return [dx, ...results];
}
