// The coefficient of the KL penalty over training. Ziegler et al. 2019 (arXiv 1909.08593, sec. 2.2) steer it towards a target KL with a clipped
// proportional controller; controllers here are pure functions of their state, so a checkpoint holds one number.
import { checkOptions } from '../check-options.ts';

/** Options of {@link nextKlCoefficient}. */
export interface KlControllerOptions {
  /** KL to hold, in nats; default 6. */
  readonly target?: number;
  /** Samples over which a full correction takes effect; default 10000. */
  readonly horizon?: number;
}

/** beta (1 + clip(kl / target - 1, +-0.2) n / horizon): the next coefficient after `samples` rollouts with mean KL `kl`. */
export function nextKlCoefficient(
  beta: number,
  kl: number,
  samples: number,
  options: KlControllerOptions = {},
): number {
  checkOptions(options, ['target', 'horizon'], 'nextKlCoefficient');
  const { target = 6, horizon = 10_000 } = options;
  if (!(target > 0)) throw new RangeError(`target: expected > 0, got ${target}`);
  const error = Math.min(0.2, Math.max(-0.2, kl / target - 1));
  return beta * (1 + (error * samples) / horizon);
}

/** Rewards a token: -beta (l - l_ref) everywhere kept, plus the answer's score at its last kept token (InstructGPT eq. 2). */
export function tokenRewards(
  logps: readonly (readonly number[])[],
  referenceLogps: readonly (readonly number[])[],
  mask: readonly (readonly number[])[],
  scores: ArrayLike<number>,
  beta: number,
): number[][] {
  return logps.map((row, b) => {
    const last = mask[b].lastIndexOf(1);
    return row.map((l, t) => {
      if (mask[b][t] === 0) return 0;
      return -beta * (l - referenceLogps[b][t]) + (t === last ? scores[b] : 0);
    });
  });
}
