// llama2.c's int8 groups, interleaved by our reader: a float32 scale s, then `groupSize` int8; x = s q.

/** Unpacks `blocks` groups to float32. */
export function dequantizeQ8Group(
  bytes: Uint8Array,
  blocks: number,
  out: Float32Array,
  groupSize: number,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += groupSize + 4, to += groupSize) {
    const scale = view.getFloat32(at, true);
    for (let j = 0; j < groupSize; j++) out[to + j] = scale * view.getInt8(at + 4 + j);
  }
}
