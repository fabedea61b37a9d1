// argmax, the lowest id among equals (torch and llama.cpp agree on that; NaN is an error here and no winner).
import type { Draw } from '../processor.ts';
import { topSlot } from '../row.ts';

/** `argmax l`, the lowest id among equals. */
export function greedy(): Draw {
  return { name: 'greedy', pick: topSlot };
}
