// Generalised advantage estimation, Schulman et al. 2016 (arXiv 1506.02438). Masked tokens (padding, tool output) have advantage 0 and are
// stepped over: value and advantage of the next kept token are carried across them, as verl does.
import { checkOptions } from '../check-options.ts';

/** Options of {@link generalizedAdvantages}. */
export interface GaeOptions {
  /** Discount; default 1. */
  readonly gamma?: number;
  /** Trace decay; default 0.95. */
  readonly lambda?: number;
  /** Divide by the standard deviation over the kept tokens after centring (see {@link whiten}); default false. */
  readonly whiten?: boolean;
}

/** Advantages, and returns = advantages before whitening + values, both [B][T]. */
export interface AdvantagesAndReturns {
  readonly advantages: number[][];
  readonly returns: number[][];
}

/** delta_t = r_t + gamma V_{t+1} - V_t; A_t = delta_t + gamma lambda A_{t+1}; all [B][T] in float64, mask 0/1 (default all 1). */
export function generalizedAdvantages(
  rewards: readonly (readonly number[])[],
  values: readonly (readonly number[])[],
  mask: readonly (readonly number[])[] | undefined,
  options: GaeOptions = {},
): AdvantagesAndReturns {
  checkOptions(options, ['gamma', 'lambda', 'whiten'], 'generalizedAdvantages');
  const { gamma = 1, lambda = 0.95 } = options;
  const advantages = rewards.map((row, b) => {
    const out = new Array<number>(row.length).fill(0);
    let nextValue = 0;
    let carried = 0;
    for (let t = row.length - 1; t >= 0; t--) {
      if (mask !== undefined && mask[b][t] === 0) continue;
      const delta = row[t] + gamma * nextValue - values[b][t];
      carried = delta + gamma * lambda * carried;
      out[t] = carried;
      nextValue = values[b][t];
    }
    return out;
  });
  const kept = (b: number, t: number): boolean => mask === undefined || mask[b][t] !== 0;
  const returns = advantages.map((row, b) => row.map((a, t) => (kept(b, t) ? a + values[b][t] : 0)));
  return { advantages: options.whiten ? whiten(advantages, mask) : advantages, returns };
}

/** (x - mean) / sqrt(variance + 1e-8) over the kept entries, variance with Bessel's correction; masked entries become 0. */
export function whiten(
  rows: readonly (readonly number[])[],
  mask?: readonly (readonly number[])[],
): number[][] {
  const kept = rows.flatMap((row, b) => row.filter((_, t) => mask === undefined || mask[b][t] !== 0));
  const mean = kept.reduce((a, x) => a + x, 0) / Math.max(1, kept.length);
  const variance = kept.reduce((a, x) => a + (x - mean) ** 2, 0) / Math.max(1, kept.length - 1);
  const scale = 1 / Math.sqrt(variance + 1e-8);
  return rows.map((row, b) =>
    row.map((x, t) => (mask === undefined || mask[b][t] !== 0 ? (x - mean) * scale : 0)),
  );
}
