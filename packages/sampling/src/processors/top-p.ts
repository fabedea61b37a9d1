// Nucleus sampling (Holtzman et al. 2019, arXiv 1904.09751): the fewest most likely tokens whose mass reaches p.
// Accumulated in f64; what is within 2^-22 of p counts as p, because f32 logits carry no more (peers disagree on {.5,
// .3, .1, .1} at p = .8 for that reason).
import { checkInteger, checkKnown, checkNumber } from '../check.ts';
import type { Processor } from '../processor.ts';
import { keepFirst, keepSelected, type Row, weigh } from '../row.ts';
import { keepMass, selectByWeight } from '../select.ts';

/** Options of {@link topP}. */
export interface TopPOptions {
  /** The mass to keep, 0 <= p <= 1; 0 keeps only the most likely token, 1 keeps all. */
  readonly p: number;
  /** Keep at least so many; default 1. */
  readonly minKeep?: number;
}

/** What counts as equal when a mass is compared with a target: the resolution of f32 logits. */
export const massTolerance = 2 ** -22;

/**
 * Keeps the shortest descending run of tokens with mass >= p.
 *
 * @throws RangeError when p is outside [0, 1].
 */
export function topP(options: TopPOptions): Processor {
  checkKnown('topP', options, ['p', 'minKeep']);
  const p = checkNumber('topP', options.p, '0 <= p <= 1', (x) => x >= 0 && x <= 1);
  const minKeep = checkInteger('minKeep', options.minKeep ?? 1, 1);
  return {
    name: 'topP',
    options: { p, minKeep },
    argmaxInvariant: true,
    process(row) {
      if (p === 1) return;
      const total = weigh(row);
      keepPrefixOrMass(row, Math.max(p - massTolerance, Number.MIN_VALUE) * total, minKeep);
    },
  };
}

/** Keeps the shortest descending run whose `row.weights` reach `need`, and at least minKeep slots. */
function keepPrefixOrMass(row: Row, need: number, minKeep: number): void {
  if (row.sorted) {
    let mass = 0;
    let kept = 0;
    while (kept < row.n && (mass < need || kept < minKeep)) mass += row.weights[kept++];
    keepFirst(row, kept);
  } else if (minKeep === 1) keepMass(row, row.weights, need);
  else {
    let m = selectByWeight(row, row.weights, need);
    if (m < minKeep) m = selectByWeight(row, undefined, Math.min(minKeep, row.n));
    keepSelected(row, m);
  }
}
