// What a filter and a test are to the evaluator, and the helpers that several of them share.
import { getItem } from './attributes.ts';
import { typeName } from './python-compare.ts';
import { toStr } from './python-text.ts';
import type { Runtime } from './runtime.ts';
import { Str } from './str.ts';
import { lower } from './string-case.ts';
import { fail } from './template-error.ts';
import { type Arguments, int, Num, Undefined, type Value } from './values.ts';

/** Runs a filter or a test by name: what `map('upper')` and `select('odd')` do. */
export interface FilterTable {
  filter(name: string): FilterFunction | undefined;
  test(name: string): TestFunction | undefined;
}
export type FilterFunction = (rt: Runtime, value: Value, args: Arguments, table: FilterTable) => Value;
export type TestFunction = (rt: Runtime, value: Value, args: Arguments, table: FilterTable) => boolean;

/** Jinja's make_attrgetter: dots descend, digits are indices; no attribute is the item itself. */
export function attributeGetter(
  rt: Runtime,
  attribute: Value | undefined,
  otherwise?: Value,
): (item: Value) => Value {
  const parts: Value[] =
    attribute === undefined || attribute === null
      ? []
      : attribute instanceof Str
        ? attribute.text.split('.').map((part) => (/^\d+$/.test(part) ? int(Number(part)) : new Str(part)))
        : [attribute];
  return (item) => {
    let value = item;
    for (const part of parts) {
      value = getItem(rt, value, part);
      if (otherwise !== undefined && otherwise !== null && value instanceof Undefined) value = otherwise;
    }
    return value;
  };
}

/** Strings in lower case for comparing, other values as they are. */
export function ignoreCase(value: Value): Value {
  return value instanceof Str ? lower(value) : value;
}

/** soft_str: a string as it is (Markup too), anything else printed. */
export const softStr = toStr;

/** A filter without arguments. */
export const bare =
  (name: string, run: (rt: Runtime, value: Value) => Value): FilterFunction =>
  (rt, value, args) => {
    args.bind(name, []);
    return run(rt, value);
  };

/** The text of an argument that must be a string. */
export function textOf(value: Value | undefined, what: string): Str {
  if (value instanceof Str) return value;
  return fail(`${what}: expected str, got ${value === undefined ? 'nothing' : typeName(value)}`);
}

/** The value of a number, or an error. */
export function numberOf(value: Value, what: string): Num {
  if (typeof value === 'boolean') return int(value ? 1 : 0);
  if (value instanceof Num) return value;
  return fail(`${what}: expected a number, got ${typeName(value)}`);
}
