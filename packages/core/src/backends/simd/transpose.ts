/**
 * out = permute(input, perm) for f32. Dimensions that stay together are merged first; when the last one stays last, whole rows are copied,
 * otherwise elements are gathered by strides, inner loop last.
 */
export function transpose(
  input: Float32Array,
  shape: readonly number[],
  perm: readonly number[],
  out: Float32Array,
): void {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i] as number;
  }
  const dims: { size: number; stride: number }[] = [];
  for (const axis of perm) {
    const next = { size: shape[axis] as number, stride: strides[axis] as number };
    if (next.size === 1) continue;
    const last = dims[dims.length - 1];
    if (last !== undefined && last.stride === next.stride * next.size) {
      last.size *= next.size;
      last.stride = next.stride;
    } else dims.push(next);
  }
  const inner = dims.pop() ?? { size: 1, stride: 1 };
  const middle = dims.pop() ?? { size: 1, stride: 0 };
  const counters = dims.map(() => 0);
  let source = 0;
  let at = 0;
  const n = inner.size;
  const step = inner.stride;
  while (at < out.length) {
    let row = source;
    for (let j = 0; j < middle.size; j++) {
      if (step === 1) out.set(input.subarray(row, row + n), at);
      else for (let i = 0, x = row; i < n; i++, x += step) out[at + i] = input[x] as number;
      at += n;
      row += middle.stride;
    }
    for (let d = dims.length - 1; d >= 0; d--) {
      const { size, stride: jump } = dims[d] as { size: number; stride: number };
      source += jump;
      if (++(counters[d] as number) < size || d === 0) break;
      counters[d] = 0;
      source -= size * jump;
    }
  }
}
