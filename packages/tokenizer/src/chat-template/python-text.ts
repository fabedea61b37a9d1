// str(), repr() and the digits of numbers as Python prints them. Punctuation of a printed container has the container's
// origin, each element its own.
import { computedOrigin, mapCodePoints, Str, StrBuilder } from './str.ts';
import { Dict, List, Num, PyObject, Tuple, Undefined, type Value } from './values.ts';

/** str(value) */
export function toStr(value: Value): Str {
  if (value instanceof Str) return value;
  if (value instanceof Undefined) return new Str('');
  return repr(value);
}

/** repr(value) */
export function repr(value: Value): Str {
  if (value instanceof Str && value.origin >= 0 && !value.safe)
    return new Str(quote(value.text), value.origin);
  if (value instanceof Num) return new Str(numberText(value), value.origin);
  if (value === null || typeof value === 'boolean') return new Str(constantText(value), computedOrigin);
  if (value instanceof PyObject) return value.repr();
  const out = new StrBuilder();
  write(out, value, computedOrigin, 0);
  return out.build();
}

const constantText = (value: null | boolean): string => (value === null ? 'None' : value ? 'True' : 'False');

function write(out: StrBuilder, value: Value, outer: number, depth: number): void {
  if (value === null || typeof value === 'boolean') out.addText(constantText(value), outer);
  else if (value instanceof Num) out.addText(numberText(value), value.origin);
  else if (value instanceof Str) {
    const mark = quoteMark(value.text);
    const edge = value.origin >= 0 ? value.origin : value.originAt(0);
    out.addText(value.safe ? `Markup(${mark}` : mark, edge);
    out.add(mapCodePoints(value, (character) => escapeCharacter(character, mark)));
    out.addText(value.safe ? `${mark})` : mark, edge);
  } else if (value instanceof List || value instanceof Tuple) {
    const isTuple = value instanceof Tuple;
    out.addText(isTuple ? '(' : '[', value.origin);
    value.items.forEach((item, i) => {
      if (i > 0) out.addText(', ', value.origin);
      write(out, item, value.origin, depth + 1);
    });
    out.addText(isTuple ? (value.items.length === 1 ? ',)' : ')') : ']', value.origin);
  } else if (value instanceof Dict) {
    out.addText('{', value.origin);
    let first = true;
    for (const [key, item] of value.map.values()) {
      if (!first) out.addText(', ', value.origin);
      first = false;
      write(out, key, value.origin, depth + 1);
      out.addText(': ', value.origin);
      write(out, item, value.origin, depth + 1);
    }
    out.addText('}', value.origin);
  } else if (value instanceof Undefined) out.addText('Undefined', outer);
  else out.add(value.repr());
}

const quoteMark = (text: string): string => (text.includes("'") && !text.includes('"') ? '"' : "'");

function quote(text: string): string {
  const mark = quoteMark(text);
  let out = mark;
  for (const character of text) out += escapeCharacter(character, mark);
  return out + mark;
}

/** ascii(value): the repr with everything but ASCII escaped. */
export function ascii(value: Value): Str {
  return mapCodePoints(repr(value), (character) => (character > '\x7f' ? escapeCode(character) : character));
}

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };
const unprintable = /[\p{C}\p{Z}]/u;

function escapeCharacter(character: string, mark: string): string {
  if (character === mark) return `\\${mark}`;
  const short = named[character];
  if (short !== undefined) return short;
  return character === ' ' || !unprintable.test(character) ? character : escapeCode(character);
}

function escapeCode(character: string): string {
  const code = character.codePointAt(0)!;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code <= 0xffff
    ? `\\u${code.toString(16).padStart(4, '0')}`
    : `\\U${code.toString(16).padStart(8, '0')}`;
}

/** The digits of an int or a float. */
export function numberText(number: Num): string {
  return number.isFloat ? floatText(Number(number.value)) : String(number.value);
}

/** repr(float): the shortest digits, with an exponent below 1e-4 and from 1e16. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [mantissa, exponentText] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 16)
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  const sign = mantissa.startsWith('-') ? '-' : '';
  const digits = mantissa.replace(/[-.]/g, '');
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`;
}
