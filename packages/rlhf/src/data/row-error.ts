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
