// Rows of a table by id: embeddings and learned positions; and whole matrices back to float32, for those who ask for a parameter.
import { type Kernel, literal } from '../kernel.ts';
import { load8Source, type WeightKind } from '../weight-kind.ts';

/** Words of a row's line in the table of a pass. */
export const rowWords = 8;
/** Their order: id, position, first block, blocks up to its own, slot of its page, offset in it. */
export const rowFields = { id: 0, position: 1, firstBlock: 2, blocks: 3, slot: 4, offset: 5 } as const;

/** out = scale * table[id] or out += table[position + shift]; grid [ceil(columns / 512), rows]. Bindings: quants, scales, rows, out. `from`, `rows`: the part of the table. */
export function gatherKernel(
  kind: WeightKind,
  columns: number,
  {
    from,
    rows,
    field,
    shift,
    scale,
    outStride,
    add,
  }: {
    from: number;
    rows: number;
    field: 'id' | 'position';
    shift: number;
    scale: number;
    outStride: number;
    add: boolean;
  },
): Kernel {
  return {
    key: `gather ${kind.name} ${columns} ${from} ${rows} ${field} ${shift} ${scale} ${outStride} ${add}`,
    sort: 'embed',
    bindings: [
      { name: 'quants', type: `array<${kind.element}>` },
      ...(kind.scaleWords(kind.block) === 0 ? [] : [{ name: 'scales', type: 'array<u32>' }]),
      { name: 'lines', type: 'array<u32>' },
      { name: 'result', type: 'array<f32>', write: true },
    ],
    code: `${load8Source(kind, columns)}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let j = id.x;
  let row = lines[id.y * ${rowWords}u + ${rowFields[field]}u] + ${shift}u;
  if (j >= K8 || row < ${from}u || row >= ${from + rows}u) { return; }
  let w = load8(row - ${from}u, j);
  let at = id.y * ${outStride}u + 8u * j;
  for (var i = 0u; i < 8u && 8u * j + i < ${columns}u; i++) {
    let v = ${scale === 1 ? '' : `${literal(scale)} * `}select(w[1][i & 3u], w[0][i & 3u], i < 4u);
    result[at + i] ${add ? '+=' : '='} v;
  }
}`,
  };
}

/** Rows `first` to `first + count - 1` of a part as float32: `turned` [columns, outRows], else [rows, outStride]; grid [ceil(columns / 512), min(count, 65535), ...]. */
export function unpackKernel(
  kind: WeightKind,
  columns: number,
  {
    first,
    count,
    outRows,
    outFirst,
    outStride,
    turned,
  }: { first: number; count: number; outRows: number; outFirst: number; outStride: number; turned: boolean },
): Kernel {
  return {
    key: `unpack ${kind.name} ${columns} ${first} ${count} ${outRows} ${outFirst} ${outStride} ${turned}`,
    sort: 'unpack',
    bindings: [
      { name: 'quants', type: `array<${kind.element}>` },
      ...(kind.scaleWords(kind.block) === 0 ? [] : [{ name: 'scales', type: 'array<u32>' }]),
      { name: 'result', type: 'array<f32>', write: true },
    ],
    code: `${load8Source(kind, columns)}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let j = id.x;
  let row = id.z * 65535u + id.y;
  if (j >= K8 || row >= ${count}u) { return; }
  let w = load8(row + ${first}u, j);
  for (var i = 0u; i < 8u && 8u * j + i < ${columns}u; i++) {
    let v = select(w[1][i & 3u], w[0][i & 3u], i < 4u);
    ${turned ? `result[(8u * j + i) * ${outRows}u + row + ${outFirst}u] = v;` : `result[(row + ${outFirst}u) * ${outStride}u + 8u * j + i] = v;`}
  }
}`,
  };
}

/** A float32 tensor [columns, rows] (or, a table, [rows, columns]) into the rows of a float32 matrix part; grid as `unpackKernel`. */
export function repackKernel(
  columns: number,
  {
    first,
    count,
    inRows,
    inFirst,
    turned,
  }: { first: number; count: number; inRows: number; inFirst: number; turned: boolean },
): Kernel {
  const stride = Math.ceil(columns / 8) * 8;
  return {
    key: `repack ${columns} ${first} ${count} ${inRows} ${inFirst} ${turned}`,
    sort: 'unpack',
    bindings: [
      { name: 'values', type: 'array<f32>' },
      { name: 'result', type: 'array<f32>', write: true },
    ],
    code: `
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.z * 65535u + id.y;
  if (id.x >= ${columns}u || row >= ${count}u) { return; }
  result[(row + ${first}u) * ${stride}u + id.x] = values[${turned ? `id.x * ${inRows}u + row + ${inFirst}u` : `(row + ${inFirst}u) * ${columns}u + id.x`}];
}`,
  };
}
