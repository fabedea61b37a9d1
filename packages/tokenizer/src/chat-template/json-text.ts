// json.dumps as transformers' `tojson` calls it (ensure_ascii=False by default, `indent`, `separators`, `sort_keys`).
// Text keeps its own provenance, escapes included; punctuation, numbers and words get the container's.
import { less, typeName } from './python-compare.ts';
import { numberText } from './python-text.ts';
import type { Runtime } from './runtime.ts';
import { mapCodePoints, Str, StrBuilder } from './str.ts';
import { fail } from './template-error.ts';
import { Dict, List, Num, Tuple, type Value } from './values.ts';

export interface JsonLayout {
  readonly ensureAscii: boolean;
  /** One level of indentation; undefined writes everything on one line. */
  readonly indent: string | undefined;
  readonly itemSeparator: string;
  readonly keySeparator: string;
  readonly sortKeys: boolean;
}

export function jsonText(rt: Runtime, value: Value, layout: JsonLayout): Str {
  const out = new StrBuilder();
  write(rt, out, value, layout, rt.originOf(value), 0);
  return rt.made(out.build());
}

function write(
  rt: Runtime,
  out: StrBuilder,
  value: Value,
  layout: JsonLayout,
  outer: number,
  depth: number,
): void {
  rt.checkLength(out.length);
  if (depth > 1000) fail('tojson: expected at most 1000 levels of nesting');
  if (value === null || typeof value === 'boolean') out.addText(String(value), outer);
  else if (value instanceof Str) writeText(out, value, layout, outer);
  else if (value instanceof Num) out.addText(jsonNumber(value), rt.stricter(value.origin, outer));
  else if (value instanceof List || value instanceof Tuple) {
    if (value.items.length === 0) return void out.addText('[]', value.origin);
    out.addText('[', value.origin);
    value.items.forEach((item, i) => {
      if (i > 0) out.addText(layout.itemSeparator, value.origin);
      newline(out, layout, depth + 1, value.origin);
      write(rt, out, item, layout, value.origin, depth + 1);
    });
    newline(out, layout, depth, value.origin);
    out.addText(']', value.origin);
  } else if (value instanceof Dict) writeDict(rt, out, value, layout, depth);
  else fail(`Object of type ${typeName(value)} is not JSON serializable`);
}

function writeDict(rt: Runtime, out: StrBuilder, dict: Dict, layout: JsonLayout, depth: number): void {
  if (dict.map.size === 0) return void out.addText('{}', dict.origin);
  const entries = [...dict.map.values()];
  if (layout.sortKeys) entries.sort(([a], [b]) => (less(a, b) ? -1 : less(b, a) ? 1 : 0));
  out.addText('{', dict.origin);
  let first = true;
  for (const [key, item] of entries) {
    if (!first) out.addText(layout.itemSeparator, dict.origin);
    first = false;
    newline(out, layout, depth + 1, dict.origin);
    if (key instanceof Str) writeText(out, key, layout, dict.origin);
    else if (key === null || typeof key === 'boolean') out.addText(`"${key}"`, dict.origin);
    else if (key instanceof Num) out.addText(`"${jsonNumber(key)}"`, rt.stricter(key.origin, dict.origin));
    else fail(`keys must be str, int, float, bool or None, not ${typeName(key)}`);
    out.addText(layout.keySeparator, dict.origin);
    write(rt, out, item, layout, dict.origin, depth + 1);
  }
  newline(out, layout, depth, dict.origin);
  out.addText('}', dict.origin);
}

function newline(out: StrBuilder, layout: JsonLayout, depth: number, origin: number): void {
  if (layout.indent !== undefined) out.addText(`\n${layout.indent.repeat(depth)}`, origin);
}

const jsonNumber = (number: Num): string =>
  numberText(number).replace('inf', 'Infinity').replace('nan', 'NaN');

const short: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\f': '\\f',
  '\b': '\\b',
};
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON escapes the control characters
const special = /["\\\x00-\x1f]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON escapes the control characters
const specialAscii = /["\\\x00-\x1f\x7f-\uffff]/;

function writeText(out: StrBuilder, value: Str, layout: JsonLayout, outer: number): void {
  out.addText('"', outer);
  const needed = layout.ensureAscii ? specialAscii : special;
  out.add(
    needed.test(value.text) ? mapCodePoints(value, (c) => escapeCharacter(c, layout.ensureAscii)) : value,
  );
  out.addText('"', outer);
}

function escapeCharacter(character: string, ensureAscii: boolean): string {
  const known = short[character];
  if (known !== undefined) return known;
  if (character >= ' ' && !(ensureAscii && character > '~')) return character;
  let out = '';
  for (let i = 0; i < character.length; i++)
    out += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
  return out;
}

/** The layout of `indent`, `separators` and `sort_keys` as json.dumps reads them. */
export function jsonLayout(
  indent: string | undefined,
  separators: readonly [string, string] | undefined,
  ensureAscii: boolean,
  sortKeys: boolean,
): JsonLayout {
  return {
    ensureAscii,
    indent,
    itemSeparator: separators?.[0] ?? (indent === undefined ? ', ' : ','),
    keySeparator: separators?.[1] ?? ': ',
    sortKeys,
  };
}
