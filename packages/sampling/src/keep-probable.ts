// The common end of every cut by probability (epsilon, eta, p-less): p >= cut, but never fewer than minKeep.
import { keepAtLeast, type Row, topSlot } from './row.ts';
import { selectByWeight } from './select.ts';

/** Keeps `p >= cut` and at least the minKeep most likely; `row.total` must be that of the present values. */
export function keepProbable(row: Row, cut: number, minKeep: number): void {
  const top = row.values[topSlot(row)];
  keepAboveLogit(row, top + Math.log(cut * row.total), minKeep);
}

/** Keeps `l >= least` and at least the minKeep most likely. */
export function keepAboveLogit(row: Row, least: number, minKeep: number): void {
  let bound = Math.min(least, row.values[topSlot(row)]);
  if (minKeep > 1) {
    const m = selectByWeight(row, undefined, Math.min(minKeep, row.n));
    for (let i = 0; i < m; i++) bound = Math.min(bound, row.values[row.order[i]]);
  }
  keepAtLeast(row, bound);
}
