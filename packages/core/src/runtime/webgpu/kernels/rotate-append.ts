// Queries, keys and values of a pass: clipped, normed and rotated as the family does, keys and values into their pages. A workgroup for each head of each row.
import type { CacheDtype } from '../../../kv-cache/page-store.ts';
import type { NormConfig, RopeConfig } from '../../../models/model-config.ts';
import { type Kernel, literal, mainSource, reduction } from '../kernel.ts';
import { rowFields, rowWords } from './gather.ts';
import { nearestHalfSource } from './nearest-half.ts';
import { foursOf, pageElement } from './page-access.ts';

/** The sizes of attention. */
export interface HeadShape {
  readonly heads: number;
  readonly groups: number;
  readonly headDim: number;
  readonly pageSize: number;
}

/** What happens to q, k and v. */
export interface RotateShape extends HeadShape {
  readonly stride: number;
  readonly clip?: number | undefined;
  /** A norm of each head; its parameters are bound as one vector: queries' weights, keys' weights, queries' biases, keys' biases. */
  readonly norm?: { readonly scope: 'head' | 'each-head'; readonly norm: NormConfig } | undefined;
  readonly rope?: Pick<RopeConfig, 'rotaryDim' | 'interleaved'> | undefined;
  /** How keys and values are kept; absent: clip only, nothing else (a norm over all heads follows). */
  readonly append?: CacheDtype | undefined;
}

/** Bindings: qkv, keys, values, lines, the angles if rotated, the norm's parameters if normed. Grid [heads + 2 groups, rows]. */
export function rotateAppendKernel(shape: RotateShape, subgroups: boolean): Kernel {
  const { heads: H, groups: G, headDim: d, pageSize, stride, clip, norm, rope, append } = shape;
  const threads = d <= 32 ? 32 : 64;
  const half = rope === undefined ? 0 : rope.rotaryDim >> 1;
  const each = norm?.scope === 'each-head';
  const settings = norm?.norm;
  const keyWeights = each ? H * d : d;
  const biases = keyWeights + (each ? G * d : d);
  const keyBiases = biases + keyWeights;
  const at = (base: string) => (each ? `${base} + i` : 'i');
  const normed =
    settings === undefined
      ? ''
      : `
  if (!isValue) {
    ${
      settings.kind === 'layer'
        ? `var all = 0.0;
    for (var i = lane; i < D; i += ${threads}u) { all += row[i]; }
    let mean = total(all, lane, size) / f32(D);`
        : 'let mean = 0.0;'
    }
    var squares = 0.0;
    for (var i = lane; i < D; i += ${threads}u) { let v = row[i] - mean; squares += v * v; }
    let factor = inverseSqrt(total(squares, lane, size) / f32(D) + ${literal(settings.eps)});
    for (var i = lane; i < D; i += ${threads}u) {
      var v = (row[i] - mean) * factor;
      ${settings.weight ? `v *= parameters[select(0u, ${keyWeights}u, isKey) + ${at('head * D')}]${settings.unitOffset ? ' + 1.0' : ''};` : ''}
      ${settings.bias ? `v += parameters[select(${biases}u, ${keyBiases}u, isKey) + ${at('head * D')}];` : ''}
      row[i] = v;
    }
    workgroupBarrier();
  }`;
  const turned =
    rope === undefined
      ? 'let v = row[i];'
      : `var v = row[i];
    if (!isValue && i < ${2 * half}u) {
      ${
        rope.interleaved
          ? `let angle = angles[wid.y * ${half}u + (i >> 1u)];
      v = select(row[i] * angle.x - row[i + 1u] * angle.y, row[i] * angle.x + row[i - 1u] * angle.y, (i & 1u) == 1u);`
          : `let angle = angles[wid.y * ${half}u + (i % ${half}u)];
      if (i < ${half}u) { v = row[i] * angle.x - row[i + ${half}u] * angle.y; } else { v = row[i] * angle.x + row[i - ${half}u] * angle.y; }`
      }
    }`;
  const cut = clip === undefined ? '' : `v = clamp(v, ${literal(-clip)}, ${literal(clip)});`;
  const inPlace = `for (var i = lane; i < D; i += ${threads}u) {
    ${turned}
    qkv[base + i] = v;
  }`;
  const fours = foursOf(d);
  const whole = 'vec4<f32>(done[4u * i], done[4u * i + 1u], done[4u * i + 2u], done[4u * i + 3u])';
  const write = (name: string) =>
    append === 'int8'
      ? `{
      if (lane == 0u) { ${name}[to] = bitcast<u32>(step); }
      for (var i = lane; i < ${fours}u; i += ${threads}u) { ${name}[to + 1u + i] = pack4xI8(vec4<i32>(clamp(round(${whole} * inverse), vec4<f32>(-127.0), vec4<f32>(127.0)))); }
    }`
      : `for (var i = lane; i < ${fours}u; i += ${threads}u) { ${name}[to + i] = ${append === 'float16' ? `packHalves(${whole})` : whole}; }`;
  const step =
    append !== 'int8'
      ? ''
      : `var top = 0.0;
  for (var i = lane; i < D; i += ${threads}u) { top = max(top, abs(done[i])); }
  let step = largest(top, lane, size) / 127.0;
  let inverse = select(0.0, 1.0 / step, step > 0.0);`;
  const appended = `for (var i = lane; i < D; i += ${threads}u) {
    ${turned}
    if (isKey || isValue) { done[i] = v; } else { qkv[base + i] = v; }
  }
  if (!isKey && !isValue) { return; }
  workgroupBarrier();
  ${step}
  let line = wid.y * ${rowWords}u;
  let token = (lines[line + ${rowFields.slot}u] * ${G}u + head) * ${pageSize}u + lines[line + ${rowFields.offset}u];
  let to = token * ${append === 'int8' ? fours + 1 : fours}u;
  if (isKey) { ${write('keys')} } else { ${write('values')} }`;
  return {
    key: `rotate ${JSON.stringify({ ...shape, rope: rope && { d: rope.rotaryDim, i: rope.interleaved } })}`,
    sort: 'rotate',
    bindings: [
      { name: 'qkv', type: 'array<f32>', write: true },
      ...(append
        ? [
            { name: 'keys', type: `array<${pageElement[append]}>`, write: true },
            { name: 'values', type: `array<${pageElement[append]}>`, write: true },
            { name: 'lines', type: 'array<u32>' },
          ]
        : []),
      ...(rope === undefined ? [] : [{ name: 'angles', type: 'array<vec2<f32>>' }]),
      ...(settings?.weight ? [{ name: 'parameters', type: 'array<f32>' }] : []),
    ],
    code: `const D = ${d}u;
var<workgroup> row: array<f32, ${d}>;
${append === undefined ? '' : `var<workgroup> done: array<f32, ${4 * foursOf(d)}>;`}
${append === 'float16' ? nearestHalfSource : append === 'int8' ? reduction('largest', 'max', threads, subgroups) : ''}
${settings === undefined ? '' : reduction('total', 'sum', threads, subgroups)}
${mainSource(
  threads,
  subgroups,
  `
  let isKey = wid.x >= ${H}u && wid.x < ${H + G}u;
  let isValue = wid.x >= ${H + G}u;
  let head = select(wid.x, select(wid.x - ${H}u, wid.x - ${H + G}u, isValue), isKey || isValue);
  let base = wid.y * ${stride}u + wid.x * D;
  for (var i = lane; i < D; i += ${threads}u) {
    var v = qkv[base + i];
    ${cut}
    row[i] = v;
  }
  workgroupBarrier();${normed}
  ${append === undefined ? inPlace : appended}`,
)}`,
  };
}
