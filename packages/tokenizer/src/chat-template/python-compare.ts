// Truth, equality, order, hashing, iteration and membership as Python has them.
import { characters, Str } from './str.ts';
import { fail } from './template-error.ts';
import { Dict, type Key, List, Num, PyObject, Tuple, Undefined, type Value } from './values.ts';

/** Python's name of a value's type, for messages. */
export function typeName(value: Value): string {
  if (value === null) return 'NoneType';
  if (typeof value === 'boolean') return 'bool';
  if (value instanceof Num) return value.isFloat ? 'float' : 'int';
  if (value instanceof Str) return 'str';
  if (value instanceof List) return 'list';
  if (value instanceof Tuple) return 'tuple';
  if (value instanceof Dict) return 'dict';
  return value instanceof Undefined ? 'Undefined' : value.typeName;
}

/** bool(value) */
export function truthy(value: Value): boolean {
  if (value === null || typeof value === 'boolean') return value === true;
  if (value instanceof Str) return value.text !== '';
  if (value instanceof Num) return !sameNumber(value.value, 0);
  return value instanceof Undefined ? false : sizeOf(value) !== 0;
}

/** The numbers among the values (bool is one in Python); undefined for the rest. */
export function numeric(value: Value): number | bigint | undefined {
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value instanceof Num ? value.value : undefined;
}

/** Equal numbers, whatever they are kept in; NaN equals nothing. */
export function sameNumber(x: number | bigint, y: number | bigint): boolean {
  return x <= y && x >= y;
}

/** a == b */
export function equals(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (a instanceof Str) return b instanceof Str && a.text === b.text;
  const x = numeric(a);
  if (x !== undefined) {
    const y = numeric(b);
    return y !== undefined && sameNumber(x, y);
  }
  if (a instanceof List) return b instanceof List && sameItems(a.items, b.items);
  if (a instanceof Tuple) return b instanceof Tuple && sameItems(a.items, b.items);
  if (a instanceof Dict) {
    if (!(b instanceof Dict) || a.map.size !== b.map.size) return false;
    for (const [key, entry] of a.map) {
      const other = b.map.get(key);
      if (other === undefined || !equals(entry[1], other[1])) return false;
    }
    return true;
  }
  return a instanceof Undefined && b instanceof Undefined;
}

function sameItems(a: readonly Value[], b: readonly Value[]): boolean {
  return a.length === b.length && a.every((item, i) => equals(item, b[i]));
}

/** a < b; what Python does not order is an error. */
export function less(a: Value, b: Value): boolean {
  if (a instanceof Undefined) a.fail();
  if (b instanceof Undefined) b.fail();
  if (a instanceof Str && b instanceof Str) return lessText(a.text, b.text);
  const x = numeric(a);
  const y = numeric(b);
  if (x !== undefined && y !== undefined) return x < y;
  if ((a instanceof List && b instanceof List) || (a instanceof Tuple && b instanceof Tuple)) {
    const length = Math.min(a.items.length, b.items.length);
    for (let i = 0; i < length; i++) if (!equals(a.items[i], b.items[i])) return less(a.items[i], b.items[i]);
    return a.items.length < b.items.length;
  }
  return fail(`'<' not supported between '${typeName(a)}' and '${typeName(b)}'`);
}

// By code point: UTF-16 order differs above U+FFFF.
function lessText(a: string, b: string): boolean {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    let x = a.charCodeAt(i);
    let y = b.charCodeAt(i);
    if (x === y) continue;
    if (x >= 0xd800 && y >= 0xd800) {
      x = x >= 0xe000 ? x - 0x800 : x + 0x2000;
      y = y >= 0xe000 ? y - 0x800 : y + 0x2000;
    }
    return x < y;
  }
  return a.length < b.length;
}

/** The key a value has in a dict or a set; an unhashable value is an error. */
export function keyOf(value: Value): Key {
  if (value instanceof Str) return value.text;
  if (value === null) return null;
  const number = numeric(value);
  if (number !== undefined) return number;
  if (value instanceof Tuple)
    return Symbol.for(`(${value.items.map((item) => keyText(keyOf(item))).join()})`);
  if (value instanceof List || value instanceof Dict) return fail(`unhashable type: '${typeName(value)}'`);
  const object = value as Undefined | PyObject;
  if (object instanceof PyObject && object.typeName.startsWith('dict_') && object.typeName !== 'dict_values')
    return fail(`unhashable type: '${object.typeName}'`);
  let symbol = identities.get(object);
  if (symbol === undefined) {
    symbol = value instanceof Undefined ? undefinedKey : Symbol(typeName(value));
    identities.set(object, symbol);
  }
  return symbol;
}
const identities = new WeakMap<object, symbol>();
const undefinedKey = Symbol('Undefined');

function keyText(key: Key): string {
  if (typeof key === 'symbol') return key.description ?? '';
  return typeof key === 'bigint' ? key.toString() : JSON.stringify(key);
}

/** A dict of pairs, a later pair replacing the value of an equal key. */
export function dictOf(pairs: Iterable<readonly [Value, Value]>, origin?: number): Dict {
  const map = new Map<Key, readonly [Value, Value]>();
  for (const [key, value] of pairs) {
    const hashed = keyOf(key);
    const old = map.get(hashed);
    map.set(hashed, [old === undefined ? key : old[0], value]);
  }
  return new Dict(map, origin);
}

/** len(); undefined when the value has none. */
export function sizeOf(value: Value): number | undefined {
  if (value instanceof List || value instanceof Tuple) return value.items.length;
  if (value instanceof Dict) return value.map.size;
  if (value instanceof Undefined) return 0;
  return value instanceof PyObject ? value.size : undefined;
}

/** iter(); undefined when the value cannot be iterated. */
export function tryIterate(value: Value): Iterator<Value> | undefined {
  if (value instanceof List || value instanceof Tuple) return value.items[Symbol.iterator]();
  if (value instanceof Dict) return keysOf(value)[Symbol.iterator]();
  if (value instanceof Str) return characters(value)[Symbol.iterator]();
  if (value instanceof Undefined) return [][Symbol.iterator]();
  return value instanceof PyObject ? value.iterate() : undefined;
}

export function keysOf(dict: Dict): Value[] {
  return Array.from(dict.map.values(), (entry) => entry[0]);
}

export function valuesOf(dict: Dict): Value[] {
  return Array.from(dict.map.values(), (entry) => entry[1]);
}

/** iter(), or the error that Python raises. */
export function iterate(value: Value): Iterator<Value> {
  return tryIterate(value) ?? fail(`'${typeName(value)}' object is not iterable`);
}

/** list(value); `limit` bounds what a generator may give. */
export function toArray(value: Value): Value[] {
  if (value instanceof List || value instanceof Tuple) return [...value.items];
  const items: Value[] = [];
  const iterator = iterate(value);
  for (let step = iterator.next(); !step.done; step = iterator.next()) items.push(step.value);
  return items;
}

/** item in container */
export function contains(container: Value, item: Value): boolean {
  if (container instanceof Str) {
    if (item instanceof Str) return container.text.includes(item.text);
    return fail(`'in <string>' requires string as left operand, not ${typeName(item)}`);
  }
  if (container instanceof Dict) return container.map.has(keyOf(item));
  const iterator = tryIterate(container);
  if (iterator === undefined) return fail(`argument of type '${typeName(container)}' is not iterable`);
  for (let step = iterator.next(); !step.done; step = iterator.next())
    if (equals(step.value, item)) return true;
  return false;
}
