// What is done with scores: normalising them, choosing the best of n, and asking an ensemble how sure it is.

/** Mean and standard deviation of scores over a sample of the policy's answers; store them beside the reward model. */
export interface RewardStatistics {
  readonly mean: number;
  readonly deviation: number;
}

/** The statistics of a sample, with Bessel's correction. */
export function rewardStatistics(scores: readonly number[]): RewardStatistics {
  if (scores.length < 2) throw new RangeError(`scores: expected at least 2, got ${scores.length}`);
  const mean = scores.reduce((a, s) => a + s, 0) / scores.length;
  const variance = scores.reduce((a, s) => a + (s - mean) ** 2, 0) / (scores.length - 1);
  return { mean, deviation: Math.sqrt(variance) };
}

/** (score - mean) / deviation. */
export const normalizeReward = (score: number, { mean, deviation }: RewardStatistics): number =>
  (score - mean) / (deviation + 1e-8);

/** Index of the best of n candidates; the first one among equals. */
export function bestOfN(scores: readonly number[]): number {
  if (scores.length === 0) throw new RangeError('scores: expected at least one, got none');
  return scores.indexOf(Math.max(...scores));
}

/** KL(best of n || policy) is at most ln n - (n - 1) / n nats (Stiennon et al. 2020; Beirami et al. 2024). */
export const bestOfNKl = (n: number): number => Math.log(n) - (n - 1) / n;

/** Scores of several reward models for one answer, made one cautious score: mean - caution x deviation (Coste et al. 2023, arXiv 2310.02743). */
export function ensembleReward(
  scores: readonly number[],
  caution = 1,
): { readonly reward: number; readonly mean: number; readonly disagreement: number } {
  const mean = scores.reduce((a, s) => a + s, 0) / scores.length;
  const disagreement = Math.sqrt(scores.reduce((a, s) => a + (s - mean) ** 2, 0) / scores.length);
  return { reward: mean - caution * disagreement, mean, disagreement };
}
