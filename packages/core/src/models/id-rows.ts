// Rows of ids as callers write them -> a checked int32 tensor [B, T].
import { type Tensor2D, tensor2d } from '@tensorflow/tfjs-core';

/** Rows of ids of equal length, or one row. */
export type IdRows = ArrayLike<number> | readonly ArrayLike<number>[] | Tensor2D;

/** Throws a RangeError that names the first id outside of the vocabulary. */
export function checkIds(ids: ArrayLike<number>, vocabSize: number): void {
  for (let i = 0; i < ids.length; i++) {
    if (!Number.isInteger(ids[i]) || ids[i] < 0 || ids[i] >= vocabSize) {
      throw new RangeError(`ids[${i}]: expected an integer from 0 to ${vocabSize - 1}, got ${ids[i]}`);
    }
  }
}

/** The rows as a tensor; one that is given as a tensor is taken as it is. */
export function toIdTensor(ids: IdRows, vocabSize: number): Tensor2D {
  if (typeof ids === 'object' && 'dataId' in ids) return ids as Tensor2D;
  const list = ids as ArrayLike<number> | readonly ArrayLike<number>[];
  const rows =
    typeof list[0] === 'number' ? [list as ArrayLike<number>] : (list as readonly ArrayLike<number>[]);
  const length = rows[0]?.length ?? 0;
  if (length === 0) throw new RangeError('ids: expected at least one, got none');
  for (const row of rows) {
    if (row.length !== length)
      throw new RangeError(`ids: expected rows of ${length}, got one of ${row.length}`);
    checkIds(row, vocabSize);
  }
  return tensor2d(
    rows.flatMap((row) => Array.from(row)),
    [rows.length, length],
    'int32',
  );
}
