// Stops a text that has fallen into a loop: its tail is some run of ids written again and again. (vLLM calls it
// repetition detection.)
import { checkInteger, checkKnown } from '../check.ts';

/** Options of {@link repetitionLoop}. */
export interface RepetitionLoopOptions {
  /** The longest run that is looked for, in ids; default 64. */
  readonly maxPeriod?: number;
  /** How often a run must stand in a row, >= 2; default 4. */
  readonly repeats?: number;
  /** The shortest looping tail, in ids, so that a short run like `...` needs more repeats; default 16. */
  readonly minTail?: number;
}

/** A loop at the end of a text. */
export interface Loop {
  /** The length of the repeated run. */
  readonly period: number;
  /** How many ids at the end belong to the loop. */
  readonly length: number;
}

/**
 * A predicate on the ids so far: the loop at their end with the shortest period, or undefined.
 *
 * @throws RangeError for sizes that are no positive integers or fewer than 2 repeats.
 * @example
 * ```ts
 * import { repetitionLoop } from '@ashlar/sampling';
 * const loop = repetitionLoop({ repeats: 3, minTail: 6 });
 * loop([9, 1, 2, 1, 2, 1, 2]) // => { period: 2, length: 6 }
 * loop([9, 1, 2, 1, 2, 1]) // => undefined
 * ```
 */
export function repetitionLoop(
  options: RepetitionLoopOptions = {},
): (ids: ArrayLike<number>, length?: number) => Loop | undefined {
  checkKnown('repetitionLoop', options, ['maxPeriod', 'repeats', 'minTail']);
  const maxPeriod = checkInteger('maxPeriod', options.maxPeriod ?? 64, 1);
  const repeats = checkInteger('repeats', options.repeats ?? 4, 2);
  const minTail = checkInteger('minTail', options.minTail ?? 16, 1);
  return (ids, length = ids.length) => {
    for (let period = 1; period <= maxPeriod && period * repeats <= length; period++) {
      // How many ids at the end equal those one period earlier, with the first period of the loop itself.
      let run = period;
      while (run < length && ids[length - 1 - run] === ids[length - 1 - run + period]) run++;
      if (run >= Math.max(period * repeats, minTail)) return { period, length: run };
    }
    return undefined;
  };
}
