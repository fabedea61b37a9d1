// One uniform a step, inverted through the cumulative weights in f64: the first slot whose running sum exceeds u *
// total. As u > 0 and the comparison is strict, a token of probability 0 is never drawn (llama.cpp's u = 0 can pick a
// -Infinity token at index 0).
import type { Draw } from '../processor.ts';
import { weigh } from '../row.ts';

/** A draw from `softmax(l)` by inversion of one uniform of the stream `draw`. */
export function categorical(): Draw {
  return {
    name: 'categorical',
    pick(row, context) {
      const total = weigh(row);
      const target = context.uniform('draw') * total;
      const { weights, n } = row;
      let running = 0;
      let last = -1;
      for (let slot = 0; slot < n; slot++) {
        if (weights[slot] === 0) continue;
        running += weights[slot];
        if (running > target) return slot;
        last = slot;
      }
      return last; // the sum in another order fell short by rounding
    },
  };
}
