// Python's format specification mini-language: [[fill]align][sign][#][0][width][grouping][.precision][type].
import { formatFloat } from './format-float.ts';
import { numeric, typeName } from './python-compare.ts';
import { floatText, toStr } from './python-text.ts';
import type { Runtime } from './runtime.ts';
import { codePointLength, Str, StrBuilder, unitIndex } from './str.ts';
import { fail } from './template-error.ts';
import { Num, type Value } from './values.ts';

const specification =
  /^(?:([\s\S])?([<>=^]))?([-+ ])?(#)?(0)?(\d+)?([_,])?(?:\.(\d+))?([bcdeEfFgGnosxX%])?$/u;

/** format(value, spec); the padding gets the origin of the format string. */
export function formatValue(rt: Runtime, value: Value, spec: string, origin: number): Str {
  const isNumber = value instanceof Num || (typeof value === 'boolean' && spec !== '');
  if (!isNumber && !(value instanceof Str)) {
    if (spec === '') return toStr(value);
    return fail(`unsupported format string passed to ${typeName(value)}.__format__`);
  }
  const found = specification.exec(spec);
  if (found === null) return fail(`Invalid format specifier '${spec}'`);
  const [, fill, align, sign, alternate, zero, widthText, grouping, precisionText, type] = found;
  const width = Number(widthText ?? 0);
  const precision = precisionText === undefined ? undefined : Number(precisionText);
  rt.checkLength(width + (precision ?? 0));
  let prefix = '';
  let body: Str;
  if (isNumber) {
    const number = numeric(value)!;
    const isFloat = value instanceof Num && value.isFloat;
    const [digits, base] =
      isFloat || /[eEfFgG%]/.test(type ?? '')
        ? [floatDigits(Number(number), type, precision, alternate !== undefined), '']
        : intDigits(number, type, precision, alternate !== undefined, sign, grouping);
    const negative = number < 0 || Object.is(number, -0);
    prefix = (negative ? '-' : sign === '+' || sign === ' ' ? sign : '') + base;
    body = new Str(grouping === undefined ? digits : group(digits, grouping, base), rt.originOf(value));
  } else {
    if ((type !== undefined && type !== 's') || sign !== undefined || alternate || grouping || align === '=')
      fail(`Unknown format code in '${spec}' for object of type 'str'`);
    body = value as Str;
    if (precision !== undefined) body = body.slice(0, unitIndex(body.text, precision));
  }
  const padding = Math.max(0, width - prefix.length - codePointLength(body.text));
  const where = align ?? (zero && isNumber ? '=' : isNumber ? '>' : '<');
  const pad = fill ?? (zero ? '0' : ' ');
  const left = where === '<' || where === '=' ? 0 : where === '>' ? padding : padding >> 1;
  const out = new StrBuilder();
  out.addText(pad.repeat(left), origin).addText(prefix, rt.originOf(value));
  if (where === '=') out.addText(pad.repeat(padding), origin);
  out.add(body);
  if (where === '<' || where === '^') out.addText(pad.repeat(padding - left), origin);
  return out.build();
}

function floatDigits(
  number: number,
  type: string | undefined,
  precision: number | undefined,
  alternate: boolean,
): string {
  if (type === undefined && precision === undefined) return floatText(Math.abs(number));
  if (type === undefined) {
    const text = formatFloat(number, 'g', precision!, alternate);
    return /[.en]/.test(text) ? text : `${text}.0`;
  }
  if (type === '%') return `${formatFloat(number * 100, 'f', precision ?? 6, alternate)}%`;
  const kind = (type === 'n' ? 'g' : type.toLowerCase()) as 'e' | 'f' | 'g';
  if (!/[efg]/.test(kind)) fail(`Unknown format code '${type}' for object of type 'float'`);
  const text = formatFloat(number, kind, precision ?? 6, alternate);
  return /[EFG]/.test(type) ? text.toUpperCase() : text;
}

function intDigits(
  number: number | bigint,
  type: string | undefined,
  precision: number | undefined,
  alternate: boolean,
  sign: string | undefined,
  grouping: string | undefined,
): [string, string] {
  if (precision !== undefined) fail('Precision not allowed in integer format specifier');
  if (type === 's') fail("Unknown format code 's' for object of type 'int'");
  if (type === 'c' && (sign || grouping || alternate))
    fail("Sign, alternate form and grouping are not allowed with integer format specifier 'c'");
  if (grouping === ',' && /[bcnoxX]/.test(type ?? '')) fail(`Cannot specify ',' with '${type}'.`);
  if (grouping === '_' && type === 'n') fail("Cannot specify '_' with 'n'.");
  if (type === 'c') return [String.fromCodePoint(Number(number)), ''];
  const base = type === 'b' ? 2 : type === 'o' ? 8 : type === 'x' || type === 'X' ? 16 : 10;
  const digits = (number < 0 ? -number : number).toString(base);
  const prefix = alternate && base !== 10 ? `0${type}` : '';
  return [type === 'X' ? digits.toUpperCase() : digits, prefix];
}

function group(digits: string, separator: string, base: string): string {
  const [, whole, rest] = /^([\da-fA-F]*)([\s\S]*)$/.exec(digits)!;
  const size = base === '' ? 3 : 4;
  return whole.replace(new RegExp(`\\B(?=(?:[\\da-fA-F]{${size}})+$)`, 'g'), separator) + rest;
}
