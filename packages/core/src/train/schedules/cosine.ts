// Cosine decay after a linear warm-up (SGDR without restarts, Loshchilov and Hutter 2017), the schedule of GPT-3 and Llama.
import { checkOptions } from '../../check-options.ts';
import { checkWarmup, type Schedule, type WarmupOptions, withWarmup } from './schedule.ts';

/** minimum + (peak - minimum)(1 + cos(pi (step - warmup)/(total - warmup)))/2 after warm-up; the minimum from totalSteps on. */
export function cosineSchedule(options: WarmupOptions): Schedule {
  checkOptions(options, ['peak', 'minimum', 'warmupSteps', 'totalSteps'], 'cosineSchedule');
  const { peak, minimum, warmupSteps, totalSteps } = checkWarmup(options);
  return withWarmup(peak, warmupSteps, (step) => {
    if (step >= totalSteps) return minimum;
    const share = (step - warmupSteps) / (totalSteps - warmupSteps);
    return minimum + 0.5 * (peak - minimum) * (1 + Math.cos(Math.PI * share));
  });
}
