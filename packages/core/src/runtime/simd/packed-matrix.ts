// Weights of linear layers as the SIMD kernels read them (packed.as.ts): the checkpoint's own blocks, re-ordered but not re-rounded; float32, float16 and
// bfloat16 as they are; every other type as float16 where that is exact and float32 where it is not.

import type { Heap } from '../../backends/simd/heap.ts';
import { arrange } from '../../models/load-parameters.ts';
import type { ParameterSpec } from '../../models/parameters.ts';
import { dequantize } from '../../weights/quantization/dequantize.ts';
import { halfTable, toHalfBits } from '../../weights/quantization/half.ts';
import type { StoredTensor } from '../../weights/weight-file.ts';
import { matrixShape, storedRows } from '../load-plan-parameters.ts';
import { packIntegers, type RowOrder } from './pack-integers.ts';
import { groupLayouts, integerKindOf, mayBeHalf, type PackedMatrix, readRow } from './packed-layout.ts';

/** Packs a stored tensor as `spec` says (part of its rows, either axis order). */
export function packMatrix(heap: Heap, stored: StoredTensor, spec: ParameterSpec): PackedMatrix {
  const [rows, columns] = matrixShape(spec);
  const { dtype } = stored;
  if (spec.role === 'embedding' || spec.stored.layout === 'out-in') {
    const order = storedRows(spec);
    const kind = integerKindOf[dtype];
    if (kind !== undefined && columns % groupLayouts[kind].columns === 0)
      return packIntegers(heap, stored, rows, columns, order);
    if (dtype === 'F32' || dtype === 'F16' || dtype === 'BF16')
      return packPlain(heap, stored, dtype, rows, columns, order);
    return packFloats(heap, dequantize(stored), mayBeHalf(dtype), rows, columns, order);
  }
  const turned = arrange(dequantize(stored), spec); // [in, out]
  const values = new Float32Array(rows * columns);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) values[r * columns + c] = turned[c * rows + r];
  return packFloats(heap, values, mayBeHalf(dtype), rows, columns, (row) => row);
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
      for (let c = 0; c < columns; c++) out[c * rows + r] = row[c];
    }
  }
  return out;
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

function packFloats(
  heap: Heap,
  values: Float32Array,
  tryHalf: boolean,
  rows: number,
  columns: number,
  order: RowOrder,
): PackedMatrix {
  const half = halfTable();
  const exact = tryHalf && values.every((value) => half[toHalfBits(value)] === value);
  const bytes = rows * columns * (exact ? 2 : 4);
  const address = heap.allocate(bytes);
  const { buffer } = heap.memory;
  const out = exact
    ? new Uint16Array(buffer, address, rows * columns)
    : new Float32Array(buffer, address, rows * columns);
  for (let r = 0; r < rows; r++) {
    const row = values.subarray(order(r) * columns, (order(r) + 1) * columns);
    out.set(exact ? Array.from(row, toHalfBits) : row, r * columns);
  }
  return { kind: exact ? 'F16' : 'F32', rows, columns, address, bytes };
}
