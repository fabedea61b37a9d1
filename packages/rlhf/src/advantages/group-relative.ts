// Group-relative advantages: GRPO (Shao et al. 2024, arXiv 2402.03300) centres by the group's mean and divides by its standard deviation
// (with Bessel's correction, as torch and TRL do); Dr. GRPO leaves the division out. An answer that could not be scored is NaN: it takes no
// part in the statistics and gets advantage 0.
import { checkOptions } from '../check-options.ts';

/** Options of {@link groupRelativeAdvantages}. */
export interface GroupRelativeOptions {
  /** Answers a prompt; consecutive rewards form a group. */
  readonly groupSize: number;
  /** Divide by the standard deviation (GRPO) or not (Dr. GRPO); default true. */
  readonly normalizeByStd?: boolean;
  /** Added to the standard deviation; default 1e-4. */
  readonly epsilon?: number;
}

/**
 * A_i = (R_i - mean of its group) / (std of its group + epsilon), in float64.
 *
 * @example
 * ```ts
 * import { groupRelativeAdvantages } from '@ashlar/rlhf';
 * groupRelativeAdvantages([1, 0, 0, 1], { groupSize: 4, normalizeByStd: false }) // => [0.5, -0.5, -0.5, 0.5]
 * ```
 */
export function groupRelativeAdvantages(rewards: ArrayLike<number>, options: GroupRelativeOptions): number[] {
  checkOptions(options, ['groupSize', 'normalizeByStd', 'epsilon'], 'groupRelativeAdvantages');
  const { groupSize, normalizeByStd = true, epsilon = 1e-4 } = options;
  return mapGroups(rewards, groupSize, (group) => {
    const scored = group.filter((r) => !Number.isNaN(r));
    const mean = scored.reduce((a, b) => a + b, 0) / Math.max(1, scored.length);
    const squares = scored.reduce((a, b) => a + (b - mean) ** 2, 0);
    const scale = normalizeByStd ? Math.sqrt(squares / Math.max(1, scored.length - 1)) + epsilon : 1;
    return group.map((r) => (Number.isNaN(r) ? 0 : (r - mean) / scale));
  });
}

/** Applies `f` to consecutive groups of `groupSize` rewards and joins the answers. */
export function mapGroups(
  rewards: ArrayLike<number>,
  groupSize: number,
  f: (group: number[]) => number[],
): number[] {
  if (!Number.isInteger(groupSize) || groupSize < 1 || rewards.length % groupSize !== 0)
    throw new RangeError(`groupSize: expected a divisor of ${rewards.length} rewards, got ${groupSize}`);
  const all = Array.from(rewards);
  const result: number[] = [];
  for (let i = 0; i < all.length; i += groupSize) result.push(...f(all.slice(i, i + groupSize)));
  return result;
}
