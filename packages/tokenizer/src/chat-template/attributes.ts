// `object.name`, `object[key]` and slices, with the sandbox's rules: an attribute before an item for the dot, an item
// before an attribute for brackets, nothing that starts with an underscore, nothing that would change a list or a dict.

import { Range, sequenceMethod, View } from './objects.ts';
import { keyOf, keysOf, typeName, valuesOf } from './python-compare.ts';
import { repr } from './python-text.ts';
import type { Runtime } from './runtime.ts';
import { codePointLength, concatStr, Str, unitIndex } from './str.ts';
import { stringMethod } from './string-methods.ts';
import { fail } from './template-error.ts';
import { Callable, Dict, float, int, List, Num, PyObject, Tuple, Undefined, type Value } from './values.ts';

const changesDict: ReadonlySet<string> = new Set(['clear', 'pop', 'popitem', 'setdefault', 'update']);
const changesList: ReadonlySet<string> = new Set([
  'append',
  'clear',
  'pop',
  'reverse',
  'insert',
  'sort',
  'extend',
  'remove',
]);

/** object.name */
export function getAttribute(rt: Runtime, object: Value, name: string): Value {
  const attribute = pythonAttribute(rt, object, name);
  if (attribute !== undefined) return attribute;
  const item = itemOf(object, new Str(name));
  return item !== undefined ? item : missing(object, name);
}

/** object[key] */
export function getItem(rt: Runtime, object: Value, key: Value): Value {
  if (object instanceof Undefined) return object.fail();
  const item = itemOf(object, key);
  if (item !== undefined) return item;
  const attribute = key instanceof Str ? pythonAttribute(rt, object, key.text) : undefined;
  if (attribute !== undefined) return attribute;
  return missing(object, key instanceof Str ? key.text : repr(key).text);
}

const missing = (object: Value, name: string): Undefined =>
  new Undefined(`'${typeName(object)} object' has no attribute '${name}'`);

const unsafe = (object: Value, name: string): Undefined =>
  new Undefined(`access to attribute '${name}' of '${typeName(object)}' object is unsafe`);

/** getattr(object, name) with what the sandbox withholds replaced by an Undefined; undefined is AttributeError. */
export function pythonAttribute(rt: Runtime, object: Value, name: string): Value | undefined {
  if (object instanceof Undefined) return name.startsWith('__') ? unsafe(object, name) : object.fail();
  if (typeof object === 'boolean') return numberAttribute(int(object ? 1 : 0), name);
  if (object instanceof Dict) return dictAttribute(object, name);
  if (object instanceof Str) {
    const method = stringMethod(name);
    if (method === undefined) return undefined;
    return new Callable(name, (args) => {
      rt.work(object.text.length);
      return method(rt, object, args, {
        attribute: (of, part) => getAttribute(rt, of, part),
        item: (of, key) => getItem(rt, of, key),
      });
    });
  }
  if (object instanceof List || object instanceof Tuple) {
    const isList = object instanceof List;
    if (isList && changesList.has(name)) return unsafe(object, name);
    if (isList && name === 'copy') return new Callable('copy', () => object);
    const field = isList ? -1 : (object.fields?.indexOf(name) ?? -1);
    return field >= 0 ? object.items[field] : sequenceMethod(name, () => object.items[Symbol.iterator]());
  }
  if (object instanceof Num) return numberAttribute(object, name);
  if (object instanceof PyObject) {
    const value = object.attribute(name);
    return value !== undefined && name.startsWith('_') ? unsafe(object, name) : value;
  }
  return undefined;
}

function dictAttribute(dict: Dict, name: string): Value | undefined {
  switch (name) {
    case 'get':
      return new Callable('get', (args) => {
        const [key, otherwise] = args.plain('get', 2, 1);
        const entry = dict.map.get(keyOf(key!));
        return entry !== undefined ? entry[1] : (otherwise ?? null);
      });
    case 'keys':
      return new Callable('keys', () => new View('dict_keys', keysOf(dict)));
    case 'values':
      return new Callable('values', () => new View('dict_values', valuesOf(dict)));
    case 'items':
      return new Callable('items', () => new View('dict_items', itemsOf(dict)));
    case 'copy':
      return new Callable('copy', () => dict);
    case 'fromkeys':
      return new Callable('fromkeys', () => fail('fromkeys is not part of the chat template dialect'));
  }
  return changesDict.has(name) ? unsafe(dict, name) : undefined;
}

export function itemsOf(dict: Dict): Tuple[] {
  return Array.from(dict.map.values(), ([key, value]) => new Tuple([key, value], dict.origin));
}

function numberAttribute(number: Num, name: string): Value | undefined {
  if (name === 'real') return number;
  if (name === 'imag') return number.isFloat ? float(0) : int(0);
  if (name === 'is_integer' && number.isFloat)
    return new Callable(name, () => Number.isInteger(Number(number.value)));
  if (name === 'bit_length' && !number.isFloat)
    return new Callable(name, () => {
      const size = BigInt(number.value);
      return int(size === 0n ? 0 : (size < 0n ? -size : size).toString(2).length);
    });
  if (!number.isFloat && (name === 'numerator' || name === 'denominator'))
    return name === 'numerator' ? number : int(1);
  return undefined;
}

function isHashable(value: Value): boolean {
  if (value instanceof Tuple) return value.items.every(isHashable);
  return !(value instanceof List || value instanceof Dict || value instanceof View);
}

/** object[key] of Python; undefined is a TypeError or a LookupError. */
function itemOf(object: Value, key: Value): Value | undefined {
  if (object instanceof Dict) {
    return isHashable(key) ? object.map.get(keyOf(key))?.[1] : undefined;
  }
  if (object instanceof PyObject) return object.item(key);
  const isIndex = typeof key === 'boolean' || (key instanceof Num && !key.isFloat);
  if (!isIndex) return undefined;
  const index = typeof key === 'boolean' ? Number(key) : Number(key.value);
  if (object instanceof List || object instanceof Tuple)
    return object.items[index < 0 ? index + object.items.length : index];
  if (object instanceof Str) {
    const length = codePointLength(object.text);
    const at = index < 0 ? index + length : index;
    if (at < 0 || at >= length) return undefined;
    const unit = unitIndex(object.text, at);
    return object.slice(unit, unit + (object.text.codePointAt(unit)! > 0xffff ? 2 : 1));
  }
  return undefined;
}

/** The indices that a slice of Python runs over: from (inclusive), to (exclusive), step. */
function sliceBounds(
  rt: Runtime,
  length: number,
  start: Value,
  stop: Value,
  step: Value,
): [from: number, to: number, by: number] {
  const by = step === null ? 1 : rt.index(step, 'slice step');
  if (by === 0) fail('slice step cannot be zero');
  const bound = (value: Value, otherwise: number): number => {
    if (value === null) return otherwise;
    const index = rt.index(value, 'slice index');
    const low = by > 0 ? 0 : -1;
    return Math.max(low, Math.min(by > 0 ? length : length - 1, index < 0 ? index + length : index));
  };
  return [bound(start, by > 0 ? 0 : length - 1), bound(stop, by > 0 ? length : -1), by];
}

function sliceRange(rt: Runtime, range: Range, start: Value, stop: Value, step: Value): Range {
  const [from, to, by] = sliceBounds(rt, range.size, start, stop, step);
  return new Range(range.start + from * range.step, range.start + to * range.step, by * range.step);
}

const isSequence = (value: Value): value is List | Tuple | Str =>
  value instanceof List || value instanceof Tuple || value instanceof Str;

export const canBeSliced = (value: Value): boolean =>
  isSequence(value) || value instanceof Range || value instanceof Undefined;

/** object[start:stop:step] */
export function getSlice(rt: Runtime, object: Value, start: Value, stop: Value, step: Value): Value {
  if (object instanceof Undefined) object.fail();
  if (object instanceof Range) return sliceRange(rt, object, start, stop, step);
  if (!isSequence(object)) return fail(`'${typeName(object)}' object cannot be sliced`);
  const length = object instanceof Str ? codePointLength(object.text) : object.items.length;
  const [from, to, by] = sliceBounds(rt, length, start, stop, step);
  rt.work(length);
  if (object instanceof Str && by === 1)
    return object.slice(unitIndex(object.text, from), unitIndex(object.text, Math.max(from, to)));
  const picked: number[] = [];
  for (let i = from; by > 0 ? i < to : i > to; i += by) picked.push(i);
  if (object instanceof Str) {
    const starts: number[] = [];
    for (let unit = 0; unit < object.text.length; ) {
      starts.push(unit);
      unit += object.text.codePointAt(unit)! > 0xffff ? 2 : 1;
    }
    starts.push(object.text.length);
    return concatStr(
      picked.map((i) => object.slice(starts[i], starts[i + 1])),
      object.safe,
    );
  }
  const items = picked.map((i) => object.items[i]);
  return object instanceof List ? new List(items, object.origin) : new Tuple(items, object.origin);
}
