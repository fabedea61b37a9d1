// l / T. T = 0 keeps the first maximum only (as llama.cpp), so that later steps still run; Hugging Face throws there.
import { checkKnown, checkNumber } from '../check.ts';
import type { Processor } from '../processor.ts';
import { keepOne, type Logits, type Row, topSlot } from '../row.ts';

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
    monotone: t > 0,
    ...(t === 0 ? { keepsTop: { k: 1, ties: false } } : {}),
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

/**
 * l / T on every slot; order is kept. Values that would overflow f32 are shifted first, which changes no
 * probability.
 */
export function divideBy(row: Row, t: number): void {
  const shift = t < 1e-3 ? row.values[topSlot(row)] : 0;
  if (row.dense) divideDense(row.values, shift, t);
  else for (let slot = 0; slot < row.n; slot++) row.sparse[slot] = (row.sparse[slot] - shift) / t;
  row.total = 0;
}

function divideDense(values: Logits, shift: number, t: number): void {
  for (let id = 0; id < values.length; id++) values[id] = (values[id] - shift) / t;
}
