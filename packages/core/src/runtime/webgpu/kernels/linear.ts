// Linear layers, y = x W^T + b with what follows: the activation of a gated or plain MLP, the sum to the residual stream, the head's scale and softcap. Two
// shapes: a workgroup for a few outputs of a few rows (every weight is read once, whatever the rows), and tiles for many rows.
import type { Activation } from '../../../models/model-config.ts';
import { type Kernel, literal, mainSource } from '../kernel.ts';
import { load8Source, type WeightKind } from '../weight-kind.ts';
import { activationSource } from './activation.ts';
import { each, gatherSums } from './gather-sums.ts';

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
  /** Few rows only: x is normed on the way by its root mean square; the weights are bound behind x. */
  readonly rms?: { readonly eps: number; readonly unitOffset: boolean } | undefined;
}

/** How a GEMV is cut: threads of a workgroup, outputs it makes, rows of x at a time. */
export interface GemvTuning {
  readonly threads: number;
  readonly outputs: number;
  /** Eights of columns that a thread takes at a time. */
  readonly unroll?: number;
}

const bindingsOf = ({ kind, bias, rms }: LinearShape): Kernel['bindings'] => [
  { name: 'x', type: 'array<vec4<f32>>' },
  ...(rms === undefined ? [] : [{ name: 'weight', type: 'array<vec4<f32>>' }]),
  { name: 'quants', type: `array<${kind.element}>` },
  ...(kind.scaleWords(kind.block) === 0 ? [] : [{ name: 'scales', type: 'array<u32>' }]),
  ...(bias ? [{ name: 'bias', type: 'array<f32>' }] : []),
  { name: 'y', type: 'array<f32>', write: true },
];

/** `finish(t, o, v[, up])` stores output `o` of row `t`. */
export function finishSource(shape: LinearShape): string {
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

/** Shapes of one key have the same code. */
export const keyOfShape = (shape: LinearShape): string => JSON.stringify({ ...shape, kind: shape.kind.name });

/** The row of weights behind product r of a group of R outputs: with `gated` the R gates and then the R ups. */
export const gemvRow =
  ({ outputs, gated = false }: LinearShape, R: number) =>
  (r: number): string =>
    gated && r >= R
      ? `min(first + ${r - R}u, ${outputs - 1}u) + ${outputs}u`
      : `min(first + ${r}u, ${outputs - 1}u)`;

/** Few rows: grid [groups, ceil(groups / 65535), ceil(rows / rowsAtATime)], groups = ceil(outputs / tuning.outputs). */
export function gemvKernel(
  shape: LinearShape,
  rows: number,
  { threads, outputs: R, unroll = 1 }: GemvTuning,
  subgroups: boolean,
): Kernel {
  const { kind, columns, outputs, xStride, xOffset = 0, gated = false, rms } = shape;
  const per = gated ? 2 * R : R;
  const products = rows * per;
  const sums = products + (rms === undefined ? 0 : rows);
  const eights = Math.ceil(columns / 8);
  const times = Math.min(unroll, Math.ceil(eights / threads));
  const even = eights % (threads * times) === 0;
  const rowOf = gemvRow(shape, R);
  // All loads of a round stand in front of their uses, so that they are under way together.
  const loads = each(times, (u) => {
    const j = `j${u}`;
    const row = (t: number) => {
      const read = (k: number) => {
        const value = `x[x${t} + 2u * ${j}${k === 0 ? '' : ' + 1u'}]`;
        return even ? value : `select(vec4<f32>(0.0), ${value}, in${u})`;
      };
      return `    let a${u}_${t} = ${read(0)};\n    let b${u}_${t} = ${read(1)};`;
    };
    const place = even
      ? `    let ${j} = j + ${u * threads}u;`
      : `    let in${u} = j + ${u * threads}u < K8;\n    let ${j} = min(j + ${u * threads}u, K8 - 1u);`;
    const norm =
      rms === undefined
        ? ''
        : `\n    let na${u} = weight[2u * ${j}];\n    let nb${u} = weight[2u * ${j} + 1u];`;
    return `${place}${norm}\n${each(rows, row)}\n${each(per, (r) => `    let w${u}_${r} = load8(row${r}, ${j});`)}`;
  });
  const uses = each(times, (u) =>
    each(rows, (t) => {
      const one = rms?.unitOffset ? ' + vec4<f32>(1.0)' : '';
      const normed =
        rms === undefined
          ? `    let p${u}_${t} = a${u}_${t};\n    let q${u}_${t} = b${u}_${t};`
          : `    s${products + t} += dot(a${u}_${t}, a${u}_${t}) + dot(b${u}_${t}, b${u}_${t});
    let p${u}_${t} = a${u}_${t} * (na${u}${one});
    let q${u}_${t} = b${u}_${t} * (nb${u}${one});`;
      return `${normed}\n${each(per, (r) => `    s${t * per + r} += dot(w${u}_${r}[0], p${u}_${t}) + dot(w${u}_${r}[1], q${u}_${t});`)}`;
    }),
  );
  const { collect, declared } = gatherSums(sums, threads, subgroups);
  const factor =
    rms === undefined
      ? ''
      : ` * inverseSqrt(whole(${products}u + t, parts) / ${columns}.0 + ${literal(rms.eps)})`;
  const upFactor = gated
    ? `, whole(t * ${per}u + ${R}u + r, parts)${rms === undefined ? '' : ' * factor'}`
    : '';
  return {
    key: `gemv ${rows} ${threads} ${R} ${unroll} ${keyOfShape(shape)}`,
    sort: `gemv${rows === 1 ? '' : `x${rows}`}`,
    bindings: bindingsOf(shape),
    code: `${load8Source(kind, columns)}${finishSource(shape)}
${declared}
${mainSource(
  threads,
  subgroups,
  `
  let first = (wid.y * 65535u + wid.x) * ${R}u;
  let t0 = wid.z * ${rows}u;
${each(rows, (t) => `  let x${t} = (min(t0 + ${t}u, pass_.rows - 1u) * ${xStride}u + ${xOffset}u) / 4u;`)}
${each(per, (r) => `  let row${r} = ${rowOf(r)};`)}
${each(sums, (i) => `  var s${i} = 0.0;`)}
  for (var j = lane; j < K8; j += ${threads * times}u) {
${loads}
${uses}
  }
${collect}
  for (var i = lane; i < ${rows * R}u; i += ${threads}u) {
    let t = i / ${R}u;
    let r = i % ${R}u;
    if (t0 + t < pass_.rows && first + r < ${outputs}u) {
      let factor = 1.0${factor};
      finish(t0 + t, first + r, whole(t * ${per}u + r, parts)${rms === undefined ? '' : ' * factor'}${upFactor});
    }
  }`,
)}`,
  };
}

/** A tile: rows of x, and outputs (or with `gated` gates and ups together). */
export interface GemmTile {
  readonly rows: 16 | 32 | 64 | 128;
  readonly outputs: 32 | 64;
}

/** Bytes of workgroup memory that a tile takes in float32, which is the most: 32 columns of its rows and outputs. */
export const tileBytes = ({ rows, outputs }: GemmTile): number => (rows + outputs) * 32 * 4;

/** What the tiles of a workgroup of 16 times 16 threads are made of: sums `s0` to `s(M N - 1)` a thread, those of output n behind each other for each row m. */
export function tileFrame({ outputs, gated = false }: LinearShape, tile: GemmTile) {
  const M = tile.rows / 16;
  const N = tile.outputs / 16;
  const width = gated ? tile.outputs / 2 : tile.outputs;
  const finishes = each(M, (m) =>
    each(gated ? N / 2 : N, (n) => {
      const at = `m0 + at.y + ${16 * m}u, n0 + at.x + ${16 * n}u`;
      const up = gated ? `, s${m * N + n + N / 2}` : '';
      return `  if (m0 + at.y + ${16 * m}u < pass_.rows && n0 + at.x + ${16 * n}u < ${outputs}u) { finish(${at}, s${m * N + n}${up}); }`;
    }),
  );
  const rowOf = gated
    ? `select(n0 + slot, ${outputs}u + n0 + slot - ${width}u, slot >= ${width}u)`
    : 'n0 + slot';
  return {
    M,
    N,
    /** How `main` begins: the tile's first output n0 and first row m0, the sums, and the row pw of weights of which a thread loads part `part` into `slot`. */
    opening: `@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lane: u32, @builtin(local_invocation_id) at: vec3<u32>) {
  let n0 = wid.x * ${width}u;
  let m0 = wid.y * ${tile.rows}u;
${each(M * N, (i) => `  var s${i} = 0.0;`)}
  let slot = lane >> 2u;
  let part = lane & 3u;
  let pw = min(${rowOf}, ${gated ? 2 * outputs - 1 : outputs - 1}u);`,
    /** How it ends. */
    finishes,
  };
}

/** Many rows; grid [ceil(outputs / (gated ? tile.outputs / 2 : tile.outputs)), ceil(rows / tile.rows)]. The next tile is on its way while one is multiplied. */
export function gemmKernel(shape: LinearShape, tile: GemmTile): Kernel {
  const { kind, columns, xStride, xOffset = 0 } = shape;
  const { M, N, opening, finishes } = tileFrame(shape, tile);
  const slots = tile.outputs * 4; // eights of columns of a tile's weights: at most one a thread
  const loads = Math.max(1, (tile.rows * 8) / 256);
  const guard = tile.rows === 16 ? 'if (lane < 128u) ' : '';
  const steps = Math.ceil(columns / 32);
  const fetch = (step: string) => `
${each(loads, (i) => `    vx${i} = select(vec4<f32>(0.0), x[px${i} + 8u * ${step}], inx${i} && 8u * ${step} + (lane & 7u) < 2u * K8);`)}
    if (lane < ${slots}u) { vw = load8(pw, min(4u * ${step} + part, K8 - 1u)); }`;
  return {
    key: `gemm ${tile.rows} ${tile.outputs} ${keyOfShape(shape)}`,
    sort: 'gemm',
    bindings: bindingsOf(shape),
    code: `${load8Source(kind, columns)}${finishSource(shape)}
var<workgroup> xs: array<vec4<f32>, ${tile.rows * 8}>;
var<workgroup> ws: array<vec4<f32>, ${tile.outputs * 8}>;
${opening}
  let swap = slot & 7u;
${each(
  loads,
  (i) => `  let inx${i} = m0 + (lane >> 3u) + ${32 * i}u < pass_.rows;
  let px${i} = (min(m0 + (lane >> 3u) + ${32 * i}u, pass_.rows - 1u) * ${xStride}u + ${xOffset}u) / 4u + (lane & 7u);
  let sx${i} = ((lane + ${256 * i}u) & ~7u) | ((lane & 7u) ^ ((lane >> 3u) & 7u));
  var vx${i}: vec4<f32>;`,
)}
  var vw: mat2x4<f32>;
${fetch('0u')}
  for (var step = 0u; step < ${steps}u; step++) {
${each(loads, (i) => `    ${guard}{ xs[sx${i}] = vx${i}; }`)}
    if (lane < ${slots}u) {
      ws[slot * 8u + ((2u * part) ^ swap)] = vw[0];
      ws[slot * 8u + ((2u * part + 1u) ^ swap)] = vw[1];
    }
    workgroupBarrier();
    if (step + 1u < ${steps}u) {${fetch('(step + 1u)')}
    }
    for (var k = 0u; k < 8u; k++) {
      let xk = k ^ (at.y & 7u);
      let wk = k ^ (at.x & 7u);
${each(M, (m) => `      let a${m} = xs[(at.y + ${16 * m}u) * 8u + xk];`)}
${each(N, (n) => `      let w${n} = ws[(at.x + ${16 * n}u) * 8u + wk];`)}
${each(M * N, (i) => `      s${i} += dot(a${Math.floor(i / N)}, w${i % N});`)}
    }
    workgroupBarrier();
  }
${finishes}
}`,
  };
}
