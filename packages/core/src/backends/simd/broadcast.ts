/** Two operands' strides over the output's dimensions, collapsed to at most four. */
export interface Broadcast {
  /** The output's shape before collapsing. */
  readonly shape: readonly number[];
  /** [d0, d1, d2, inner], leading ones where fewer are needed. */
  readonly dims: readonly number[];
  readonly stridesA: readonly number[];
  readonly stridesB: readonly number[];
}

/**
 * Collapses NumPy broadcasting of shapes `a` and `b` to four dimensions with strides (0 = broadcast): neighbouring dimensions merge when both
 * operands walk them without a jump. Undefined when more than four remain, the innermost stride is not 0 or 1, or the shapes do not fit.
 */
export function collapseBroadcast(a: readonly number[], b: readonly number[]): Broadcast | undefined {
  const rank = Math.max(a.length, b.length);
  const shape: number[] = [];
  const dims: { size: number; a: number; b: number }[] = [];
  let strideA = 1;
  let strideB = 1;
  for (let i = 1; i <= rank; i++) {
    const sizeA = a[a.length - i] ?? 1;
    const sizeB = b[b.length - i] ?? 1;
    if (sizeA !== sizeB && sizeA !== 1 && sizeB !== 1) return undefined;
    const size = Math.max(sizeA, sizeB);
    shape.unshift(size);
    if (size > 1) {
      const next = { size, a: sizeA === 1 ? 0 : strideA, b: sizeB === 1 ? 0 : strideB };
      const last = dims[0];
      if (last !== undefined && next.a === last.a * last.size && next.b === last.b * last.size)
        last.size *= size;
      else dims.unshift(next);
    }
    strideA *= sizeA;
    strideB *= sizeB;
  }
  if (dims.length === 0) dims.push({ size: 1, a: 1, b: 1 });
  while (dims.length < 4) dims.unshift({ size: 1, a: 0, b: 0 });
  if (dims.length > 4) return undefined;
  return {
    shape,
    dims: dims.map((d) => d.size),
    stridesA: dims.map((d) => d.a),
    stridesB: dims.map((d) => d.b),
  };
}
