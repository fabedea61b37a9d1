/** A matrix of `rows` x `columns` elements of `width` bytes each, turned. */
export function transpose(bytes: Uint8Array, rows: number, columns: number, width: number): Uint8Array {
  if (bytes.byteLength === 0) return bytes; // an empty tensor may claim 2^40 rows
  const result = new Uint8Array(bytes.byteLength);
  for (let r = 0, from = 0; r < rows; r++)
    for (let c = 0; c < columns; c++)
      for (let k = 0, to = (c * rows + r) * width; k < width; k++) result[to++] = bytes[from++];
  return result;
}
