// Percentile bootstrap of Bradley-Terry ratings (Efron 1979): refit on votes drawn with replacement. Strengths are centred, not anchored to one model, which would
// widen every other interval (FastChat#3377).
import { checkOptions } from '../check-options.ts';
import { fitStrengths } from './bradley-terry.ts';
import { indexVotes, pointsPerStrength, type Vote } from './vote.ts';

/** Options of {@link bootstrapRatings}. */
export interface BootstrapOptions {
  /** Uniform numbers in [0, 1); a seeded stream makes the intervals reproducible. */
  readonly random: () => number;
  /** Refits; default 200. */
  readonly rounds?: number;
  /** Two-sided level; default 0.95. */
  readonly level?: number;
  /** Ridge of the refits, so that a draw without some model still has a fit; default 0.01. */
  readonly ridge?: number;
}

/** The interval of one model. */
export interface RatingInterval {
  readonly lower: number;
  readonly median: number;
  readonly upper: number;
}

/** Percentile intervals of the ratings by model name. */
export function bootstrapRatings(
  votes: readonly Vote[],
  options: BootstrapOptions,
): Map<string, RatingInterval> {
  checkOptions(options, ['random', 'rounds', 'level', 'ridge'], 'bootstrapRatings');
  const { random, rounds = 200, level = 0.95, ridge = 0.01 } = options;
  if (!(level > 0 && level < 1)) throw new RangeError(`level: expected 0 < level < 1, got ${level}`);
  const whole = indexVotes(votes);
  const start = fitStrengths(whole, ridge);
  const draws: number[][] = [];
  for (let round = 0; round < rounds; round++) {
    const rows = Int32Array.from({ length: votes.length }, () => Math.floor(random() * votes.length));
    const sample = {
      models: whole.models,
      a: rows.map((r) => whole.a[r]),
      b: rows.map((r) => whole.b[r]),
      score: Float64Array.from(rows, (r) => whole.score[r]),
    };
    draws.push(fitStrengths(sample, ridge, start));
  }
  const tail = (1 - level) / 2;
  return new Map(
    whole.models.map((model, i) => {
      const sorted = draws.map((d) => 1000 + pointsPerStrength * d[i]).sort((p, q) => p - q);
      return [
        model,
        { lower: quantile(sorted, tail), median: quantile(sorted, 0.5), upper: quantile(sorted, 1 - tail) },
      ];
    }),
  );
}

/** The q-quantile of ascending values, interpolated linearly. */
export function quantile(sorted: readonly number[], q: number): number {
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(sorted.length - 1, low + 1);
  return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
}

/** 1 + the number of models whose whole interval lies above this one's. */
export function rankByInterval(
  intervals: ReadonlyMap<string, { readonly lower: number; readonly upper: number }>,
): Map<string, number> {
  const all = [...intervals];
  return new Map(
    all.map(([model, own]) => [model, 1 + all.filter(([, other]) => other.lower > own.upper).length]),
  );
}
