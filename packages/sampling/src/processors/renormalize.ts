// l - ln sum exp l: the logits become log-probabilities. It changes no draw; beams that add scores of truncated laws
// want it.
import { checkKnown } from '../check.ts';
import type { Processor } from '../processor.ts';
import { topSlot, weigh } from '../row.ts';

/** `l = l - ln sum exp l`. */
export function renormalize(options: Readonly<Record<string, never>> = {}): Processor {
  checkKnown('renormalize', options, []);
  return {
    name: 'renormalize',
    options: {},
    argmaxInvariant: true,
    process(row) {
      const total = weigh(row);
      const shift = row.values[topSlot(row)] + Math.log(total);
      for (let slot = 0; slot < row.n; slot++) row.values[slot] -= shift;
      row.total = 0;
    },
  };
}
