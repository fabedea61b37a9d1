/** Rows as aligned columns, two spaces in front and between; cells of numbers with a unit are set to the right. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [c, cell] of row.entries()) widths[c] = Math.max(widths[c] ?? 0, cell.length);
  const right = /^[\d.,]+ (%|bits|tensors|B|[KMGT]iB)$/;
  return rows
    .map((row) =>
      `  ${row.map((cell, c) => (right.test(cell) ? cell.padStart(widths[c]) : cell.padEnd(widths[c]))).join('  ')}`.trimEnd(),
    )
    .join('\n');
}
