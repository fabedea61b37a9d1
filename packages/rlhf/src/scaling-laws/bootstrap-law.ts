// Confidence intervals of a scaling law by the bootstrap over runs: refit on runs drawn with replacement, each refit started at the whole fit.
import { checkOptions } from '../check-options.ts';
import { quantile } from '../leaderboard/bootstrap.ts';
import { fitScalingLaw, type ScalingLaw, type ScalingLawFit, type TrainingRun } from './parametric-fit.ts';

/** Lower and upper end. */
export type Interval = readonly [number, number];

/** Intervals of every parameter and of the compute exponent a = beta / (alpha + beta) of N_opt. */
export type ScalingLawIntervals = Readonly<Record<keyof ScalingLaw | 'parameterExponent', Interval>>;

/** Percentile intervals from `rounds` refits; `random` gives uniform numbers in [0, 1). */
export function bootstrapScalingLaw(
  runs: readonly TrainingRun[],
  fit: ScalingLawFit,
  options: { readonly random: () => number; readonly rounds?: number; readonly level?: number },
): ScalingLawIntervals {
  checkOptions(options, ['random', 'rounds', 'level'], 'bootstrapScalingLaw');
  const { random, rounds = 100, level = 0.95 } = options;
  const from = [[Math.log(fit.A), Math.log(fit.B), Math.log(fit.E), fit.alpha, fit.beta]];
  const draws = Array.from({ length: rounds }, () => {
    const sample = runs.map(() => runs[Math.floor(random() * runs.length)]);
    const law = fitScalingLaw(sample, { from });
    return { ...law, parameterExponent: law.beta / (law.alpha + law.beta) };
  });
  const tail = (1 - level) / 2;
  const interval = (name: keyof ScalingLawIntervals): Interval => {
    const sorted = draws.map((law) => law[name]).sort((p, q) => p - q);
    return [quantile(sorted, tail), quantile(sorted, 1 - tail)];
  };
  return {
    E: interval('E'),
    A: interval('A'),
    B: interval('B'),
    alpha: interval('alpha'),
    beta: interval('beta'),
    parameterExponent: interval('parameterExponent'),
  };
}
