// `format % values`: Python's printf-style formatting. Directives take their values' provenance, the rest is the format's.
import { formatFloat } from './format-float.ts';
import { escapeHtml } from './html-escape.ts';
import { Range } from './objects.ts';
import { keyOf, numeric, typeName } from './python-compare.ts';
import { ascii, repr, toStr } from './python-text.ts';
import type { Runtime } from './runtime.ts';
import { characters, codePointLength, Str, StrBuilder, unitIndex } from './str.ts';
import { fail } from './template-error.ts';
import { Dict, List, Num, Tuple, Undefined, type Value } from './values.ts';

const directive = /%(?:\(([^)]*)\))?([-#0 +]*)(\*|\d+)?(?:\.(\*|\d*))?[hlL]?([\s\S])?/g;

export function percentFormat(rt: Runtime, format: Str, values: Value): Str {
  const positional = values instanceof Tuple ? values.items : [values];
  const out = new StrBuilder();
  let used = 0;
  let named = false;
  let last = 0;
  const next = (): Value => {
    if (used >= positional.length) fail('not enough arguments for format string');
    return positional[used++];
  };
  const count = (text: string): number => (text === '*' ? rt.index(next(), '%*') : Number(text));
  for (const found of format.text.matchAll(directive)) {
    const [whole, name, flagText, widthText, precisionText, type] = found;
    const at = found.index;
    out.add(format.slice(last, at));
    last = at + whole.length;
    if (type === undefined) fail('incomplete format');
    if (whole === '%%') {
      out.addText('%', format.originAt(at));
      continue;
    }
    let flags = flagText;
    let width = widthText === undefined ? 0 : count(widthText);
    if (width < 0) {
      flags += '-';
      width = -width;
    }
    const precision = precisionText === undefined ? undefined : count(precisionText || '0');
    rt.checkLength(width + (precision ?? 0));
    let value: Value;
    if (name === undefined) value = next();
    else {
      if (!(values instanceof Dict)) return fail('format requires a mapping');
      named = true;
      const entry = values.map.get(keyOf(new Str(name)));
      value = entry !== undefined ? entry[1] : fail(`no key '${name}' to format`);
    }
    const [prefix, body] = convert(value, type, flags, precision, format.safe);
    const padding = ' '.repeat(Math.max(0, width - prefix.length - codePointLength(body.text)));
    const origin = format.originAt(at);
    const zeros = flags.includes('0') && !flags.includes('-') && /[diouxXeEfFgG]/.test(type);
    if (!flags.includes('-') && !zeros) out.addText(padding, origin);
    out.addText(prefix, rt.originOf(value));
    if (zeros) out.addText('0'.repeat(padding.length), origin);
    out.add(body);
    if (flags.includes('-')) out.addText(padding, origin);
    rt.checkLength(out.length);
  }
  out.add(format.slice(last));
  const isMapping =
    values instanceof Dict ||
    values instanceof List ||
    values instanceof Undefined ||
    values instanceof Range;
  if (!named && used < positional.length && !isMapping)
    fail('not all arguments converted during string formatting');
  return rt.made(out.build(format.safe));
}

/** The sign or base prefix, and the rest. */
function convert(
  value: Value,
  type: string,
  flags: string,
  precision: number | undefined,
  escaping: boolean,
): [string, Str] {
  if (type === 's' || type === 'r' || type === 'a') {
    let text = type === 's' ? toStr(value) : type === 'r' ? repr(value) : ascii(value);
    if (escaping) text = escapeHtml(text);
    return ['', precision === undefined ? text : text.slice(0, unitIndex(text.text, precision))];
  }
  if (type === 'c') {
    if (value instanceof Str && characters(value).length === 1) return ['', value];
    const code =
      typeof value === 'boolean'
        ? Number(value)
        : value instanceof Num && !value.isFloat
          ? Number(value.value)
          : -1;
    if (code < 0 || code > 0x10ffff) fail('%c requires an int in range(0x110000) or a character');
    return ['', new Str(String.fromCodePoint(code), value instanceof Num ? value.origin : undefined)];
  }
  if (!/[diouxXeEfFgG]/.test(type)) fail(`unsupported format character '${type}'`);
  if (value instanceof Undefined) value.fail();
  const number = numeric(value);
  if (number === undefined) return fail(`%${type} format: a number is required, not ${typeName(value)}`);
  const origin = value instanceof Num ? value.origin : 0;
  const negative = number < 0 || Object.is(number, -0);
  const sign = negative ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  if (/[eEfFgG]/.test(type)) {
    const kind = type.toLowerCase() as 'e' | 'f' | 'g';
    const text = formatFloat(Number(number), kind, precision ?? 6, flags.includes('#'));
    return [sign, new Str(type === kind ? text : text.toUpperCase(), origin)];
  }
  const isFloat = value instanceof Num && value.isFloat;
  if (isFloat && /[oxX]/.test(type)) fail(`%${type} format: an integer is required, not float`);
  if (isFloat && !Number.isFinite(Number(number))) fail('cannot convert float infinity or NaN to integer');
  const whole = isFloat ? BigInt(Math.trunc(Number(number))) : BigInt(number);
  const base = type === 'o' ? 8 : type === 'x' || type === 'X' ? 16 : 10;
  let digits = (whole < 0n ? -whole : whole).toString(base);
  if (precision !== undefined) digits = digits.padStart(precision, '0');
  const prefix = flags.includes('#') && base !== 10 ? (base === 8 ? '0o' : '0x') : '';
  const text = type === 'X' ? digits.toUpperCase() : digits;
  const intSign = whole < 0n ? '-' : negative ? sign.replace('-', '') : sign;
  return [intSign + (type === 'X' ? prefix.toUpperCase() : prefix), new Str(text, origin)];
}
