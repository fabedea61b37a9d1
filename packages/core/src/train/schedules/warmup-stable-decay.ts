// Warm-up, a plateau, and a decay at the end (trapezoid; WSD of MiniCPM, Hu et al. 2024, arXiv 2404.06395): the length of the run need not be known until the decay starts.
import { checkOptions } from '../../check-options.ts';
import { checkWarmup, type Schedule, type WarmupOptions, withWarmup } from './schedule.ts';

/** Options of {@link warmupStableDecaySchedule}. */
export interface WarmupStableDecayOptions extends WarmupOptions {
  /** Last steps, during which the rate falls. */
  readonly decaySteps: number;
  /** 'linear' (default) or '1-sqrt' (Haegele et al. 2024, arXiv 2405.18392). */
  readonly shape?: 'linear' | '1-sqrt';
}

/** The peak after warm-up, then from totalSteps - decaySteps down to the minimum at totalSteps. */
export function warmupStableDecaySchedule(options: WarmupStableDecayOptions): Schedule {
  checkOptions(
    options,
    ['peak', 'minimum', 'warmupSteps', 'totalSteps', 'decaySteps', 'shape'],
    'warmupStableDecaySchedule',
  );
  const { peak, minimum, warmupSteps, totalSteps } = checkWarmup(options);
  const { decaySteps, shape = 'linear' } = options;
  if (!(decaySteps >= 0 && decaySteps <= totalSteps - warmupSteps))
    throw new RangeError(`decaySteps: expected 0 to ${totalSteps - warmupSteps}, got ${decaySteps}`);
  const start = totalSteps - decaySteps;
  return withWarmup(peak, warmupSteps, (step) => {
    if (step >= totalSteps) return minimum;
    if (step <= start) return peak;
    const share = (step - start) / decaySteps;
    return peak - (peak - minimum) * (shape === 'linear' ? share : Math.sqrt(share));
  });
}
