// Meta's and llama.cpp's Llama weights rotate neighbouring pairs (2i, 2i+1) of a head; Hugging Face's rotate (i, i + D/2). The two differ only
// in the order of the rows of the query and key projections, so we put the rows back into Hugging Face's order when a tensor is read:
// exact on packed blocks too, since blocks run along a row. The model then has one kind of rope, whatever the file was.

/** For row r of the Hugging Face order, the row of the pairwise order: h*D + p*D/2 + i  <-  h*D + 2i + p. Rows are `rows`, heads of `headSize`. */
export function pairwiseRow(r: number, headSize: number): number {
  const inHead = r % headSize;
  const half = headSize / 2;
  return r - inHead + 2 * (inHead % half) + Math.floor(inHead / half);
}

/** A copy of the bytes with row r taken from row `from(r)`. The number of rows divides the length. */
export function reorderRows(bytes: Uint8Array, rows: number, from: (row: number) => number): Uint8Array {
  if (bytes.byteLength === 0) return bytes; // an empty tensor may claim 2^40 rows
  const width = bytes.byteLength / rows;
  const result = new Uint8Array(bytes.byteLength);
  for (let r = 0; r < rows; r++) {
    const start = from(r) * width;
    result.set(bytes.subarray(start, start + width), r * width);
  }
  return result;
}
