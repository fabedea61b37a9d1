// The methods of str that a template may call, by name. Indices are code points, as in Python.
import { braceFormat, type FieldAccess } from './brace-format.ts';
import { toArray, truthy, typeName } from './python-compare.ts';
import { toStr } from './python-text.ts';
import type { Runtime } from './runtime.ts';
import { codePointIndex, codePointLength, Str, unitIndex } from './str.ts';
import { capitalize, foldCase, lower, predicates, swapCase, title, upper } from './string-case.ts';
import {
  expandTabs,
  join,
  pad,
  partition,
  replace,
  split,
  splitLines,
  splitRight,
  strip,
  zeroFill,
} from './string-pieces.ts';
import { fail } from './template-error.ts';
import { Arguments, Dict, int, List, Num, Tuple, type Value } from './values.ts';

type Method = (rt: Runtime, self: Str, args: Arguments, access: FieldAccess) => Value;

function text(value: Value | undefined, what: string): Str {
  if (value instanceof Str) return value;
  return fail(`${what}: expected str, got ${value === undefined ? 'nothing' : typeName(value)}`);
}

const optionalText = (value: Value | undefined, what: string): Str | undefined =>
  value === undefined || value === null ? undefined : text(value, what);

const transform =
  (name: string, map: (self: Str) => Str): Method =>
  (rt, self, args) => {
    args.plain(name, 0);
    return rt.made(map(self));
  };

const stripping =
  (name: string, sides: number): Method =>
  (_rt, self, args) =>
    strip(self, sides, optionalText(args.plain(name, 1)[0], name));

const splitting =
  (name: string, run: typeof split): Method =>
  (rt, self, args) => {
    const [separator, limit] = args.bind(name, ['sep', 'maxsplit']);
    const count = limit === undefined ? -1 : rt.count(limit, name);
    const pieces = run(self, optionalText(separator, name), count);
    rt.work(pieces.length * 8);
    return new List(pieces, rt.originOf(self));
  };

const partitioning =
  (name: string, last: boolean): Method =>
  (_rt, self, args) =>
    new Tuple(partition(self, text(args.plain(name, 1, 1)[0], name), last));

/** UTF-16 bounds of Python's optional start and end. */
function bounds(rt: Runtime, self: Str, start: Value | undefined, end: Value | undefined): [number, number] {
  if (start === undefined && end === undefined) return [0, self.text.length];
  const length = codePointLength(self.text);
  const clamp = (value: Value | undefined, otherwise: number) => {
    if (value === undefined || value === null) return otherwise;
    const index = rt.index(value, 'slice index');
    return Math.max(0, Math.min(length, index < 0 ? index + length : index));
  };
  const from = clamp(start, 0);
  const to = unitIndex(self.text, clamp(end, length));
  // A start behind the text finds nothing, not even the empty text at its end
  const isBehind = start instanceof Num && start.value > length;
  return [isBehind ? Number.POSITIVE_INFINITY : unitIndex(self.text, from), to];
}

const finding =
  (name: string, last: boolean, mustFind: boolean): Method =>
  (rt, self, args) => {
    const [sub, start, end] = args.plain(name, 3, 1);
    const needle = text(sub, name).text;
    const [from, to] = bounds(rt, self, start, end);
    const inside = from <= to ? self.text.slice(from, to) : '';
    const at = from > to ? -1 : last ? inside.lastIndexOf(needle) : inside.indexOf(needle);
    if (at < 0) return mustFind ? fail('substring not found') : int(-1);
    return int(codePointIndex(self.text, from + at), rt.originOf(self));
  };

const affix =
  (name: string, matches: (inside: string, affix: string) => boolean): Method =>
  (rt, self, args) => {
    const [given, start, end] = args.plain(name, 3, 1);
    const [from, to] = bounds(rt, self, start, end);
    const any = given instanceof Tuple ? given.items : [given!];
    return from <= to && any.some((one) => matches(self.text.slice(from, to), text(one, name).text));
  };

const padding =
  (name: string, side: 'left' | 'right' | 'center'): Method =>
  (rt, self, args) => {
    const [width, fill] = args.plain(name, 2, 1);
    const character = fill === undefined ? new Str(' ') : text(fill, name);
    if (codePointLength(character.text) !== 1)
      fail(`${name}: the fill character must be exactly one character long`);
    return pad(rt, self, rt.count(width!, name), side, character);
  };

function countOf(rt: Runtime, self: Str, args: Arguments): Value {
  const [sub, start, end] = args.plain('count', 3, 1);
  const needle = text(sub, 'count').text;
  const [from, to] = bounds(rt, self, start, end);
  const inside = self.text.slice(from, Math.max(from, to));
  if (needle === '') return int(from <= to ? codePointLength(inside) + 1 : 0, rt.originOf(self));
  let count = 0;
  for (let at = inside.indexOf(needle); at >= 0; at = inside.indexOf(needle, at + needle.length)) count++;
  return int(count, rt.originOf(self));
}

const methods: Readonly<Record<string, Method>> = {
  upper: transform('upper', upper),
  lower: transform('lower', lower),
  casefold: transform('casefold', foldCase),
  title: transform('title', title),
  capitalize: transform('capitalize', capitalize),
  swapcase: transform('swapcase', swapCase),
  strip: stripping('strip', 3),
  lstrip: stripping('lstrip', 1),
  rstrip: stripping('rstrip', 2),
  split: splitting('split', split),
  rsplit: splitting('rsplit', splitRight),
  partition: partitioning('partition', false),
  rpartition: partitioning('rpartition', true),
  find: finding('find', false, false),
  rfind: finding('rfind', true, false),
  index: finding('index', false, true),
  rindex: finding('rindex', true, true),
  count: countOf,
  startswith: affix('startswith', (inside, prefix) => inside.startsWith(prefix)),
  endswith: affix('endswith', (inside, suffix) => inside.endsWith(suffix)),
  ljust: padding('ljust', 'left'),
  rjust: padding('rjust', 'right'),
  center: padding('center', 'center'),
  zfill: (rt, self, args) => zeroFill(rt, self, rt.count(args.plain('zfill', 1, 1)[0]!, 'zfill')),
  expandtabs: (rt, self, args) => {
    const [size] = args.bind('expandtabs', ['tabsize']);
    return expandTabs(
      rt,
      self,
      size === undefined ? 8 : Math.min(rt.index(size, 'expandtabs'), rt.maxLength),
    );
  },
  splitlines: (rt, self, args) => {
    const [keep] = args.bind('splitlines', ['keepends']);
    return new List(splitLines(self, keep !== undefined && truthy(keep)), rt.originOf(self));
  },
  removeprefix: (_rt, self, args) => {
    const prefix = text(args.plain('removeprefix', 1, 1)[0], 'removeprefix').text;
    return self.text.startsWith(prefix) ? self.slice(prefix.length) : self;
  },
  removesuffix: (_rt, self, args) => {
    const suffix = text(args.plain('removesuffix', 1, 1)[0], 'removesuffix').text;
    return self.text.endsWith(suffix) ? self.slice(0, self.text.length - suffix.length) : self;
  },
  replace: (rt, self, args) => {
    const [old, fresh, count] = args.plain('replace', 3, 2);
    const limit = count === undefined ? -1 : rt.count(count, 'replace');
    return replace(rt, self, text(old, 'replace'), text(fresh, 'replace'), limit);
  },
  join: (rt, self, args) => {
    const items = toArray(args.plain('join', 1, 1)[0]!);
    return join(
      rt,
      self,
      items.map((item, i) => (self.safe ? toStr(item) : text(item, `join: item ${i}`))),
    );
  },
  format: (rt, self, args, access) => braceFormat(rt, access, self, args),
  format_map: (rt, self, args, access) => {
    const [mapping] = args.plain('format_map', 1, 1);
    if (!(mapping instanceof Dict)) return fail('format_map: expected a mapping');
    const named = new Map<string, Value>();
    for (const [key, value] of mapping.map.values()) if (key instanceof Str) named.set(key.text, value);
    return braceFormat(rt, access, self, new Arguments([], named));
  },
};

/** The method `name` of str, or undefined. */
export function stringMethod(name: string): Method | undefined {
  if (Object.hasOwn(methods, name)) return methods[name];
  if (!Object.hasOwn(predicates, name)) return undefined;
  return (rt, self, args) => {
    args.plain(name, 0);
    rt.work(self.text.length);
    return predicates[name](self.text);
  };
}
