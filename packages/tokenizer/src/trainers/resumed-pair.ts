// The symbols of a merge that an earlier run made.

export function resumedPair(
  [left, right]: readonly [string, string],
  ids: ReadonlyMap<string, number>,
): [left: number, right: number] {
  const a = ids.get(left);
  const b = ids.get(right);
  if (a === undefined || b === undefined)
    throw new RangeError(`resume: the merge ${left} + ${right} uses a token that is not there yet`);
  return [a, b];
}
