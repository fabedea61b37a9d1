// `'{0.name!r:>8}'.format(...)`: Python's format strings with the sandbox's attribute look-ups.
import { formatValue } from './format-specification.ts';
import { escapeHtml } from './html-escape.ts';
import { ascii, repr, toStr } from './python-text.ts';
import type { Runtime } from './runtime.ts';
import { Str, StrBuilder } from './str.ts';
import { fail } from './template-error.ts';
import { type Arguments, int, type Value } from './values.ts';

/** How a field's `.name` and `[key]` are looked up: the environment's getattr and getitem. */
export interface FieldAccess {
  attribute(object: Value, name: string): Value;
  item(object: Value, key: Value): Value;
}

const conversions: Readonly<Record<string, (value: Value) => Str>> = { s: toStr, r: repr, a: ascii };

export function braceFormat(rt: Runtime, access: FieldAccess, format: Str, args: Arguments): Str {
  let automatic = 0;
  let manual = false;

  const field = (name: string): Value => {
    const first = /^[^.[]*/.exec(name)![0];
    let value: Value | undefined;
    if (name === '' || /^\d+$/.test(first)) {
      // A number with a path behind it counts for neither, as in Python's string.Formatter
      if (name === '' ? manual : name === first && automatic > 0)
        fail('cannot mix automatic and manual field numbering');
      if (name !== '' && name === first) manual = true;
      value = args.positional[name === '' ? automatic++ : Number(first)];
      if (value === undefined) return fail('Replacement index out of range for positional args tuple');
    } else {
      value = args.named.get(first);
      if (value === undefined) return fail(`format: no argument named '${first}'`);
    }
    const path = name.slice(first.length);
    const part = /\.([^.[]+)|\[([^\]]+)\]/y;
    while (part.lastIndex < path.length) {
      const found = part.exec(path);
      if (found === null) return fail(`format: malformed field '${name}'`);
      if (found[1] !== undefined) value = access.attribute(value, found[1]);
      else value = access.item(value, /^\d+$/.test(found[2]) ? int(Number(found[2])) : new Str(found[2]));
    }
    return value;
  };

  const expand = (text: Str, depth: number): Str => {
    if (depth < 0) fail('Max string recursion exceeded');
    const out = new StrBuilder();
    const source = text.text;
    let position = 0;
    while (position < source.length) {
      const brace = source.slice(position).search(/[{}]/);
      if (brace < 0) {
        out.add(text.slice(position));
        break;
      }
      const at = position + brace;
      out.add(text.slice(position, at));
      if (source[at + 1] === source[at]) {
        out.add(text.slice(at, at + 1));
        position = at + 2;
        continue;
      }
      if (source[at] === '}') fail("Single '}' encountered in format string");
      const end = closing(source, at);
      const colon = fieldEnd(source, at + 1, end);
      const [name, conversion] = source.slice(at + 1, colon).split('!');
      if (conversion !== undefined && !/^[rsa]$/.test(conversion))
        fail(`Unknown conversion specifier '${conversion}'`);
      let value = field(name);
      if (conversion !== undefined) value = conversions[conversion](value);
      const spec = colon < end ? expand(text.slice(colon + 1, end), depth - 1).text : '';
      let shown = formatValue(rt, value, spec, text.originAt(at));
      if (format.safe) shown = escapeHtml(shown);
      out.add(shown);
      rt.checkLength(out.length);
      position = end + 1;
    }
    return out.build(format.safe);
  };

  return rt.made(expand(format, 2));
}

/** Index of the brace that closes the one at `open`. */
function closing(source: string, open: number): number {
  let depth = 0;
  for (let i = open; i < source.length; i++) {
    if (source[i] === '{') depth++;
    else if (source[i] === '}' && --depth === 0) return i;
  }
  return fail("expected '}' before end of string");
}

/** Index of the colon of a field (outside of brackets), or its end. */
function fieldEnd(source: string, from: number, end: number): number {
  let inBrackets = false;
  for (let i = from; i < end; i++) {
    if (source[i] === '[') inBrackets = true;
    else if (source[i] === ']') inBrackets = false;
    else if (source[i] === ':' && !inBrackets) return i;
  }
  return end;
}
