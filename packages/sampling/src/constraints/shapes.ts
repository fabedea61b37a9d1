// The normal form of a schema: a list of shapes, one of which the value must have. A shape fixes the type and holds
// everything that must be true of it; values inside are conjunctions of schemas, expanded when they are reached. All
// keywords, `not` and `oneOf` included, end up here, so the machine that reads JSON knows nothing of keywords.
import { boundedAutomaton } from './char-automaton.ts';
import { allStrings, type CharDfa, intersectDfa, isEmptyDfa, uniteDfa } from './char-dfa.ts';
import { both, type Conjunction } from './conjunction.ts';
import { dfaId } from './dfa-id.ts';
import { UnsupportedConstraintError } from './errors.ts';
import { anyNumber } from './number-dfa.ts';

/** Which keys a rule speaks of. */
export type KeySet =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'pattern'; readonly dfa: CharDfa }
  | { readonly kind: 'except'; readonly names: readonly string[]; readonly patterns: readonly CharDfa[] };

export interface KeyRule {
  readonly keys: KeySet;
  readonly value: Conjunction;
}

export interface Containment {
  /** Counts items from this index on. */
  readonly from: number;
  readonly value: Conjunction;
  readonly otherwise: Conjunction;
  readonly min: number;
  readonly max: number;
}

export interface ArrayShape {
  readonly type: 'array';
  readonly prefix: readonly Conjunction[];
  readonly rest: Conjunction;
  readonly min: number;
  readonly max: number;
  readonly contains: readonly Containment[];
  readonly unique: boolean;
}

export interface ObjectShape {
  readonly type: 'object';
  /** Every value whose key is of the set must satisfy the conjunction. */
  readonly rules: readonly KeyRule[];
  /** Some key of the set must be there with such a value. */
  readonly needs: readonly KeyRule[];
  readonly min: number;
  readonly max: number;
  /** Declared names, in the schema's order. */
  readonly order: readonly string[];
}

export interface StringShape {
  readonly type: 'string';
  readonly dfa: CharDfa;
  readonly min: number;
  readonly max: number;
}

export type Shape =
  | { readonly type: 'null' | 'true' | 'false' }
  | { readonly type: 'number'; readonly dfa: CharDfa }
  | StringShape
  | ArrayShape
  | ObjectShape;

export const anyString: StringShape = { type: 'string', dfa: allStrings, min: 0, max: Infinity };
export const anyArray: ArrayShape = {
  type: 'array',
  prefix: [],
  rest: [],
  min: 0,
  max: Infinity,
  contains: [],
  unique: false,
};
export const anyObject: ObjectShape = {
  type: 'object',
  rules: [],
  needs: [],
  min: 0,
  max: Infinity,
  order: [],
};
/** Every value. */
export const anyValue: readonly Shape[] = [
  { type: 'null' },
  { type: 'true' },
  { type: 'false' },
  { type: 'number', dfa: anyNumber },
  anyString,
  anyArray,
  anyObject,
];

/** Every value that is not of these types. */
export function otherTypes(...types: readonly Shape['type'][]): Shape[] {
  return anyValue.filter((shape) => !types.includes(shape.type));
}

export function keySetKey(set: KeySet): string {
  if (set.kind === 'name') return `n${JSON.stringify(set.name)}`;
  if (set.kind === 'pattern') return `p${dfaId(set.dfa)}`;
  return `x${JSON.stringify(set.names)}${set.patterns.map(dfaId).join(',')}`;
}

/** Equal for equal shapes. */
export function shapeKey(shape: Shape): string {
  switch (shape.type) {
    case 'number':
      return `#${dfaId(shape.dfa)}`;
    case 'string':
      return `"${dfaId(shape.dfa)},${shape.min},${shape.max}`;
    case 'array':
      return `[${shape.prefix.map((c) => c.join('&')).join(',')};${shape.rest.join('&')};${shape.min},${shape.max},${
        shape.unique
      };${shape.contains.map((c) => `${c.from}:${c.value.join('&')}:${c.min}:${c.max}`).join(',')}`;
    case 'object': {
      const rules = (list: readonly KeyRule[]): string =>
        list
          .map((r) => `${keySetKey(r.keys)}=${r.value.join('&')}`)
          .sort()
          .join(',');
      return `{${rules(shape.rules)};${rules(shape.needs)};${shape.min},${shape.max}`;
    }
    default:
      return shape.type;
  }
}

/** What has both shapes, or undefined when nothing plainly can. */
export function meet(a: Shape, b: Shape): Shape | undefined {
  if (a.type === 'number' && b.type === 'number') {
    const dfa = intersectDfa(a.dfa, b.dfa);
    return isEmptyDfa(dfa) ? undefined : { type: 'number', dfa };
  }
  if (a.type === 'string' && b.type === 'string') {
    const merged: StringShape = {
      type: 'string',
      dfa: intersectDfa(a.dfa, b.dfa),
      min: Math.max(a.min, b.min),
      max: Math.min(a.max, b.max),
    };
    return isEmptyString(merged) ? undefined : merged;
  }
  if (a.type === 'array' && b.type === 'array') {
    const length = Math.max(a.prefix.length, b.prefix.length);
    const merged: ArrayShape = {
      type: 'array',
      prefix: Array.from({ length }, (_, i) => both(a.prefix[i] ?? a.rest, b.prefix[i] ?? b.rest)),
      rest: both(a.rest, b.rest),
      min: Math.max(a.min, b.min),
      max: Math.min(a.max, b.max),
      contains: [...a.contains, ...b.contains],
      unique: a.unique || b.unique,
    };
    return merged.min > merged.max ? undefined : merged;
  }
  if (a.type === 'object' && b.type === 'object') {
    const merged: ObjectShape = {
      type: 'object',
      rules: distinct([...a.rules, ...b.rules]),
      needs: distinct([...a.needs, ...b.needs]),
      min: Math.max(a.min, b.min),
      max: Math.min(a.max, b.max),
      order: [...new Set([...a.order, ...b.order])],
    };
    return merged.min > merged.max ? undefined : merged;
  }
  return a.type === b.type ? a : undefined;
}

function distinct(rules: readonly KeyRule[]): KeyRule[] {
  const found = new Map<string, KeyRule>();
  for (const rule of rules) found.set(`${keySetKey(rule.keys)}=${rule.value.join('&')}`, rule);
  return [...found.values()];
}

export function isEmptyString(shape: StringShape): boolean {
  return shape.min > shape.max || boundedAutomaton(shape.dfa, shape.min, shape.max).start < 0;
}

/** Without numbers and strings that there are none of. */
export function withoutEmpty<S extends Shape>(shapes: readonly S[]): S[] {
  return shapes.filter((shape) => {
    if (shape.type === 'number') return !isEmptyDfa(shape.dfa);
    return shape.type !== 'string' || !isEmptyString(shape);
  });
}

const mostShapes = 400;

/** Every pair's meet. */
export function meetAll(a: readonly Shape[], b: readonly Shape[], path: string): Shape[] {
  if (a === anyValue) return [...b];
  if (b === anyValue) return [...a];
  const out: Shape[] = [];
  for (const x of a)
    for (const y of b) {
      const shape = x.type === y.type ? meet(x, y) : undefined;
      if (shape !== undefined) out.push(shape);
    }
  return tidy(out, path);
}

/** Without repeats and what another plainly covers; numbers joined to one set, and strings where they can be. */
export function tidy(shapes: readonly Shape[], path: string): Shape[] {
  const found = new Map<string, Shape>();
  for (const shape of shapes) {
    let key = shapeKey(shape);
    let joined = shape;
    if (shape.type === 'number') {
      key = 'number';
      const before = found.get(key);
      if (before?.type === 'number') joined = { type: 'number', dfa: uniteDfa(before.dfa, shape.dfa) };
    } else if (shape.type === 'string') {
      key = `string ${shape.min} ${shape.max}`;
      const before = found.get(key);
      if (before?.type === 'string') joined = { ...shape, dfa: uniteDfa(before.dfa, shape.dfa) };
    }
    found.set(key, joined);
  }
  for (const top of [anyArray, anyObject, anyString]) {
    const key = top.type === 'string' ? 'string 0 Infinity' : shapeKey(top);
    const one = found.get(key);
    if (one === undefined || (one.type === 'string' && one.dfa !== allStrings)) continue;
    for (const [k, shape] of found) if (shape.type === top.type && k !== key) found.delete(k);
  }
  if (found.size > mostShapes)
    throw new UnsupportedConstraintError('combination', path, `more than ${mostShapes} alternatives`);
  return [...found.values()];
}
