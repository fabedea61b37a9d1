// The values of a template: Python's None, bool, int, float, str, list, tuple and dict, Jinja's Undefined, and objects that
// only a template makes (views, ranges, generators, macros, namespaces). Numbers carry an origin as strings do, so that a
// printed number is labelled by where it came from.
import { computedOrigin, literalOrigin, Str } from './str.ts';
import { fail } from './template-error.ts';

export type Value = null | boolean | Num | Str | List | Tuple | Dict | Undefined | PyObject;

/** An int (number while it is safe, else bigint) or a float. */
export class Num {
  readonly value: number | bigint;
  readonly isFloat: boolean;
  readonly origin: number;

  constructor(value: number | bigint, isFloat = false, origin: number = literalOrigin) {
    this.value = value;
    this.isFloat = isFloat;
    this.origin = origin;
  }
}

/** An int of any size, kept as a number while that is exact. */
export function int(value: number | bigint, origin: number = literalOrigin): Num {
  if (typeof value === 'bigint' && value >= -maxSafe && value <= maxSafe)
    return new Num(Number(value), false, origin);
  return new Num(value, false, origin);
}
const maxSafe = BigInt(Number.MAX_SAFE_INTEGER);

export function float(value: number, origin: number = literalOrigin): Num {
  return new Num(value, true, origin);
}

/** A Python list. Lists of the sandbox cannot change. */
export class List {
  readonly items: readonly Value[];
  readonly origin: number;

  constructor(items: readonly Value[], origin: number = literalOrigin) {
    this.items = items;
    this.origin = origin;
  }
}

export class Tuple {
  readonly items: readonly Value[];
  readonly origin: number;
  /** Names of the items, where it is a named tuple (`groupby`). */
  readonly fields: readonly string[] | undefined;

  constructor(items: readonly Value[], origin: number = literalOrigin, fields?: readonly string[]) {
    this.items = items;
    this.origin = origin;
    this.fields = fields;
  }
}

/** What Python's hash and equality tell apart: text, number (1 == 1.0 == True), None, or a symbol for tuples. */
export type Key = string | number | bigint | null | symbol;

/** A Python dict in insertion order: key -> [key as it was written, value]. */
export class Dict {
  readonly map: ReadonlyMap<Key, readonly [Value, Value]>;
  readonly origin: number;

  constructor(map: ReadonlyMap<Key, readonly [Value, Value]>, origin: number = literalOrigin) {
    this.map = map;
    this.origin = origin;
  }
}

/** Jinja's Undefined: prints nothing, is false and empty; anything else fails with `message`. */
export class Undefined {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }

  fail(): never {
    return fail(this.message);
  }
}

/** The arguments of a call. */
export class Arguments {
  readonly positional: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;

  constructor(positional: readonly Value[], named: ReadonlyMap<string, Value> = noNames) {
    this.positional = positional;
    this.named = named;
  }

  /** The values by position of a function of Python's that takes no keywords. */
  plain(what: string, most: number, required = 0): readonly (Value | undefined)[] {
    if (this.named.size > 0) fail(`${what}() takes no keyword arguments`);
    const count = this.positional.length;
    if (count < required || count > most)
      fail(`${what}() expected ${required} to ${most} arguments, got ${count}`);
    return this.positional;
  }

  /** The values of `names` in order, from positions and keywords; the first `required` must be there. */
  bind(what: string, names: readonly string[], required = 0): (Value | undefined)[] {
    if (this.positional.length > names.length)
      fail(`${what}() takes at most ${names.length} argument(s), got ${this.positional.length}`);
    const bound: (Value | undefined)[] = [...this.positional];
    for (const [name, value] of this.named) {
      const at = names.indexOf(name);
      if (at < 0) fail(`${what}() got an unexpected keyword argument '${name}'`);
      if (at < this.positional.length) fail(`${what}() got multiple values for argument '${name}'`);
      bound[at] = value;
    }
    for (let i = 0; i < required; i++)
      if (bound[i] === undefined) fail(`${what}() missing required argument '${names[i]}'`);
    return bound;
  }
}
const noNames: ReadonlyMap<string, Value> = new Map();

/** Any other object. What it does not override, it cannot do. */
export abstract class PyObject {
  /** Python's name of the type, for messages. */
  abstract readonly typeName: string;
  /** What printing it shows. */
  abstract repr(): Str;
  /** getattr; undefined is AttributeError. */
  attribute(_name: string): Value | undefined {
    return undefined;
  }
  /** iter(); undefined is TypeError. */
  iterate(): Iterator<Value> | undefined {
    return undefined;
  }
  /** len(); undefined is TypeError. */
  get size(): number | undefined {
    return undefined;
  }
  /** `object[index]` for sequences; undefined is a TypeError or an IndexError. */
  item(_index: Value): Value | undefined {
    return undefined;
  }
  /** Calling it; undefined when it is not callable. */
  readonly call: ((args: Arguments) => Value) | undefined = undefined;
}

/** A function or a bound method. */
export class Callable extends PyObject {
  override readonly typeName = 'function';
  readonly name: string;
  override readonly call: (args: Arguments) => Value;

  constructor(name: string, call: (args: Arguments) => Value) {
    super();
    this.name = name;
    this.call = call;
  }

  override repr(): Str {
    return new Str(`<function ${this.name}>`, computedOrigin);
  }
}
