// "Within so much of the maximum" in one pass over a dense row: while the maximum is still rising, everything near the
// highest value so far is collected, and what turned out too low is dropped at the end. Two passes (maximum, then cut)
// read the vocabulary twice.
import { EmptySupportError, InvalidLogitsError } from './errors.ts';
import { becomeSparse, keepAtLeast, type Logits, type Row } from './row.ts';

/**
 * Keeps `l >= max l + offset` of a dense row, offset <= 0, in the order of the ids.
 *
 * @throws InvalidLogitsError for NaN or +Infinity, EmptySupportError when all are -Infinity.
 */
export function keepNearTop(row: Row, offset: number): void {
  const least = collect(row, row.values, offset);
  keepAtLeast(row, least);
}

function collect(row: Row, values: Logits, offset: number): number {
  const { sparse, ids } = row;
  let kept = 0;
  let top = -Infinity;
  let least = -Number.MAX_VALUE; // never lets -Infinity in
  for (let id = 0; id < values.length; id++) {
    const value = values[id];
    if (value < least) continue;
    if (!(value < Infinity)) throw new InvalidLogitsError(id, value);
    if (value > top) {
      top = value;
      least = Math.max(least, top + offset);
    }
    sparse[kept] = value;
    ids[kept++] = id;
  }
  if (kept === 0) throw new EmptySupportError();
  becomeSparse(row, kept);
  return least;
}
