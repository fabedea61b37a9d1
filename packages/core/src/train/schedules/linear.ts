// Linear decay after a linear warm-up, the schedule of BERT; to zero it is hard to beat (Bergsma et al. 2025, arXiv 2502.15938).
import { checkOptions } from '../../check-options.ts';
import { checkWarmup, type Schedule, type WarmupOptions, withWarmup } from './schedule.ts';

/** peak + (minimum - peak)(step - warmup)/(total - warmup) after warm-up; the minimum from totalSteps on. */
export function linearSchedule(options: WarmupOptions): Schedule {
  checkOptions(options, ['peak', 'minimum', 'warmupSteps', 'totalSteps'], 'linearSchedule');
  const { peak, minimum, warmupSteps, totalSteps } = checkWarmup(options);
  return withWarmup(peak, warmupSteps, (step) => {
    if (step >= totalSteps) return minimum;
    return peak + ((minimum - peak) * (step - warmupSteps)) / (totalSteps - warmupSteps);
  });
}
