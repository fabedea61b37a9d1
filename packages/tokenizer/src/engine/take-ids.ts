/** The first `count` ids as a plain array. */
export function takeIds(out: Int32Array, count: number): number[] {
  const ids = new Array<number>(count);
  for (let i = 0; i < count; i++) ids[i] = out[i];
  return ids;
}
