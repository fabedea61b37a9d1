// For models whose logits are known to be broken now and then: without this step NaN and +Infinity are an
// InvalidLogitsError.
import { checkKnown } from '../check.ts';
import type { Processor } from '../processor.ts';

/** The largest f32. */
const largest = 3.4028234663852886e38;

/** Removes tokens whose logit is NaN, and lowers +Infinity to the largest f32. */
export function dropInvalid(options: Readonly<Record<string, never>> = {}): Processor {
  checkKnown('dropInvalid', options, []);
  return {
    name: 'dropInvalid',
    options: {},
    argmaxInvariant: true,
    process(row) {
      const { values, n } = row;
      for (let slot = 0; slot < n; slot++) {
        if (Number.isNaN(values[slot])) values[slot] = -Infinity;
        else if (values[slot] === Infinity) values[slot] = largest;
      }
      row.sorted = false;
      row.total = 0;
    },
  };
}
