// A schedule is a pure function of the step, so resuming needs nothing but the step.

/** Learning rate at a step; step 0 is before the first update, so the n-th update uses schedule(n). */
export type Schedule = (step: number) => number;

/** What every schedule here shares. */
export interface WarmupOptions {
  /** The highest learning rate. */
  readonly peak: number;
  /** The lowest, at the end; default 0. */
  readonly minimum?: number;
  /** Steps of linear growth from 0 to the peak; default 0. */
  readonly warmupSteps?: number;
  /** Steps in all; beyond them the rate stays at its last value. */
  readonly totalSteps: number;
}

/** peak step / warmupSteps during warm-up, then `after(step)`. */
export function withWarmup(peak: number, warmupSteps: number, after: Schedule): Schedule {
  return (step) => (step < warmupSteps ? (peak * step) / warmupSteps : after(step));
}

/** Checks the shared options and fills their defaults. */
export function checkWarmup(options: WarmupOptions): Required<WarmupOptions> {
  const { peak, minimum = 0, warmupSteps = 0, totalSteps } = options;
  if (!(peak > 0)) throw new RangeError(`peak: expected > 0, got ${peak}`);
  if (!(minimum >= 0 && minimum <= peak))
    throw new RangeError(`minimum: expected 0 to ${peak}, got ${minimum}`);
  if (!(totalSteps > 0)) throw new RangeError(`totalSteps: expected > 0, got ${totalSteps}`);
  if (!(warmupSteps >= 0 && warmupSteps <= totalSteps))
    throw new RangeError(`warmupSteps: expected 0 to ${totalSteps}, got ${warmupSteps}`);
  return { peak, minimum, warmupSteps, totalSteps };
}
