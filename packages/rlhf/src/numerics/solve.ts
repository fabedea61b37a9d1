// Dense linear algebra for small systems in float64.

/** The inverse of a square matrix by Gauss-Jordan elimination with partial pivoting; throws when it is singular. */
export function invert(matrix: readonly (readonly number[])[]): number[][] {
  const n = matrix.length;
  const rows = matrix.map((row, i) => [...row, ...Array.from({ length: n }, (_, j) => (i === j ? 1 : 0))]);
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let i = column + 1; i < n; i++)
      if (Math.abs(rows[i][column]) > Math.abs(rows[pivot][column])) pivot = i;
    if (!(Math.abs(rows[pivot][column]) > 1e-300))
      throw new RangeError('matrix: expected invertible, got singular');
    [rows[column], rows[pivot]] = [rows[pivot], rows[column]];
    const scale = 1 / rows[column][column];
    for (let j = column; j < 2 * n; j++) rows[column][j] *= scale;
    for (let i = 0; i < n; i++) {
      const factor = rows[i][column];
      if (i === column || factor === 0) continue;
      for (let j = column; j < 2 * n; j++) rows[i][j] -= factor * rows[column][j];
    }
  }
  return rows.map((row) => row.slice(n));
}

/** A x. */
export const multiply = (matrix: readonly (readonly number[])[], x: readonly number[]): number[] =>
  matrix.map((row) => row.reduce((sum, v, j) => sum + v * x[j], 0));

/** A B. */
export const product = (a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number[][] =>
  a.map((row) => b[0].map((_, j) => row.reduce((sum, v, k) => sum + v * b[k][j], 0)));
