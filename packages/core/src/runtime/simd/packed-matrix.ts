// Weights of linear layers as the SIMD kernels read them (linear.as.ts): the checkpoint's own blocks, re-ordered but not re-rounded. Q4_0 and Q4_1 become
// blocks with a scale and a minimum, four rows together; Q8_0 splits values and scales; float32, float16 and bfloat16 stay as they are; every
// other type is dequantised to float32.

import type { Heap } from '../../backends/simd/heap.ts';
import type { linearKinds } from '../../backends/simd/program.ts';
import { arrange } from '../../models/load-parameters.ts';
import type { ParameterSpec } from '../../models/parameters.ts';
import { dequantize } from '../../weights/quantization/dequantize.ts';
import type { StoredTensor } from '../../weights/weight-file.ts';

/** A matrix [rows = outputs, columns = inputs] in the shared memory. */
export interface PackedMatrix {
  readonly kind: keyof typeof linearKinds;
  readonly rows: number;
  readonly columns: number;
  readonly address: number;
  readonly bytes: number;
}

const groupBytes = 80; // four rows, 32 columns: 64 of nibbles, 8 of scales, 8 of minima

/** Packs a stored tensor as `spec` says (part of its rows, either axis order). */
export function packMatrix(heap: Heap, stored: StoredTensor, spec: ParameterSpec): PackedMatrix {
  const isTable = spec.role === 'embedding';
  const [columns, rows] = isTable ? [spec.shape[1], spec.shape[0]] : [spec.shape[0], spec.shape[1]];
  const blocks = columns % 32 === 0;
  const direct = isTable || spec.stored.layout === 'out-in';
  if (direct) {
    const order = rowOrder(spec, rows);
    if (blocks && (stored.dtype === 'Q4_0' || stored.dtype === 'Q4_1'))
      return packFourBits(heap, stored, rows, columns, order);
    if (blocks && stored.dtype === 'Q8_0') return packEightBits(heap, stored, rows, columns, order);
    if (stored.dtype === 'F32' || stored.dtype === 'F16' || stored.dtype === 'BF16') {
      return packPlain(heap, stored, stored.dtype, rows, columns, order);
    }
  }
  const values = dequantize(stored);
  const address = heap.allocate(rows * columns * 4);
  const out = new Float32Array(heap.memory.buffer, address, rows * columns);
  if (direct) {
    const order = rowOrder(spec, rows);
    for (let r = 0; r < rows; r++)
      out.set(values.subarray(order(r) * columns, (order(r) + 1) * columns), r * columns);
  } else {
    const turned = arrange(values, spec); // [in, out]
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) out[r * columns + c] = turned[c * rows + r] as number;
  }
  return { kind: 'F32', rows, columns, address, bytes: rows * columns * 4 };
}

/** Row `row` as float32. */
export function readRow(heap: Heap, matrix: PackedMatrix, row: number, out: Float32Array): void {
  const { kind, columns, address, rows } = matrix;
  const { buffer } = heap.memory;
  if (kind === 'F32') out.set(new Float32Array(buffer, address + row * columns * 4, columns));
  else if (kind === 'BF16') {
    const bits = new Uint16Array(buffer, address + row * columns * 2, columns);
    const words = new Uint32Array(out.buffer, out.byteOffset, columns);
    for (let c = 0; c < columns; c++) words[c] = (bits[c] as number) << 16;
  } else if (kind === 'F16') {
    const bits = new Uint16Array(buffer, address + row * columns * 2, columns);
    for (let c = 0; c < columns; c++) out[c] = half(bits[c] as number);
  } else if (kind === 'Q8') {
    const values = new Int8Array(buffer, address + row * columns, columns);
    const scales = new Uint16Array(buffer, address + rows * columns + row * (columns >> 5) * 2, columns >> 5);
    for (let c = 0; c < columns; c++)
      out[c] = Math.fround(half(scales[c >> 5] as number) * (values[c] as number));
  } else {
    const view = new DataView(
      buffer,
      address + (row >> 2) * (columns >> 5) * groupBytes,
      (columns >> 5) * groupBytes,
    );
    const lane = row & 3;
    for (let b = 0; b < columns >> 5; b++) {
      const at = b * groupBytes;
      const d = half(view.getUint16(at + 64 + lane * 2, true));
      const m = half(view.getUint16(at + 72 + lane * 2, true));
      for (let i = 0; i < 16; i++) {
        const byte = view.getUint8(at + (i >> 2) * 16 + lane * 4 + (i & 3));
        out[b * 32 + i] = Math.fround(Math.fround(d * (byte & 15)) + m);
        out[b * 32 + 16 + i] = Math.fround(Math.fround(d * (byte >> 4)) + m);
      }
    }
  }
}

/** All rows as float32, transposed to the [in, out] of `listParameters`, or as they are for a table. */
export function unpackMatrix(heap: Heap, matrix: PackedMatrix, asTable: boolean): Float32Array {
  const { rows, columns } = matrix;
  const out = new Float32Array(rows * columns);
  const row = new Float32Array(columns);
  for (let r = 0; r < rows; r++) {
    if (asTable) readRow(heap, matrix, r, out.subarray(r * columns, (r + 1) * columns));
    else {
      readRow(heap, matrix, r, row);
      for (let c = 0; c < columns; c++) out[c * rows + r] = row[c] as number;
    }
  }
  return out;
}

function rowOrder(spec: ParameterSpec, rows: number): (row: number) => number {
  const selection = spec.stored.rows;
  if (selection === undefined) return (row) => row;
  const starts = new Int32Array(rows);
  for (let g = 0, at = 0; g < selection.groups; g++) {
    for (let r = 0; r < selection.count; r++) starts[at++] = selection.offset + g * selection.stride + r;
  }
  return (row) => starts[row] as number;
}

type RowOrder = (row: number) => number;

function packFourBits(
  heap: Heap,
  stored: StoredTensor,
  rows: number,
  columns: number,
  order: RowOrder,
): PackedMatrix {
  const blocks = columns >> 5;
  const withMinimum = stored.dtype === 'Q4_1';
  const blockBytes = withMinimum ? 20 : 18;
  const groups = Math.ceil(rows / 4);
  const total = groups * blocks * groupBytes;
  const address = heap.allocate(total);
  const out = new Uint8Array(heap.memory.buffer, address, total);
  const halves = new Uint16Array(heap.memory.buffer, address, total / 2);
  if (rows % 4 !== 0) out.fill(0, (groups - 1) * blocks * groupBytes);
  const { bytes } = stored;
  for (let r = 0; r < rows; r++) {
    let from = order(r) * blocks * blockBytes;
    let to = (r >> 2) * blocks * groupBytes;
    const lane = r & 3;
    for (let b = 0; b < blocks; b++, from += blockBytes, to += groupBytes) {
      const d = (bytes[from] as number) | ((bytes[from + 1] as number) << 8);
      const quants = from + (withMinimum ? 4 : 2);
      halves[(to + 64) / 2 + lane] = d;
      // Q4_0 is d * (q - 8): the minimum -8 d is exact in float16 unless it overflows, which no trained weight comes near.
      halves[(to + 72) / 2 + lane] = withMinimum
        ? (bytes[from + 2] as number) | ((bytes[from + 3] as number) << 8)
        : minusEight(d);
      const lanes = to + lane * 4;
      for (let i = 0; i < 16; i += 4) {
        const at = lanes + i * 4;
        out[at] = bytes[quants + i] as number;
        out[at + 1] = bytes[quants + i + 1] as number;
        out[at + 2] = bytes[quants + i + 2] as number;
        out[at + 3] = bytes[quants + i + 3] as number;
      }
    }
  }
  return { kind: 'Q4', rows, columns, address, bytes: total };
}

/** -8 d of a float16: three to the exponent, the other sign; subnormals are shifted until they are normal. */
function minusEight(d: number): number {
  const sign = (d & 0x8000) ^ 0x8000;
  const exponent = (d >> 10) & 31;
  const mantissa = d & 0x3ff;
  if (exponent !== 0) return exponent + 3 > 30 ? sign | 0x7bff : sign | ((exponent + 3) << 10) | mantissa;
  if (mantissa === 0) return 0;
  let value = mantissa << 3;
  let shift = 0;
  while (value >= 0x800) {
    value >>= 1;
    shift++;
  }
  return value >= 0x400 ? sign | ((shift + 1) << 10) | (value & 0x3ff) : sign | value;
}

function packEightBits(
  heap: Heap,
  stored: StoredTensor,
  rows: number,
  columns: number,
  order: RowOrder,
): PackedMatrix {
  const blocks = columns >> 5;
  const total = rows * columns + rows * blocks * 2;
  const address = heap.allocate(total);
  const out = new Uint8Array(heap.memory.buffer, address, total);
  const { bytes } = stored;
  for (let r = 0; r < rows; r++) {
    let from = order(r) * blocks * 34;
    let to = r * columns;
    let scale = rows * columns + r * blocks * 2;
    for (let b = 0; b < blocks; b++, from += 34, to += 32, scale += 2) {
      out[scale] = bytes[from] as number;
      out[scale + 1] = bytes[from + 1] as number;
      out.set(bytes.subarray(from + 2, from + 34), to);
    }
  }
  return { kind: 'Q8', rows, columns, address, bytes: total };
}

function packPlain(
  heap: Heap,
  stored: StoredTensor,
  kind: 'F32' | 'F16' | 'BF16',
  rows: number,
  columns: number,
  order: RowOrder,
): PackedMatrix {
  const row = columns * (kind === 'F32' ? 4 : 2);
  const address = heap.allocate(rows * row);
  const out = new Uint8Array(heap.memory.buffer, address, rows * row);
  for (let r = 0; r < rows; r++)
    out.set(stored.bytes.subarray(order(r) * row, (order(r) + 1) * row), r * row);
  return { kind, rows, columns, address, bytes: rows * row };
}

function half(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const mantissa = bits & 0x3ff;
  const magnitude =
    exponent === 0
      ? mantissa * 2 ** -24
      : exponent === 31
        ? mantissa === 0
          ? Infinity
          : NaN
        : (1 + mantissa / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -magnitude : magnitude;
}
