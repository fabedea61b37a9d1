// Wilson's score interval for a share (Wilson 1927): honest at 0 and 1, where most security figures lie.

/** The 95 % interval of `hits` out of `n`. */
export function wilson(hits: number, n: number, z = 1.96): readonly [number, number] {
  if (n === 0) return [0, 1];
  const p = hits / n;
  const centre = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))) / (1 + (z * z) / n);
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}
