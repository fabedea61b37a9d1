// Tools of the law tests (not part of the package): exact enumeration over an injected uniform source, and a
// chi-square test with a fixed seed.
import type { UniformSource } from '../random.ts';

/** Points of (0, 1) between which the outcome does not depend on this uniform; a superset does no harm. */
export type Breakpoints = (stream: string, position: number, index: number) => readonly number[];

/**
 * The exact law of `run`'s outcome: every uniform that it asks for is split at its breakpoints, every combination
 * of intervals is run once with the midpoints,
 * and weighs the product of the lengths. No sampling error.
 */
export async function enumerateLaw(
  run: (random: UniformSource) => string | number | Promise<string | number>,
  breakpoints: Breakpoints,
): Promise<Map<string, number>> {
  const law = new Map<string, number>();
  let path: number[] = [];
  for (;;) {
    const intervals: number[][] = [];
    const known = new Map<string, number>();
    let measure = 1;
    const random: UniformSource = {
      uniform(stream, position, lane, index = 0) {
        const key = `${stream}/${position}/${lane}/${index}`;
        const value = known.get(key);
        if (value !== undefined) return value;
        const inner = breakpoints(stream, position, index).filter((x) => x > 1e-15 && x < 1 - 1e-15);
        const edges = [0, ...[...new Set(inner)].sort((a, b) => a - b), 1];
        const at = path[intervals.length] ?? 0;
        intervals.push(edges);
        measure *= edges[at + 1] - edges[at];
        const middle = (edges[at] + edges[at + 1]) / 2;
        known.set(key, middle);
        return middle;
      },
    };
    const outcome = String(await run(random));
    law.set(outcome, (law.get(outcome) ?? 0) + measure);
    // The next combination: the last uniform that has an interval left moves on.
    path = intervals.map((_, i) => path[i] ?? 0);
    let last = path.length - 1;
    while (last >= 0 && path[last] === intervals[last].length - 2) last--;
    if (last < 0) return law;
    path = [...path.slice(0, last), path[last] + 1];
  }
}

/** All sums of subsets: the breakpoints of an inversion in any order. */
export function subsetSums(weights: readonly number[]): number[] {
  let sums = [0];
  for (const w of weights) sums = sums.concat(sums.map((s) => s + w));
  return sums;
}

/**
 * True when counts fit the law by Pearson's chi-square at alpha = 1e-6; cells with fewer than 5 expected are merged.
 */
export function fits(counts: readonly number[], law: readonly number[]): boolean {
  const n = counts.reduce((a, b) => a + b, 0);
  let statistic = 0;
  let cells = 0;
  let restCount = 0;
  let restExpected = 0;
  law.forEach((p, i) => {
    const expected = p * n;
    if (expected === 0 && counts[i] > 0) statistic = Infinity;
    if (expected < 5) {
      restCount += counts[i];
      restExpected += expected;
    } else {
      statistic += (counts[i] - expected) ** 2 / expected;
      cells++;
    }
  });
  if (restExpected >= 5) {
    statistic += (restCount - restExpected) ** 2 / restExpected;
    cells++;
  } else if (restExpected > 0 && restCount > 5 + 10 * restExpected) return false;
  const k = Math.max(1, cells - 1);
  const z = 4.753424; // the upper 1e-6 of the standard normal; Wilson-Hilferty for chi-square
  return statistic <= k * (1 - 2 / (9 * k) + z * Math.sqrt(2 / (9 * k))) ** 3;
}
