// Float64 twins of the reward-model losses.
import { logSigmoid, logSumExp, mean } from './scalar-math.ts';

/** Bradley-Terry with margin and centring. */
export function bradleyTerryReference(
  chosen: readonly number[],
  rejected: readonly number[],
  margin: number | readonly number[] = 0,
  centerRewardsCoefficient = 0,
): number {
  return mean(
    chosen.map((c, i) => {
      const m = typeof margin === 'number' ? margin : margin[i];
      return -logSigmoid(c - rejected[i] - m) + centerRewardsCoefficient * (c + rejected[i]) ** 2;
    }),
  );
}

/** InstructGPT's K-way loss of one ranking, best first. */
export function allPairsReference(ranked: readonly number[]): number {
  return mean(ranked.flatMap((r, i) => ranked.slice(i + 1).map((s) => -logSigmoid(r - s))));
}

/** Plackett-Luce of one ranking, best first. */
export function plackettLuceReference(ranked: readonly number[]): number {
  return ranked.reduce((sum, r, i) => sum - r + logSumExp(ranked.slice(i)), 0);
}

/** Softmax cross-entropy of the chosen answer among K. */
export const bestOfReference = (rewards: readonly (readonly number[])[], best: readonly number[]): number =>
  mean(rewards.map((row, b) => logSumExp(row) - row[best[b]]));

/** Davidson's likelihood of wins, losses and ties. */
export const davidsonReference = (
  a: readonly number[],
  b: readonly number[],
  outcomes: readonly number[],
  logTieParameter: number,
): number =>
  mean(
    a.map((x, i) => {
      const tie = (x + b[i]) / 2 + logTieParameter;
      const picked = outcomes[i] === 1 ? x : outcomes[i] === 0 ? b[i] : tie;
      return logSumExp([x, b[i], tie]) - picked;
    }),
  );
