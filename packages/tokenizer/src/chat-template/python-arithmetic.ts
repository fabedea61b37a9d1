// The operators of Python on template values: exact ints of any size (bounded), floats, text, lists.
import { escapeHtml } from './html-escape.ts';
import type { BinaryOperator } from './nodes.ts';
import { percentFormat } from './percent-format.ts';
import { numeric, typeName } from './python-compare.ts';
import type { Runtime } from './runtime.ts';
import { concatStr, Str } from './str.ts';
import { fail } from './template-error.ts';
import { float, int, List, Num, Tuple, Undefined, type Value } from './values.ts';

/** Bits of an int; more is refused. */
const maxBits = 1 << 16;

export function binary(rt: Runtime, operator: BinaryOperator, a: Value, b: Value): Value {
  if (a instanceof Undefined) a.fail();
  if (operator === '%' && a instanceof Str) return percentFormat(rt, a, b);
  if (b instanceof Undefined) b.fail();
  const x = numeric(a);
  const y = numeric(b);
  if (x !== undefined && y !== undefined) {
    const origin = rt.stricter(a instanceof Num ? a.origin : 0, b instanceof Num ? b.origin : 0);
    const isFloat = (a instanceof Num && a.isFloat) || (b instanceof Num && b.isFloat);
    return arithmetic(operator, x, y, isFloat, origin);
  }
  if (operator === '+') {
    if (a instanceof Str && b instanceof Str) return addText(rt, a, b);
    const same = (a instanceof List && b instanceof List) || (a instanceof Tuple && b instanceof Tuple);
    if (same) {
      rt.work((a.items.length + b.items.length) * 2);
      const origin = rt.stricter(a.origin, b.origin);
      const items = [...a.items, ...b.items];
      return a instanceof List ? new List(items, origin) : new Tuple(items, origin);
    }
  }
  if (operator === '*') {
    if (y !== undefined && !(b instanceof Num && b.isFloat)) return repeat(rt, a, y);
    if (x !== undefined && !(a instanceof Num && a.isFloat)) return repeat(rt, b, x);
  }
  return fail(`unsupported operand type(s) for ${operator}: '${typeName(a)}' and '${typeName(b)}'`);
}

/** Text plus text; when one side is Markup, the other is escaped first. */
export function addText(rt: Runtime, a: Str, b: Str): Str {
  rt.checkLength(a.text.length + b.text.length);
  if (!a.safe && !b.safe) return concatStr([a, b]);
  return concatStr([a.safe ? a : escapeHtml(a), b.safe ? b : escapeHtml(b)], true);
}

/** sys.maxsize */
const maxCount = 2n ** 63n - 1n;

function repeat(rt: Runtime, value: Value, count: number | bigint): Value {
  if (count > maxCount) fail('cannot fit the count into an index-sized integer');
  const times = Math.max(0, Number(count));
  if (value instanceof Str) {
    rt.checkLength(value.text.length * times);
    rt.work(value.text.length * times);
    if (value.origin >= 0) return new Str(value.text.repeat(times), value.origin).marked(value.safe);
    return concatStr(new Array<Str>(times).fill(value), value.safe);
  }
  if (value instanceof List || value instanceof Tuple) {
    rt.checkLength(value.items.length * times);
    rt.work(value.items.length * times * 8);
    const items = new Array<readonly Value[]>(times).fill(value.items).flat();
    return value instanceof List ? new List(items, value.origin) : new Tuple(items, value.origin);
  }
  return fail(`can't multiply sequence by non-int of type '${typeName(value)}'`);
}

function arithmetic(
  operator: BinaryOperator,
  x: number | bigint,
  y: number | bigint,
  isFloat: boolean,
  origin: number,
): Num {
  if (isFloat || operator === '/') return float(floatArithmetic(operator, Number(x), Number(y)), origin);
  if (operator === '**') return power(x, y, origin);
  if ((operator === '//' || operator === '%') && Number(y) === 0) fail('division by zero');
  if (typeof x === 'number' && typeof y === 'number') {
    const result = intArithmetic(operator, x, y);
    if (Number.isSafeInteger(result)) return int(result, origin);
  }
  const big = bigArithmetic(operator, BigInt(x), BigInt(y));
  if (big !== 0n && bitLength(big) > maxBits) fail(`expected ints of at most ${maxBits} bits`);
  return int(big, origin);
}

const bitLength = (value: bigint): number => value.toString(16).length * 4;

function intArithmetic(operator: BinaryOperator, x: number, y: number): number {
  switch (operator) {
    case '+':
      return x + y;
    case '-':
      return x - y;
    case '*':
      return x * y;
    case '//':
      return Math.floor(x / y) + 0;
    default: {
      const rest = x % y;
      return (rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest) + 0;
    }
  }
}

function bigArithmetic(operator: BinaryOperator, x: bigint, y: bigint): bigint {
  switch (operator) {
    case '+':
      return x + y;
    case '-':
      return x - y;
    case '*':
      return x * y;
    default: {
      const rest = x % y;
      const wraps = rest !== 0n && rest < 0n !== y < 0n;
      if (operator === '%') return wraps ? rest + y : rest;
      return wraps ? x / y - 1n : x / y;
    }
  }
}

function floatArithmetic(operator: BinaryOperator, x: number, y: number): number {
  if (y === 0 && (operator === '/' || operator === '//' || operator === '%')) fail('division by zero');
  switch (operator) {
    case '+':
      return x + y;
    case '-':
      return x - y;
    case '*':
      return x * y;
    case '/':
      return x / y;
    case '//': {
      const rest = x % y;
      const quotient = (x - rest) / y - (rest !== 0 && rest < 0 !== y < 0 ? 1 : 0);
      if (quotient === 0) return x / y < 0 || Object.is(x / y, -0) ? -0 : 0;
      return Math.round(quotient);
    }
    case '%': {
      const rest = x % y;
      if (rest === 0) return y < 0 ? -0 : 0;
      return rest < 0 !== y < 0 ? rest + y : rest;
    }
    case '**':
      if (x === 0 && y < 0) fail('0.0 cannot be raised to a negative power');
      if (x < 0 && !Number.isInteger(y)) fail('a negative number to a fractional power is complex');
      return x ** y;
  }
}

function power(x: number | bigint, y: number | bigint, origin: number): Num {
  if (y < 0) return float(floatArithmetic('**', Number(x), Number(y)), origin);
  if (Number(y) * bitLength(BigInt(x)) > maxBits) fail(`expected ints of at most ${maxBits} bits`);
  return int(BigInt(x) ** BigInt(y), origin);
}

export function unary(operator: '-' | '+', value: Value): Value {
  if (value instanceof Undefined) value.fail();
  const number = numeric(value);
  if (number === undefined) return fail(`bad operand type for unary ${operator}: '${typeName(value)}'`);
  const isFloat = value instanceof Num && value.isFloat;
  const origin = value instanceof Num ? value.origin : 0;
  if (operator === '+') return isFloat ? value : int(number, origin);
  return isFloat
    ? float(-Number(number), origin)
    : int(typeof number === 'number' ? 0 - number : -number, origin);
}
