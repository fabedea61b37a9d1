// l / T. T = 0 keeps the first maximum only (as llama.cpp), so that later steps still run; Hugging Face throws there.
import { checkKnown, checkNumber } from '../check.ts';
import type { Processor } from '../processor.ts';
import { keepOne, type Row, topSlot } from '../row.ts';

/** Options of {@link temperature}. */
export interface TemperatureOptions {
  /** T >= 0; below 1 sharpens, above 1 flattens, 0 keeps only the most likely token. */
  readonly temperature: number;
}

/**
 * `l / T`, with the limit `T -> 0`: only the most likely token (lowest id among equals) stays.
 *
 * @throws RangeError when T is negative, infinite or not a number.
 */
export function temperature(options: TemperatureOptions): Processor {
  checkKnown('temperature', options, ['temperature']);
  const t = checkNumber(
    'temperature',
    options.temperature,
    '0 <= temperature < Infinity',
    (x) => x >= 0 && x < Infinity,
  );
  return {
    name: 'temperature',
    options: { temperature: t },
    argmaxInvariant: true,
    process(row) {
      if (t === 1) return;
      if (t === 0) {
        keepOne(row, topSlot(row));
        return;
      }
      divideBy(row, t);
    },
  };
}

/** l / T on every slot; order is kept. Values that would overflow f32 are shifted first, which changes no probability. */
export function divideBy(row: Row, t: number): void {
  const { values, n } = row;
  const shift = t < 1e-3 ? values[topSlot(row)] : 0;
  for (let slot = 0; slot < n; slot++) values[slot] = (values[slot] - shift) / t;
  row.total = 0;
}
