// The tests behind `is`: Jinja2's table.
import { numberOf, type TestFunction } from './filter.ts';
import { binary } from './python-arithmetic.ts';
import { contains, equals, keyOf, less, numeric, tryIterate } from './python-compare.ts';
import { toStr } from './python-text.ts';
import type { Runtime } from './runtime.ts';
import { Str } from './str.ts';
import { predicates } from './string-case.ts';
import { type Arguments, Dict, int, List, Num, PyObject, Tuple, Undefined, type Value } from './values.ts';

const plain =
  (name: string, test: (value: Value) => boolean): TestFunction =>
  (_rt, value, args) => {
    args.bind(name, []);
    return test(value);
  };

/** Refuses arguments; true. */
function only(args: Arguments, name: string): true {
  args.bind(name, []);
  return true;
}

const compare =
  (name: string, test: (a: Value, b: Value) => boolean): TestFunction =>
  (_rt, value, args) =>
    test(value, args.bind(name, ['other'], 1)[0]!);

function remainder(rt: Runtime, value: Value, by: Value): number | bigint {
  return numberOf(binary(rt, '%', value, by), 'a divisibility test').value;
}

function isSequence(value: Value): boolean {
  if (value instanceof Str || value instanceof List || value instanceof Tuple || value instanceof Dict)
    return true;
  return value instanceof Undefined || (value instanceof PyObject && value.typeName === 'range');
}

function same(a: Value, b: Value): boolean {
  if (a instanceof Num && b instanceof Num)
    return a === b || (!a.isFloat && !b.isFloat && a.value === b.value);
  if (a instanceof Str && b instanceof Str) return a.text === b.text;
  return a === b;
}

const equal = compare('eq', equals);
const notEqual = compare('ne', (a, b) => !equals(a, b));
const greater = compare('gt', (a, b) => less(b, a));
const atLeast = compare('ge', (a, b) => notLess(a, b));
const lower = compare('lt', less);
const atMost = compare('le', (a, b) => notLess(b, a));

// a >= b: not the negation of < for NaN
function notLess(a: Value, b: Value): boolean {
  const x = numeric(a);
  const y = numeric(b);
  return x !== undefined && y !== undefined ? x >= y : !less(a, b);
}

/** Whether it can be a name; what cannot be a key at all is an error. */
const isName = (value: Value): value is Str => keyOf(value) !== null && value instanceof Str;

export const tests: Readonly<Record<string, TestFunction>> = {
  odd: (rt, value, args) => only(args, 'odd') && Number(remainder(rt, value, int(2))) === 1,
  even: (rt, value, args) => only(args, 'even') && Number(remainder(rt, value, int(2))) === 0,
  divisibleby: (rt, value, args) =>
    Number(remainder(rt, value, args.bind('divisibleby', ['num'], 1)[0]!)) === 0,
  defined: plain('defined', (value) => !(value instanceof Undefined)),
  undefined: plain('undefined', (value) => value instanceof Undefined),
  filter: (_rt, value, args, table) =>
    only(args, 'filter') && isName(value) && table.filter(value.text) !== undefined,
  test: (_rt, value, args, table) =>
    only(args, 'test') && isName(value) && table.test(value.text) !== undefined,
  none: plain('none', (value) => value === null),
  boolean: plain('boolean', (value) => typeof value === 'boolean'),
  false: plain('false', (value) => value === false),
  true: plain('true', (value) => value === true),
  integer: plain('integer', (value) => value instanceof Num && !value.isFloat),
  float: plain('float', (value) => value instanceof Num && value.isFloat),
  lower: plain('lower', (value) => predicates.islower(toStr(value).text)),
  upper: plain('upper', (value) => predicates.isupper(toStr(value).text)),
  string: plain('string', (value) => value instanceof Str),
  mapping: plain('mapping', (value) => value instanceof Dict),
  number: plain('number', (value) => numeric(value) !== undefined),
  sequence: plain('sequence', isSequence),
  iterable: plain('iterable', (value) => tryIterate(value) !== undefined),
  callable: plain(
    'callable',
    (value) => value instanceof Undefined || (value instanceof PyObject && value.call !== undefined),
  ),
  sameas: compare('sameas', same),
  escaped: plain('escaped', (value) => value instanceof Str && value.safe),
  in: compare('in', (value, container) => contains(container, value)),
  '==': equal,
  eq: equal,
  equalto: equal,
  '!=': notEqual,
  ne: notEqual,
  '>': greater,
  gt: greater,
  greaterthan: greater,
  '>=': atLeast,
  ge: atLeast,
  '<': lower,
  lt: lower,
  lessthan: lower,
  '<=': atMost,
  le: atMost,
};
