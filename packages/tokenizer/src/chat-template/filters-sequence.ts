// The filters on lists, dicts and anything that can be iterated. Those that are generators in Jinja2 are lazy here too.
import { getAttribute, itemsOf, pythonAttribute } from './attributes.ts';
import {
  attributeGetter,
  bare,
  type FilterFunction,
  type FilterTable,
  ignoreCase,
  textOf,
} from './filter.ts';
import { Generator, generator, View } from './objects.ts';
import { equals, iterate, keyOf, keysOf, less, sizeOf, toArray, truthy, typeName } from './python-compare.ts';
import { toStr } from './python-text.ts';
import type { Runtime } from './runtime.ts';
import { characters, codePointLength, concatStr, Str } from './str.ts';
import { join } from './string-pieces.ts';
import { fail } from './template-error.ts';
import { Arguments, Dict, int, type Key, List, PyObject, Tuple, Undefined, type Value } from './values.ts';

const isTrue = (value: Value | undefined): boolean => value !== undefined && truthy(value);

/** sorted(items, key): stable, also when reversed. */
function sorted<T>(items: readonly T[], key: (item: T) => Value, reverse: boolean): T[] {
  const direction = reverse ? -1 : 1;
  return items
    .map((item) => [item, key(item)] as const)
    .sort(([, a], [, b]) => (less(a, b) ? -direction : less(b, a) ? direction : 0))
    .map(([item]) => item);
}

const caseOf = (sensitive: Value | undefined) => (isTrue(sensitive) ? (value: Value) => value : ignoreCase);

const each = (value: Value): Iterable<Value> => ({ [Symbol.iterator]: () => iterate(value) });

function extreme(name: 'min' | 'max'): FilterFunction {
  return (rt, value, args) => {
    const [sensitive, attribute] = args.bind(name, ['case_sensitive', 'attribute']);
    const get = attributeGetter(rt, attribute);
    const fold = caseOf(sensitive);
    const items = toArray(value);
    if (items.length === 0) return new Undefined('No aggregated item, sequence was empty.');
    let best = items[0];
    let bestKey = fold(get(best));
    for (const item of items.slice(1)) {
      const key = fold(get(item));
      if (name === 'min' ? less(key, bestKey) : less(bestKey, key)) [best, bestKey] = [item, key];
    }
    return best;
  };
}

function selecting(name: string, keep: boolean, byAttribute: boolean): FilterFunction {
  return (rt, value, args, table) =>
    generator(function* () {
      if (!truthy(value)) return;
      const rest = [...args.positional];
      if (byAttribute && rest.length === 0) fail(`${name}: missing parameter for attribute name`);
      const get = byAttribute ? attributeGetter(rt, rest.shift()) : (item: Value) => item;
      const matches = testCall(rt, rest, args, table);
      for (const item of each(value)) {
        rt.work();
        if (matches(get(item)) === keep) yield item;
      }
    });
}

function testCall(rt: Runtime, rest: Value[], args: Arguments, table: FilterTable): (item: Value) => boolean {
  if (rest.length === 0) return truthy;
  const name = rest[0] instanceof Str ? rest[0].text : typeName(rest[0]);
  const test = table.test(name) ?? fail(`No test named '${name}'.`);
  const given = new Arguments(rest.slice(1), args.named);
  return (item) => test(rt, item, given, table);
}

function mapping(rt: Runtime, args: Arguments, table: FilterTable): (item: Value) => Value {
  if (args.positional.length === 0 && args.named.has('attribute')) {
    for (const name of args.named.keys())
      if (name !== 'attribute' && name !== 'default') fail(`map: unexpected keyword argument '${name}'`);
    return attributeGetter(rt, args.named.get('attribute'), args.named.get('default'));
  }
  if (args.positional.length === 0) return fail('map requires a filter argument');
  const name = args.positional[0] instanceof Str ? args.positional[0].text : typeName(args.positional[0]);
  const filter = table.filter(name) ?? fail(`No filter named '${name}'.`);
  const given = new Arguments(args.positional.slice(1), args.named);
  return (item) => filter(rt, item, given, table);
}

function groupBy(rt: Runtime, value: Value, args: Arguments): Value {
  const [attribute, otherwise, sensitive] = args.bind(
    'groupby',
    ['attribute', 'default', 'case_sensitive'],
    1,
  );
  const get = attributeGetter(rt, attribute, otherwise);
  const fold = caseOf(sensitive);
  const groups: { key: Value; items: Value[] }[] = [];
  for (const item of sorted(toArray(value), (one) => fold(get(one)), false)) {
    const key = fold(get(item));
    const last = groups[groups.length - 1];
    if (last !== undefined && equals(last.key, key)) last.items.push(item);
    else groups.push({ key, items: [item] });
  }
  const origin = rt.originOf(value);
  return new List(
    groups.map(
      ({ items }) => new Tuple([get(items[0]), new List(items, origin)], origin, ['grouper', 'list']),
    ),
    origin,
  );
}

function lengthOf(rt: Runtime, value: Value): Value {
  if (value instanceof Str) return int(codePointLength(value.text), rt.originOf(value));
  const size = sizeOf(value);
  return size === undefined
    ? fail(`object of type '${typeName(value)}' has no len()`)
    : int(size, rt.originOf(value));
}

/** reversed(value): an iterator from the end; undefined when the value has no order to turn round. */
function reversed(value: Value): Value[] | undefined {
  if (value instanceof List || value instanceof Tuple) return [...value.items].reverse();
  if (value instanceof Dict) return keysOf(value).reverse();
  if (value instanceof View) return [...value.items].reverse();
  if (value instanceof Str) return characters(value).reverse();
  if (value instanceof PyObject && value.typeName === 'range') return toArray(value).reverse();
  return value instanceof Undefined ? [] : undefined;
}

/** Rows of `size` items; the last is filled up. */
function batch(rt: Runtime, value: Value, args: Arguments): Value {
  const [sizeValue, fill] = args.bind('batch', ['linecount', 'fill_with'], 1);
  return generator(function* () {
    let row: Value[] = [];
    for (const item of each(value)) {
      if (equals(int(row.length), sizeValue!)) {
        yield new List(row);
        row = [];
      }
      row.push(item);
    }
    if (row.length === 0) return;
    if (fill !== undefined && fill !== null) {
      const size = rt.index(sizeValue!, 'batch');
      rt.checkLength(size);
      rt.work(size * 8);
      while (row.length < size) row.push(fill);
    }
    yield new List(row);
  });
}

/** `count` columns of nearly equal length; the shorter ones are filled up. */
function sliceColumns(rt: Runtime, value: Value, args: Arguments): Value {
  const [countValue, fill] = args.bind('slice', ['slices', 'fill_with'], 1);
  return generator(function* () {
    const items = toArray(value);
    const count = rt.index(countValue!, 'slice');
    if (count === 0) fail('integer division or modulo by zero');
    const length = Math.floor(items.length / count);
    const extra = items.length % count;
    let start = 0;
    for (let i = 0; i < count; i++) {
      rt.work();
      const end = start + length + (i < extra ? 1 : 0);
      const column = items.slice(start, end);
      if (fill !== undefined && fill !== null && i >= extra) column.push(fill);
      yield new List(column);
      start = end;
    }
  });
}

/** The filters on sequences and mappings. */
export const sequenceFilters: Readonly<Record<string, FilterFunction>> = {
  length: bare('length', (rt, value) => lengthOf(rt, value)),
  count: bare('count', (rt, value) => lengthOf(rt, value)),
  list: bare('list', (rt, value) => new List(toArray(value), rt.originOf(value))),
  first: (_rt, value, args) => {
    args.bind('first', []);
    const step = iterate(value).next();
    return step.done ? new Undefined('No first item, sequence was empty.') : step.value;
  },
  last: (_rt, value, args) => {
    args.bind('last', []);
    const items = reversed(value);
    if (items === undefined) return fail(`'${typeName(value)}' object is not reversible`);
    return items[0] === undefined ? new Undefined('No last item, sequence was empty.') : items[0];
  },
  reverse: (_rt, value, args) => {
    args.bind('reverse', []);
    if (value instanceof Str) return concatStr(characters(value).reverse(), value.safe);
    const items = reversed(value);
    return items === undefined ? new List(toArray(value).reverse()) : new Generator(items[Symbol.iterator]());
  },
  default: defaulting,
  d: defaulting,
  join: (rt, value, args) => {
    const [separator, attribute] = args.bind('join', ['d', 'attribute']);
    const get =
      attribute === undefined || attribute === null ? (item: Value) => item : attributeGetter(rt, attribute);
    const items = toArray(value).map((item) => toStr(get(item)));
    return join(rt, toStr(separator === undefined ? new Str('') : separator).marked(false), items);
  },
  items: (_rt, value, args) => {
    args.bind('items', []);
    return generator(() => {
      if (value instanceof Undefined) return [][Symbol.iterator]();
      if (!(value instanceof Dict)) return fail('Can only get item pairs from a mapping.');
      return itemsOf(value)[Symbol.iterator]();
    });
  },
  dictsort: (_rt, value, args) => {
    const [sensitive, by, reverse] = args.bind('dictsort', ['case_sensitive', 'by', 'reverse']);
    const part = by === undefined ? 'key' : textOf(by, 'dictsort').text;
    if (part !== 'key' && part !== 'value') fail('dictsort: you can only sort by either "key" or "value"');
    if (value instanceof Undefined) value.fail();
    if (!(value instanceof Dict)) return fail(`'${typeName(value)}' object has no attribute 'items'`);
    const fold = caseOf(sensitive);
    const at = part === 'key' ? 0 : 1;
    return new List(
      sorted(itemsOf(value), (item) => fold(item.items[at]), isTrue(reverse)),
      value.origin,
    );
  },
  sort: (rt, value, args) => {
    const [reverse, sensitive, attribute] = args.bind('sort', ['reverse', 'case_sensitive', 'attribute']);
    const fold = caseOf(sensitive);
    const attributes =
      attribute instanceof Str ? attribute.text.split(',').map((a) => new Str(a)) : [attribute];
    const getters = attributes.map((one) => attributeGetter(rt, one));
    const items = toArray(value);
    rt.work(items.length * 16);
    return new List(
      sorted(items, (item) => new List(getters.map((get) => fold(get(item)))), isTrue(reverse)),
      rt.originOf(value),
    );
  },
  unique: (rt, value, args) => {
    const [sensitive, attribute] = args.bind('unique', ['case_sensitive', 'attribute']);
    return generator(function* () {
      const get = attributeGetter(rt, attribute);
      const fold = caseOf(sensitive);
      const seen = new Set<Key>();
      for (const item of each(value)) {
        const key = keyOf(fold(get(item)));
        if (seen.has(key)) continue;
        seen.add(key);
        yield item;
      }
    });
  },
  min: extreme('min'),
  max: extreme('max'),
  groupby: groupBy,
  map: (rt, value, args, table) =>
    generator(function* () {
      if (!truthy(value)) return;
      const apply = mapping(rt, args, table);
      for (const item of each(value)) {
        rt.work();
        yield apply(item);
      }
    }),
  select: selecting('select', true, false),
  reject: selecting('reject', false, false),
  selectattr: selecting('selectattr', true, true),
  rejectattr: selecting('rejectattr', false, true),
  batch,
  slice: sliceColumns,
  attr: (rt, value, args) => {
    const [name] = args.bind('attr', ['name'], 1);
    const text = textOf(name, 'attr').text;
    if (pythonAttribute(rt, value, text) === undefined)
      return new Undefined(`'${typeName(value)} object' has no attribute '${text}'`);
    return getAttribute(rt, value, text);
  },
};

function defaulting(_rt: Runtime, value: Value, args: Arguments): Value {
  const [otherwise, boolean] = args.bind('default', ['default_value', 'boolean']);
  return value instanceof Undefined || (isTrue(boolean) && !truthy(value))
    ? otherwise === undefined
      ? new Str('')
      : otherwise
    : value;
}
