// JSON-like values of the caller -> template values, each string and number with the origin of the part it belongs to.

import { dictOf } from './python-compare.ts';
import type { Runtime } from './runtime.ts';
import { Str } from './str.ts';
import { float, int, List, type Value } from './values.ts';

/**
 * A number that prints as a Python float (`1.0`) even when it is whole. JSON knows the difference between `1` and `1.0`,
 * JavaScript's numbers do not; wrap a value where a template must print it as the float that it was.
 */
export class TemplateFloat {
  /** The number. */
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** Converts `value`; `path` names it in errors. */
export function inputValue(rt: Runtime, value: unknown, origin: number, path: string, depth = 0): Value {
  if (depth > rt.maxDepth)
    throw new RangeError(`${path}: expected at most ${rt.maxDepth} levels (limits.maxDepth)`);
  switch (typeof value) {
    case 'string':
      return new Str(value, origin);
    case 'number':
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? int(value, origin) : float(value, origin);
    case 'bigint':
      return int(value, origin);
    case 'boolean':
      return value;
    case 'object':
      return value === null ? null : objectValue(rt, value, origin, path, depth);
  }
  throw new TypeError(`${path}: expected JSON data, got ${typeof value}`);
}

function objectValue(rt: Runtime, value: object, origin: number, path: string, depth: number): Value {
  const convert = (item: unknown, name: string | number) =>
    inputValue(rt, item === undefined ? null : item, origin, `${path}[${name}]`, depth + 1);
  if (Array.isArray(value)) return new List(value.map(convert), origin);
  if (value instanceof TemplateFloat) return float(value.value, origin);
  if (value instanceof Map)
    return dictOf(
      Array.from(value, ([key, item]) => [convert(key, 'key'), convert(item, String(key))] as const),
      origin,
    );
  const prototype = Object.getPrototypeOf(value);
  const plain =
    prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
  // As transformers does: a picture or a tensor is a placeholder, which templates only test for being there
  if (!plain) return new Str(`<${prototype.constructor?.name ?? 'object'}>`, origin);
  const entries: (readonly [Value, Value])[] = [];
  for (const [key, item] of Object.entries(value))
    if (item !== undefined) entries.push([new Str(key, origin), convert(item, key)]);
  return dictOf(entries, origin);
}
