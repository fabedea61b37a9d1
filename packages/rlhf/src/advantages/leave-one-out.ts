// RLOO, Ahmadian et al. 2024 (arXiv 2402.14740), after Kool et al. 2019: the baseline of an answer is the mean reward of the others of its group,
// which is independent of it and so leaves the gradient unbiased.
import { checkOptions } from '../check-options.ts';
import { mapGroups } from './group-relative.ts';

/** A_i = R_i - mean of R_j over the other answers j of its group, in float64; consecutive rewards form a group of at least 2. */
export function leaveOneOutAdvantages(
  rewards: ArrayLike<number>,
  options: { readonly groupSize: number },
): number[] {
  checkOptions(options, ['groupSize'], 'leaveOneOutAdvantages');
  const { groupSize } = options;
  if (groupSize < 2) throw new RangeError(`groupSize: expected at least 2, got ${groupSize}`);
  return mapGroups(rewards, groupSize, (group) => {
    const total = group.reduce((a, b) => a + b, 0);
    return group.map((r) => r - (total - r) / (groupSize - 1));
  });
}
