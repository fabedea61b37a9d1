import { checkOptions } from '../../check-options.ts';
import { type Schedule, withWarmup } from './schedule.ts';

/** The peak at every step after a linear warm-up of `warmupSteps` (default 0). */
export function constantSchedule(options: {
  readonly peak: number;
  readonly warmupSteps?: number;
}): Schedule {
  checkOptions(options, ['peak', 'warmupSteps'], 'constantSchedule');
  const { peak, warmupSteps = 0 } = options;
  if (!(peak > 0)) throw new RangeError(`peak: expected > 0, got ${peak}`);
  return withWarmup(peak, warmupSteps, () => peak);
}
