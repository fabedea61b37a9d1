// DRY, "don't repeat yourself" (oobabooga PR 5677, koboldcpp 982; no paper): a token that would continue a repetition
// is penalised the more, the longer the repetition. Lengths of all earlier occurrences of the current suffix come from
// one Z-function over the reversed window, so a step is linear.
import { checkInteger, checkKnown, checkNumber } from '../check.ts';
import type { Processor } from '../processor.ts';
import { setValue, slotOf } from '../row.ts';

/** Options of {@link dry}. */
export interface DryOptions {
  /** The penalty at the allowed length, > 0; 0.8 is usual. */
  readonly multiplier: number;
  /** What each further repeated token multiplies it by, >= 1; default 1.75. */
  readonly base?: number;
  /** The shortest repetition that is penalised, >= 1; default 2. */
  readonly allowedLength?: number;
  /** Only the last so many ids are looked at, >= 1; default all. */
  readonly lastN?: number;
  /** Ids, or runs of ids, that a repetition cannot cross; see {@link breakerIds}. Default none. */
  readonly breakers?: readonly (number | readonly number[])[];
}

/** The natural logarithm of the largest f32, beyond which no power is taken. */
const largestLog = 88.7228391;

/**
 * `l -= multiplier base^(n - allowedLength)` for the token after an earlier occurrence of the last n ids, n the
 * longest such and >= allowedLength.
 *
 * Single breakers are never penalised. The exponent is capped at 88.72 / ln base.
 *
 * @throws RangeError when multiplier is not > 0, base < 1, or a length is not a positive integer.
 */
export function dry(options: DryOptions): Processor {
  checkKnown('dry', options, ['multiplier', 'base', 'allowedLength', 'lastN', 'breakers']);
  const multiplier = checkNumber(
    'multiplier',
    options.multiplier,
    '0 < multiplier < Infinity',
    (x) => x > 0 && x < Infinity,
  );
  const base = checkNumber(
    'base',
    options.base ?? 1.75,
    '1 <= base < Infinity',
    (x) => x >= 1 && x < Infinity,
  );
  const allowedLength = checkInteger('allowedLength', options.allowedLength ?? 2, 1);
  const lastN = options.lastN === undefined ? undefined : checkInteger('lastN', options.lastN, 1);
  const breakers = (options.breakers ?? []).map((b) => (typeof b === 'number' ? [b] : [...b]));
  if (breakers.some((run) => run.length === 0))
    throw new RangeError('breakers: expected runs of at least one id, got an empty one');
  const singles = new Set(breakers.flatMap((run) => (run.length === 1 ? run : [])));
  const runs = breakers.filter((run) => run.length > 1);
  const largestExponent = base > 1.000001 ? Math.floor(largestLog / Math.log(base)) : Infinity;
  let matches = new Int32Array(0); // scratch: the Z-function
  let longest = new Int32Array(0); // scratch by id, all zero between calls

  /** How many of the last `size` ids lie after the last breaker. */
  const reach = (tokens: Int32Array, length: number, size: number): number => {
    for (let back = 0; back < size; back++) {
      const at = length - 1 - back;
      let tail = -1; // the longest breaker that starts here, less its head
      if (singles.has(tokens[at])) tail = 0;
      for (const run of runs) {
        if (run.length - 1 <= tail || run.length - 1 > back) continue;
        if (run.every((id, i) => tokens[at + i] === id)) tail = run.length - 1;
      }
      if (tail >= 0) return back - tail;
    }
    return size;
  };

  return {
    name: 'dry',
    options: { multiplier, base, allowedLength, lastN, breakers: breakers.length > 0 ? breakers : undefined },
    argmaxInvariant: false,
    onlyLowers: true,
    process(row, { history }) {
      const { tokens, length } = history;
      const size = Math.min(length, lastN ?? length);
      if (size <= allowedLength) return;
      const limit = reach(tokens, length, size);
      if (limit < allowedLength) return;
      if (matches.length < size) matches = new Int32Array(2 * size);
      if (longest.length < row.vocabSize) longest = new Int32Array(row.vocabSize);
      reversedZ(tokens, length, size, matches);
      for (let back = 1; back < size; back++) {
        const n = Math.min(matches[back], limit);
        const next = tokens[length - back];
        if (n >= allowedLength && next < row.vocabSize && n > longest[next]) longest[next] = n;
      }
      for (let back = 1; back < size; back++) {
        const next = tokens[length - back];
        if (next >= row.vocabSize || longest[next] === 0) continue;
        const exponent = Math.min(longest[next] - allowedLength, largestExponent);
        longest[next] = 0;
        const slot = singles.has(next) ? -1 : slotOf(row, next);
        if (slot >= 0) setValue(row, slot, row.values[slot] - multiplier * base ** exponent);
      }
    },
  };
}

/** z[back] = how many ids before the end equal those before the end less `back`, within the last `size` ids. */
function reversedZ(tokens: Int32Array, length: number, size: number, z: Int32Array): void {
  const at = (i: number): number => tokens[length - 1 - i];
  let left = 0;
  let right = 0; // the window [left, right) known to match a prefix
  for (let i = 1; i < size; i++) {
    let n = i < right ? Math.min(right - i, z[i - left]) : 0;
    while (i + n < size && at(n) === at(i + n)) n++;
    z[i] = n;
    if (i + n > right) {
      left = i;
      right = i + n;
    }
  }
}
