// Linear layers of many rows on rounded rows (round-rows.ts): tiles of integers that are multiplied four at a time (`dot4I8Packed`) and summed exactly over a group of weights, or tiles of
// binary16 whose products are summed in float32. Either way half or a quarter of float32's tile goes through workgroup memory.
import type { Kernel } from '../kernel.ts';
import { load8Source, type WeightKind } from '../weight-kind.ts';
import { each } from './gather-sums.ts';
import { finishSource, type GemmTile, keyOfShape, type LinearShape, tileFrame } from './linear.ts';
import { nearestHalfSource } from './nearest-half.ts';
import { groupOf, raw8Source } from './raw-integers.ts';
import { type Rounding, roundedBlock } from './round-rows.ts';

/** How binary16 is computed: natively where the device has shader-f16; `emulated` rounds to the same numbers in float32 and serves tests. */
export type HalfTypes = 'native' | 'emulated';

/** As `gemmKernel`, on rows that `roundRowsKernel` has left. Bindings: q, d, quants, scales if the kind has some, bias if there is one, y. The grid is `gemmKernel`'s. */
export function roundedTileKernel(
  to: Rounding,
  shape: LinearShape,
  tile: GemmTile,
  halves: HalfTypes = 'native',
): Kernel {
  const { kind, columns, xStride, bias } = shape;
  const { M, N, opening, finishes } = tileFrame(shape, tile);
  const int8 = to === 'int8';
  const unit = int8 ? 8 : 4; // columns of one element of a tile, 64 bits of either
  const U = roundedBlock / unit;
  const native = !int8 && halves === 'native';
  const stored = native && kind.name === 'F16';
  const group = int8 ? groupOf(kind) : roundedBlock;
  const groups = roundedBlock / group;
  const count = tile.rows * U;
  const loads = Math.ceil(count / 256);
  const guard = count < 256 ? `if (lane < ${count}u) ` : '';
  const slots = tile.outputs * 4; // eights of columns of a tile's weights: at most one a thread
  const steps = Math.ceil(columns / roundedBlock);
  // Neighbouring threads read elements a row apart: turned by the row, they lie in different banks.
  const place = (row: string, k: string) =>
    `(${row}) * ${U}u + ((${k}) ^ (((${row}) >> ${int8 ? 2 : 1}u) & ${U - 1}u))`;
  const element = int8 ? 'vec2<u32>' : 'half4';
  const fetch = (step: string) => `
${each(loads, (i) => `    vx${i} = select(vec2<u32>(0u), q[px${i} + ${U}u * ${step}], inx${i} && ${U}u * ${step} + unit${i} < ${8 / unit}u * K8);`)}
    if (lane < ${tile.rows}u) { vd = d[pd + ${step}]; }
    if (lane < ${slots}u) { vw = eight(pw, min(4u * ${step} + part, K8 - 1u)); }`;
  const storeX = (i: number) => {
    const at = place(`slot${i} / ${U}u`, `unit${i}`);
    if (!int8)
      return `xs[${at}] = ${native ? `bitcast<half4>(vx${i})` : `half4(unpack2x16float(vx${i}.x), unpack2x16float(vx${i}.y))`};`;
    return `xs[${at}] = vx${i}; xt[slot${i}] = dot4I8Packed(0x01010101u, vx${i}.x) + dot4I8Packed(0x01010101u, vx${i}.y);`;
  };
  const storeW = int8
    ? `ws[${place('slot', 'part')}] = vec2<u32>(vw.a, vw.b);
      if (part % ${group / 8}u == 0u) { wd[slot * ${groups}u + part / ${group / 8}u] = vec2<f32>(vw.d, vw.m); }`
    : `ws[${place('slot', '2u * part')}] = vw.a;
      ws[${place('slot', '2u * part + 1u')}] = vw.b;`;
  const ofX = (m: number) => `at.y + ${16 * m}u`;
  const ofW = (n: number) => `at.x + ${16 * n}u`;
  const wide = (text: string) => (int8 ? text : `vec4<f32>(${text})`);
  const product = (m: number, n: number) =>
    int8 ? `dot4I8Packed(a${m}.x, w${n}.x) + dot4I8Packed(a${m}.y, w${n}.y)` : `dot(a${m}, w${n})`;
  const mn = (i: number): [number, number] => [Math.floor(i / N), i % N];
  const sums = int8
    ? `${each(
        M,
        (m) => `      let f${m} = xd[${ofX(m)}];
      let t${m} = f${m} * f32(${Array.from({ length: group / 8 }, (_, k) => `xt[(${ofX(m)}) * ${U}u + g * ${group / 8}u + ${k}u]`).join(' + ')});`,
      )}
${each(N, (n) => `      let d${n} = wd[(${ofW(n)}) * ${groups}u + g];`)}
${each(M * N, (i) => `      s${i} += f${mn(i)[0]} * d${mn(i)[1]}.x * f32(p${i}) + t${mn(i)[0]} * d${mn(i)[1]}.y;`)}`
    : each(M * N, (i) => `      s${i} += xd[${ofX(mn(i)[0])}] * p${i};`);
  return {
    key: `tile ${to} ${native} ${tile.rows} ${tile.outputs} ${keyOfShape(shape)}`,
    sort: int8 ? 'gemm8' : 'gemm16',
    ...(native ? { f16: true } : {}),
    bindings: [
      { name: 'q', type: 'array<vec2<u32>>' },
      { name: 'd', type: 'array<f32>' },
      { name: 'quants', type: `array<${stored ? 'half4' : kind.element}>` },
      ...(kind.scaleWords(kind.block) === 0 ? [] : [{ name: 'scales', type: 'array<u32>' }]),
      ...(bias ? [{ name: 'bias', type: 'array<f32>' }] : []),
      { name: 'y', type: 'array<f32>', write: true },
    ],
    code: `${int8 ? raw8Source(kind, columns) : halvesSource(kind, columns, native, stored)}${finishSource(shape)}
var<workgroup> xs: array<${element}, ${count}>;
var<workgroup> xd: array<f32, ${tile.rows}>;
var<workgroup> ws: array<${element}, ${tile.outputs * U}>;
${int8 ? `var<workgroup> xt: array<i32, ${count}>;\nvar<workgroup> wd: array<vec2<f32>, ${tile.outputs * groups}>;` : ''}
${opening}
  let pd = min(m0 + lane, pass_.rows - 1u) * ${Math.ceil(xStride / roundedBlock)}u;
${each(
  loads,
  (i) => `  let slot${i} = lane + ${256 * i}u;
  let unit${i} = slot${i} % ${U}u;
  let inx${i} = m0 + slot${i} / ${U}u < pass_.rows;
  let px${i} = min(m0 + slot${i} / ${U}u, pass_.rows - 1u) * ${xStride / unit}u + unit${i};
  var vx${i}: vec2<u32>;`,
)}
  var vd: f32;
  var vw: ${int8 ? 'Raw' : 'Halves'};
${fetch('0u')}
  for (var step = 0u; step < ${steps}u; step++) {
${each(loads, (i) => `    ${guard}{ ${storeX(i)} }`)}
    if (lane < ${tile.rows}u) { xd[lane] = vd; }
    if (lane < ${slots}u) {
      ${storeW}
    }
    workgroupBarrier();
    if (step + 1u < ${steps}u) {${fetch('(step + 1u)')}
    }
    for (var g = 0u; g < ${groups}u; g++) {
${each(M * N, (i) => `      var p${i} = ${int8 ? '0i' : '0.0'};`)}
      for (var k = g * ${group / unit}u; k < (g + 1u) * ${group / unit}u; k++) {
${each(M, (m) => `        let a${m} = ${wide(`xs[${place(ofX(m), 'k')}]`)};`)}
${each(N, (n) => `        let w${n} = ${wide(`ws[${place(ofW(n), 'k')}]`)};`)}
${each(M * N, (i) => `        p${i} += ${product(...mn(i))};`)}
      }
${sums}
    }
    workgroupBarrier();
  }
${finishes}
}`,
  };
}

/** `eight(row, j)`: eight columns as two elements of a tile of binary16. */
function halvesSource(kind: WeightKind, columns: number, native: boolean, stored: boolean): string {
  const types = `alias half4 = vec4<${native ? 'f16' : 'f32'}>;
struct Halves { a: half4, b: half4 }`;
  if (stored)
    return `${types}
const K8 = ${Math.ceil(columns / 8)}u;
fn eight(row: u32, j: u32) -> Halves { let at = (row * K8 + j) * 2u; return Halves(quants[at], quants[at + 1u]); }`;
  const round = (value: string) => (native ? `half4(nearestHalf(${value}))` : `nearestHalf(${value})`);
  return `${types}
${load8Source(kind, columns)}${nearestHalfSource}
fn eight(row: u32, j: u32) -> Halves { let w = load8(row, j); return Halves(${round('w[0]')}, ${round('w[1]')}); }`;
}
