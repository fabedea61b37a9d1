// argmax(l - ln(-ln u)), one uniform a token (Gumbel 1954; Maddison, Tarlow, Minka 2014): equal in law to the
// categorical draw. The noise of a token depends on its id alone, so settings compared under one seed share their
// noise (common random numbers). 53-bit uniforms: f32 exponentials bottom out at 2^-24 and never draw the tail of a
// large vocabulary (vLLM 43150).
import type { Draw } from '../processor.ts';
import { idAt, topSlot } from '../row.ts';

/** `argmax(l + g)` with standard Gumbel noise of the stream `draw`, keyed by id. */
export function gumbel(): Draw {
  return {
    name: 'gumbel',
    pick(row, context) {
      let best = topSlot(row); // refuses NaN and the empty row
      let top = -Infinity;
      for (let slot = 0; slot < row.n; slot++) {
        const value = row.values[slot];
        if (value === -Infinity) continue;
        const noisy = value - Math.log(-Math.log(context.uniform('draw', idAt(row, slot))));
        if (noisy > top) {
          top = noisy;
          best = slot;
        }
      }
      return best;
    },
  };
}
