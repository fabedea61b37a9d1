// The filters on numbers: abs, int, float, round, sum, filesizeformat.
import { attributeGetter, type FilterFunction, numberOf } from './filter.ts';
import { formatFloat, scaled } from './format-float.ts';
import { binary } from './python-arithmetic.ts';
import { toArray, truthy, typeName } from './python-compare.ts';
import type { Runtime } from './runtime.ts';
import { Str } from './str.ts';
import { strip } from './string-pieces.ts';
import { fail } from './template-error.ts';
import { float, int, Num, Undefined, type Value } from './values.ts';

/** int(text, base) of Python; undefined is a ValueError. */
function parseInteger(text: string, base: number): bigint | undefined {
  const found = /^([-+]?)(0[bBoOxX])?_?([\da-zA-Z]+(?:_[\da-zA-Z]+)*)$/.exec(text);
  if (found === null) return undefined;
  const prefixBase = { b: 2, o: 8, x: 16 }[found[2]?.[1].toLowerCase() ?? ''];
  let digits = found[3].replaceAll('_', '').toLowerCase();
  let radix = base;
  if (prefixBase !== undefined) {
    if (base !== 0 && base !== prefixBase) {
      if (base === 10 || base < 12) return undefined;
      digits = found[2].toLowerCase() + digits;
    } else radix = prefixBase;
  } else if (base === 0) {
    radix = 10;
    if (/^0\d*[1-9]/.test(digits)) return undefined;
  }
  if (digits.length > 4300) return undefined;
  let value = 0n;
  for (const digit of digits) {
    const worth = Number.parseInt(digit, 36);
    if (!(worth < radix)) return undefined;
    value = value * BigInt(radix) + BigInt(worth);
  }
  return found[1] === '-' ? -value : value;
}

/** float(text) of Python; undefined is a ValueError. */
function parseFloating(text: string): number | undefined {
  if (/^[-+]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:[eE][-+]?\d+(?:_\d+)*)?$/.test(text))
    return Number(text.replaceAll('_', ''));
  const word = /^([-+]?)(inf|infinity|nan)$/i.exec(text);
  if (word === null) return undefined;
  if (word[2].toLowerCase() === 'nan') return Number.NaN;
  return word[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

// Python reads the decimal digits of every script
const plainDigits = (text: string): string =>
  text.replace(/\p{Nd}/gu, (digit) => (digit <= '9' ? digit : String(digitValue(digit))));

function digitValue(digit: string): number {
  let code = digit.codePointAt(0)!;
  let value = 0;
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - 1))) {
    code--;
    value++;
  }
  return value;
}

function toInt(rt: Runtime, value: Value, otherwise: Value, base: number): Value {
  const origin = rt.originOf(value);
  let number: number | undefined;
  if (value instanceof Str) {
    const text = plainDigits(strip(value, 3).text);
    const whole = parseInteger(text, base);
    if (whole !== undefined) return int(whole, origin);
    number = parseFloating(text);
  } else if (typeof value === 'boolean') return int(value ? 1 : 0);
  else if (value instanceof Num) {
    if (!value.isFloat) return value;
    number = Number(value.value);
    if (number === Infinity || number === -Infinity) fail('cannot convert float infinity to integer');
  } else if (value instanceof Undefined) return value.fail();
  if (number === undefined || !Number.isFinite(number)) return otherwise;
  return int(BigInt(Math.trunc(number)), origin);
}

function round(value: Value, precision: number, method: string): Value {
  const number = numberOf(value, 'round');
  if (!['common', 'ceil', 'floor'].includes(method)) fail('round: method must be common, ceil or floor');
  const x = Number(number.value);
  if (method !== 'common') {
    const scale = 10 ** precision;
    const whole = method === 'ceil' ? Math.ceil(x * scale) : Math.floor(x * scale);
    if (!Number.isFinite(whole)) fail('cannot convert float infinity or NaN to integer');
    return float((whole + 0) / scale, number.origin); // an integer has no -0
  }
  if (!number.isFloat) {
    if (precision >= 0) return number;
    const unit = 10n ** BigInt(Math.min(-precision, 400));
    const whole = BigInt(number.value);
    const rest = ((whole % unit) + unit) % unit;
    const low = whole - rest;
    const up = rest * 2n > unit || (rest * 2n === unit && (low / unit) % 2n !== 0n);
    return int(up ? low + unit : low, number.origin);
  }
  if (!Number.isFinite(x) || precision > 400) return number;
  const digits = scaled(x, Math.max(precision, -400)).toString();
  return float(
    Number(`${x < 0 || Object.is(x, -0) ? '-' : ''}${digits}e${-Math.max(precision, -400)}`),
    number.origin,
  );
}

/** The filters that make numbers, or text of them. */
export const numberFilters: Readonly<Record<string, FilterFunction>> = {
  abs: (_rt, value, args) => {
    args.bind('abs', []);
    if (value instanceof Undefined) value.fail();
    const number = numberOf(value, 'abs');
    if (number.isFloat) return float(Math.abs(Number(number.value)), number.origin);
    return int(number.value < 0 ? -number.value : number.value, number.origin);
  },
  int: (rt, value, args) => {
    const [otherwise, base] = args.bind('int', ['default', 'base']);
    return toInt(
      rt,
      value,
      otherwise === undefined ? int(0) : otherwise,
      base === undefined ? 10 : rt.index(base, 'int'),
    );
  },
  float: (rt, value, args) => {
    const [otherwise] = args.bind('float', ['default']);
    if (value instanceof Undefined) value.fail();
    const number =
      value instanceof Str
        ? parseFloating(plainDigits(strip(value, 3).text))
        : typeof value === 'boolean'
          ? Number(value)
          : value instanceof Num
            ? Number(value.value)
            : undefined;
    return number === undefined
      ? otherwise === undefined
        ? float(0)
        : otherwise
      : float(number, rt.originOf(value));
  },
  round: (rt, value, args) => {
    const [precision, method] = args.bind('round', ['precision', 'method']);
    if (value instanceof Undefined) value.fail();
    const name = method === undefined ? 'common' : method instanceof Str ? method.text : typeName(method);
    return round(value, precision === undefined ? 0 : rt.index(precision, 'round'), name);
  },
  sum: (rt, value, args) => {
    const [attribute, start] = args.bind('sum', ['attribute', 'start']);
    const get = attributeGetter(rt, attribute);
    let total: Value = start === undefined ? int(0) : start;
    if (total instanceof Str) fail("sum() can't sum strings");
    for (const item of toArray(value)) total = binary(rt, '+', total, get(item));
    return total;
  },
  filesizeformat: (_rt, value, args) => {
    const [binaryUnits] = args.bind('filesizeformat', ['binary']);
    const isBinary = binaryUnits !== undefined && truthy(binaryUnits);
    const bytes =
      value instanceof Str
        ? (parseFloating(strip(value, 3).text) ?? fail('filesizeformat: expected a number'))
        : Number(numberOf(value, 'filesizeformat').value);
    if (!Number.isFinite(bytes)) fail('filesizeformat: expected a finite number');
    const base = isBinary ? 1024 : 1000;
    if (bytes === 1) return new Str('1 Byte');
    if (bytes < base) return new Str(`${BigInt(Math.trunc(bytes))} Bytes`);
    const units = [...(isBinary ? 'KMGTPEZY' : 'kMGTPEZY')].map((unit) => unit + (isBinary ? 'iB' : 'B'));
    let step = 0;
    while (step < units.length - 1 && bytes >= base ** (step + 2)) step++;
    return new Str(`${formatFloat((base * bytes) / base ** (step + 2), 'f', 1)} ${units[step]}`);
  },
};
