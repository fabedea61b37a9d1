// Needs whose key is open: some key of a set must be there with a value of a kind, as `not` and `oneOf` ask. Whether they can
// all still be met is a small matching of needs with keys, because few keys may be left, or little room.
import { both, type Conjunction } from './conjunction.ts';
import { UnsupportedConstraintError } from './errors.ts';
import type { KeyClass } from './key-product.ts';
import type { KeyRule, ObjectShape } from './shapes.ts';

/** What an object could have, as far as needs are concerned. */
export interface NeedsPlan {
  readonly shape: ObjectShape;
  readonly classes: readonly KeyClass[];
  /** Names that must be there. */
  readonly required: readonly string[];
  /** Needs whose key is open. */
  readonly wild: readonly KeyRule[];
}

/** What an object has so far. */
export interface NeedsState {
  /** The keys so far, in their order. */
  readonly seen: readonly string[];
  /** Bits of the open-ended needs that are met. */
  readonly met: number;
}

const mostSteps = 20_000;

/** The open-ended needs that are not met. */
export function openNeeds(plan: NeedsPlan, met: number): number[] {
  return plan.wild.flatMap((_, i) => (((met >> i) & 1) === 0 ? [i] : []));
}

/** What the value of a key of the class may be made to meet: each choice of needs, with what the value must be then. */
export function meetings(
  plan: NeedsPlan,
  met: number,
  one: KeyClass,
  ask: (conjunction: Conjunction) => boolean,
): { readonly value: Conjunction; readonly met: number }[] {
  let ways = [{ value: one.value, met }];
  for (const need of openNeeds(plan, met)) {
    if (!one.needs.includes(need)) continue;
    const more = ways.map((way) => ({
      value: both(way.value, plan.wild[need].value),
      met: way.met | (1 << need),
    }));
    ways = [...ways, ...more.filter(({ value }) => ask(value))];
  }
  return ways;
}

/**
 * Whether keys can still come that meet all needs, with room for them; `ordered`: declared names come in their order,
 * others behind them. Throws an UnsupportedConstraintError where many keys, but not endlessly many, would have to be counted.
 */
export function canBeMet(
  plan: NeedsPlan,
  { seen, met }: NeedsState,
  ordered: boolean,
  ask: (conjunction: Conjunction) => boolean,
): boolean {
  const { shape, classes, wild } = plan;
  const missing = plan.required.filter((name) => !seen.includes(name));
  const room = shape.max - seen.length - missing.length;
  if (room < 0) return false;
  const comes = ordered ? inOrder(shape.order, seen) : (name: string) => !seen.includes(name);
  if (!missing.every(comes)) return false;
  const open = openNeeds(plan, met);
  let steps = 0;
  /** Keys that will come, each with what its value must be for the needs that it is to meet. */
  const chosen: { readonly one: KeyClass; readonly value: Conjunction }[] = [];
  const meet = (next: number, left: number): boolean => {
    if (next === open.length) return true;
    if (++steps > mostSteps) throw new UnsupportedConstraintError('not', '', 'too many alternatives');
    const need = open[next];
    const { value } = wild[need];
    for (const [i, { one, value: before }] of chosen.entries()) {
      if (!one.needs.includes(need)) continue;
      const joined = both(before, value);
      if (!ask(joined)) continue;
      chosen[i] = { one, value: joined };
      if (meet(next + 1, left)) return true;
      chosen[i] = { one, value: before };
    }
    for (const one of classes) {
      if (!one.needs.includes(need)) continue;
      const { name } = one;
      if (name !== undefined && (!comes(name) || chosen.some((c) => c.one === one))) continue;
      const cost = name !== undefined && missing.includes(name) ? 0 : 1;
      const joined = both(one.value, value);
      if (left < cost || !ask(joined)) continue;
      if (one.limited !== undefined)
        throw new UnsupportedConstraintError(
          'patternProperties',
          '',
          `negated, with ${one.limited} keys left`,
        );
      chosen.push({ one, value: joined });
      if (meet(next + 1, left - cost)) return true;
      chosen.pop();
    }
    return false;
  };
  return meet(0, room);
}

/** Which names may still come where declared ones come in their order and others behind them. */
function inOrder(order: readonly string[], seen: readonly string[]): (name: string) => boolean {
  const last = seen.length === 0 ? -1 : order.indexOf(seen[seen.length - 1]);
  const behind = seen.length > 0 && last < 0;
  return (name) => {
    if (seen.includes(name)) return false;
    const at = order.indexOf(name);
    return at < 0 || (!behind && at > last);
  };
}
