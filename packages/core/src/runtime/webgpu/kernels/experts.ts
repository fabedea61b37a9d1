// Mixture of experts on the device: the router's row chooses experts, and the products read the rows of the chosen ones only.
import type { Activation } from '../../../models/model-config.ts';
import { type Kernel, literal, mainSource, reduction } from '../kernel.ts';
import { load8Source, type WeightKind } from '../weight-kind.ts';
import { activationSource } from './activation.ts';

/** choices[row] = the `perToken` largest of softmax(scores[row]) as (expert, weight bits), of equal ones the first. Bindings: scores, choices. Grid [rows]. */
export function chooseExpertsKernel(
  count: number,
  stride: number,
  perToken: number,
  normalize: boolean,
): Kernel {
  return {
    key: `choose ${count} ${stride} ${perToken} ${normalize}`,
    sort: 'experts',
    bindings: [
      { name: 'scores', type: 'array<f32>' },
      { name: 'choices', type: 'array<vec2<u32>>', write: true },
    ],
    code: `
@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) wid: vec3<u32>) {
  let base = wid.x * ${stride}u;
  var top = scores[base];
  for (var e = 1u; e < ${count}u; e++) { top = max(top, scores[base + e]); }
  var sum = 0.0;
  for (var e = 0u; e < ${count}u; e++) { sum += exp(scores[base + e] - top); }
  var chosen: array<u32, ${perToken}>;
  var kept = 0.0;
  for (var k = 0u; k < ${perToken}u; k++) {
    var best = ${count}u;
    for (var e = 0u; e < ${count}u; e++) {
      var taken = false;
      for (var i = 0u; i < k; i++) { taken = taken || chosen[i] == e; }
      if (!taken && (best == ${count}u || scores[base + e] > scores[base + min(best, ${count - 1}u)])) { best = e; }
    }
    chosen[k] = best;
    kept += exp(scores[base + best] - top);
  }
  for (var k = 0u; k < ${perToken}u; k++) {
    let weight = exp(scores[base + chosen[k]] - top) / ${normalize ? 'kept' : 'sum'};
    choices[wid.x * ${perToken}u + k] = vec2<u32>(chosen[k], bitcast<u32>(weight));
  }
}`,
  };
}

/** The experts' first halves: inner[row, k] = act(gate_e n) * up_e n. */
export interface ExpertsShape {
  readonly kind: WeightKind;
  readonly columns: number;
  /** Outputs of one expert's half. */
  readonly outputs: number;
  readonly perToken: number;
  /** Experts in this part of the stacked matrix. */
  readonly first: number;
  readonly count: number;
  readonly xStride: number;
  readonly outStride: number;
}

/**
 * Gate and up of each row's experts; an expert's rows are gate then up, or up alone. Biases lie in the same order. Grid [outputs, perToken, rows]; bindings: x, quants, scales, choices, bias if
 * any, inner [rows * perToken, outStride].
 */
export function expertsUpKernel(
  shape: ExpertsShape,
  activation: Activation,
  gated: boolean,
  bias: boolean,
  subgroups: boolean,
): Kernel {
  const { kind, columns, outputs, perToken, first, count, xStride, outStride } = shape;
  const threads = 32;
  const rows = gated ? 2 * outputs : outputs;
  return {
    key: `experts up ${activation} ${gated} ${bias} ${JSON.stringify({ ...shape, kind: kind.name })}`,
    sort: 'experts',
    bindings: [
      { name: 'x', type: 'array<vec4<f32>>' },
      { name: 'quants', type: `array<${kind.element}>` },
      ...(kind.scaleWords(kind.block) === 0 ? [] : [{ name: 'scales', type: 'array<u32>' }]),
      { name: 'choices', type: 'array<vec2<u32>>' },
      ...(bias ? [{ name: 'bias', type: 'array<f32>' }] : []),
      { name: 'inner', type: 'array<f32>', write: true },
    ],
    code: `${load8Source(kind, columns)}${activationSource(activation)}
${reduction('total', 'sum', threads, subgroups)}
${mainSource(
  threads,
  subgroups,
  `
  if (lane == 0u) { chosen = choices[wid.z * ${perToken}u + wid.y].x; }
  let expert = workgroupUniformLoad(&chosen);
  let base = wid.z * ${xStride / 4}u;
  let row = (expert - ${first}u) * ${rows}u + wid.x;
  var g = 0.0;
  var u = 0.0;
  if (expert >= ${first}u && expert < ${first + count}u) {
    for (var j = lane; j < K8; j += ${threads}u) {
      let a = x[base + 2u * j];
      let b = x[base + 2u * j + 1u];
      let w = load8(row, j);
      g += dot(w[0], a) + dot(w[1], b);
      ${
        gated
          ? `let v = load8(row + ${outputs}u, j);
      u += dot(v[0], a) + dot(v[1], b);`
          : ''
      }
    }
  }
  let gate = total(g, lane, size);
  ${gated ? 'let up = total(u, lane, size);' : ''}
  if (lane == 0u && expert >= ${first}u && expert < ${first + count}u) {
    let at = expert * ${rows}u + wid.x;
    inner[(wid.z * ${perToken}u + wid.y) * ${outStride}u + wid.x] = act(gate${bias ? ' + bias[at]' : ''})${gated ? ` * (up${bias ? ` + bias[at + ${outputs}u]` : ''})` : ''};
  }`,
)}
var<workgroup> chosen: u32;`,
  };
}

/** y[row] = sum over its experts of weight * (down_e inner + bias); the first part of the matrix sets, the others add. Grid [outputs, rows]; bindings: inner, quants, scales, choices, bias, y. */
export function expertsDownKernel(
  shape: ExpertsShape,
  scale: number,
  add: boolean,
  bias: boolean,
  subgroups: boolean,
): Kernel {
  const { kind, columns, outputs, perToken, first, count, xStride, outStride } = shape;
  const threads = 32;
  return {
    key: `experts down ${scale} ${add} ${bias} ${JSON.stringify({ ...shape, kind: kind.name })}`,
    sort: 'experts',
    bindings: [
      { name: 'x', type: 'array<vec4<f32>>' },
      { name: 'quants', type: `array<${kind.element}>` },
      ...(kind.scaleWords(kind.block) === 0 ? [] : [{ name: 'scales', type: 'array<u32>' }]),
      { name: 'choices', type: 'array<vec2<u32>>' },
      ...(bias ? [{ name: 'bias', type: 'array<f32>' }] : []),
      { name: 'y', type: 'array<f32>', write: true },
    ],
    code: `${load8Source(kind, columns)}
${reduction('total', 'sum', threads, subgroups)}
${mainSource(
  threads,
  subgroups,
  `
  var sum = 0.0;
  for (var k = 0u; k < ${perToken}u; k++) {
    let choice = choices[wid.y * ${perToken}u + k];
    if (choice.x < ${first}u || choice.x >= ${first + count}u) { continue; }
    let weight = bitcast<f32>(choice.y);
    let base = (wid.y * ${perToken}u + k) * ${xStride / 4}u;
    let row = (choice.x - ${first}u) * ${outputs}u + wid.x;
    for (var j = lane; j < K8; j += ${threads}u) {
      let w = load8(row, j);
      sum += weight * (dot(w[0], x[base + 2u * j]) + dot(w[1], x[base + 2u * j + 1u]));
    }
    ${bias ? `if (lane == 0u) { sum += weight * bias[choice.x * ${outputs}u + wid.x]; }` : ''}
  }
  let all = total(sum, lane, size);
  if (lane == 0u) {
    let at = wid.y * ${outStride}u + wid.x;
    y[at] ${add ? '+=' : '='} ${scale === 1 ? 'all' : `${literal(scale)} * all`};
  }`,
)}`,
  };
}
