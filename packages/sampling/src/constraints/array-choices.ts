// Arrays with `contains`: which items count, and whether an array that has come so far can be finished.

import { both, type Conjunction } from './conjunction.ts';
import { UnsupportedConstraintError } from './errors.ts';
import type { ArrayShape } from './shapes.ts';

type Ask = (conjunction: Conjunction) => boolean;

/** The ways to take the item at `index`: what it must satisfy, and the counts after it. */
export function* itemChoices(
  shape: ArrayShape,
  index: number,
  counts: readonly number[],
): Generator<{ readonly value: Conjunction; readonly counts: readonly number[] }> {
  const base = shape.prefix[index] ?? shape.rest;
  const { contains } = shape;
  for (let mask = 0; mask < 1 << contains.length; mask++) {
    let value = base;
    const next = [...counts];
    let fits = true;
    for (let c = 0; c < contains.length && fits; c++) {
      const { from, min, max } = contains[c];
      const counted = ((mask >> c) & 1) === 1;
      const cap = max === Infinity ? min : max;
      if (counted) {
        if (index < from || next[c] >= cap) fits = false;
        else {
          next[c]++;
          value = both(value, contains[c].value);
        }
      } else if (index >= from && max < Infinity) value = both(value, contains[c].otherwise);
    }
    if (fits) yield { value, counts: next };
  }
}

/** Whether an array that has come so far can be finished. */
export function arrayFeasible(
  shape: ArrayShape,
  index: number,
  counts: readonly number[],
  ask: Ask,
): boolean {
  if (arrayClosable(shape, index, counts)) return true;
  const { contains } = shape;
  const visited = new Set<string>();
  const stack: { index: number; counts: readonly number[] }[] = [{ index, counts }];
  const settled = Math.max(shape.prefix.length, shape.min, ...contains.map((c) => c.from));
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (at.index >= shape.max) continue;
    for (const choice of itemChoices(shape, at.index, at.counts)) {
      if (!ask(choice.value)) continue;
      const next = at.index + 1;
      if (arrayClosable(shape, next, choice.counts)) return true;
      // Beyond what depends on the position, only the counts matter, unless the length is bounded.
      const position = shape.max < Infinity ? next : Math.min(next, settled);
      const key = `${position}:${choice.counts.join(',')}`;
      if (visited.has(key)) continue;
      visited.add(key);
      if (visited.size > 20_000)
        throw new UnsupportedConstraintError('contains', '', 'too many combinations');
      stack.push({ index: next, counts: choice.counts });
    }
  }
  return false;
}

/** Whether an array may end here. */
export function arrayClosable(shape: ArrayShape, index: number, counts: readonly number[]): boolean {
  return index >= shape.min && shape.contains.every((c, i) => counts[i] >= c.min);
}
