/** A data row that is not what its format promises; `row` counts from 0. */
export class RowError extends Error {
  override readonly name = 'RowError';
  readonly row: number;
  readonly column: string;
  constructor(row: number, column: string, expected: string, got: unknown) {
    const found = got === undefined ? 'nothing' : JSON.stringify(got)?.slice(0, 60);
    super(`row ${row}: ${column}: expected ${expected}, got ${found}`);
    this.row = row;
    this.column = column;
  }
}

/** The rows, when they are a list: a file's text or a row alone is not. */
export function listOf<T>(rows: readonly T[]): readonly T[] {
  if (!Array.isArray(rows)) throw new TypeError(`rows: expected a list of rows, got ${typeof rows}`);
  return rows;
}
