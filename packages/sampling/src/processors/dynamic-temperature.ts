// Temperature by entropy (llama.cpp `temp_ext`, citing arXiv 2309.02772; related: EDT, 2403.14541): a sure model is
// sharpened, an unsure one flattened. T = low + (high - low) (H / ln n)^exponent with low, high = temperature -+
// range, n the candidates left: so its place in the chain matters.
import { checkKnown, checkNumber } from '../check.ts';
import { entropyOf } from '../entropy.ts';
import type { Processor } from '../processor.ts';
import { keepOne, type Row, topSlot } from '../row.ts';
import { divideBy } from './temperature.ts';

/** Options of {@link dynamicTemperature}. */
export interface DynamicTemperatureOptions {
  /** The middle of the temperatures, >= 0; default 1. */
  readonly temperature?: number;
  /** Half the width of the temperatures, >= 0; the lower end is clamped at 0. */
  readonly range: number;
  /** The power of the normalised entropy, > 0; default 1. */
  readonly exponent?: number;
}

/**
 * `l / T` with `T = low + (high - low) (H / ln n)^exponent`; a single candidate is left alone.
 *
 * @throws RangeError for a negative temperature or range, or an exponent <= 0.
 */
export function dynamicTemperature(options: DynamicTemperatureOptions): Processor {
  checkKnown('dynamicTemperature', options, ['temperature', 'range', 'exponent']);
  const finite = (name: string, x: unknown): number =>
    checkNumber(name, x, `0 <= ${name} < Infinity`, (v) => v >= 0 && v < Infinity);
  const middle = finite('temperature', options.temperature ?? 1);
  const range = finite('range', options.range);
  const exponent = checkNumber(
    'exponent',
    options.exponent ?? 1,
    '0 < exponent < Infinity',
    (x) => x > 0 && x < Infinity,
  );
  const low = Math.max(0, middle - range);
  const high = middle + range;
  return {
    name: 'dynamicTemperature',
    options: { temperature: middle, range, exponent },
    argmaxInvariant: true,
    process(row) {
      const n = countFinite(row);
      if (n <= 1) return;
      const t = range === 0 ? middle : low + (high - low) * (entropyOf(row) / Math.log(n)) ** exponent;
      if (t === 0) keepOne(row, topSlot(row));
      else if (t !== 1) divideBy(row, t);
    },
  };
}

function countFinite(row: Row): number {
  let n = 0;
  for (let slot = 0; slot < row.n; slot++) if (row.values[slot] > -Infinity) n++;
  return n;
}
