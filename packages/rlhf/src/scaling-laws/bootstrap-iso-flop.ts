// Confidence intervals of the IsoFLOP exponents by the bootstrap: every budget's runs drawn with replacement, parabolas and lines fitted again.
import { checkOptions } from '../check-options.ts';
import { quantile } from '../leaderboard/bootstrap.ts';
import type { Interval } from './bootstrap-law.ts';
import { fitIsoFlops, type IsoFlopRun } from './iso-flop.ts';

/** Intervals of the two exponents, and on how many draws they rest. */
export interface IsoFlopIntervals {
  readonly parameterExponent: Interval;
  readonly tokenExponent: Interval;
  /** Draws that had a minimum at every budget; the others say nothing and are left out. */
  readonly draws: number;
}

/** Percentile intervals from `rounds` refits (default 200) at `level` (default 0.95); throws when fewer than half of the draws can be fitted. */
export function bootstrapIsoFlops(
  runs: readonly IsoFlopRun[],
  options: { readonly random: () => number; readonly rounds?: number; readonly level?: number },
): IsoFlopIntervals {
  checkOptions(options, ['random', 'rounds', 'level'], 'bootstrapIsoFlops');
  const { random, rounds = 200, level = 0.95 } = options;
  if (!(level > 0 && level < 1)) throw new RangeError(`level: expected 0 < level < 1, got ${level}`);
  fitIsoFlops(runs); // what is wrong with the runs themselves is said here
  const budgets = [...new Set(runs.map((r) => r.compute))].map((c) => runs.filter((r) => r.compute === c));
  const exponents: [number, number][] = [];
  for (let round = 0; round < rounds; round++) {
    const sample = budgets.flatMap((own) => own.map(() => own[Math.floor(random() * own.length)]));
    const fit = tryFit(sample);
    if (fit !== undefined) exponents.push([fit.parameterExponent, fit.tokenExponent]);
  }
  if (exponents.length < rounds / 2)
    throw new RangeError(
      `runs: expected a minimum in at least half of the draws, got ${exponents.length} of ${rounds}: more sizes a budget are needed`,
    );
  const tail = (1 - level) / 2;
  const interval = (which: 0 | 1): Interval => {
    const sorted = exponents.map((e) => e[which]).sort((p, q) => p - q);
    return [quantile(sorted, tail), quantile(sorted, 1 - tail)];
  };
  return { parameterExponent: interval(0), tokenExponent: interval(1), draws: exponents.length };
}

/** The fit of a draw, or none when it has fewer than three sizes at a budget or a parabola that opens downwards. */
function tryFit(sample: readonly IsoFlopRun[]): ReturnType<typeof fitIsoFlops> | undefined {
  const enough = [...new Set(sample.map((r) => r.compute))].every(
    (c) => new Set(sample.filter((r) => r.compute === c).map((r) => r.parameters)).size >= 3,
  );
  if (!enough) return undefined;
  try {
    return fitIsoFlops(sample);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
