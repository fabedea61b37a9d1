// Taking strings apart and putting them together: split, strip, partition, replace, join, pad. Every piece is a slice of
// its source, so it keeps its provenance.
import { escapeHtml } from './html-escape.ts';
import { whitespaceClass } from './lexer.ts';
import type { Runtime } from './runtime.ts';
import { characters, codePointLength, concatStr, Str, StrBuilder } from './str.ts';
import { fail } from './template-error.ts';

const leading = new RegExp(`^[${whitespaceClass}]+`);
const isSpace = new RegExp(`[${whitespaceClass}]`);

/** strip, lstrip and rstrip: `sides` 1 left, 2 right, 3 both; `set` undefined strips whitespace. */
export function strip(value: Str, sides: number, set?: Str): Str {
  const { text } = value;
  let start = 0;
  let end = text.length;
  if (set === undefined) {
    if (sides & 1) start = leading.exec(text)?.[0].length ?? 0;
    if (sides & 2) while (end > start && isSpace.test(text[end - 1])) end--;
  } else {
    const members = new Set(set.text);
    if (sides & 1)
      for (const character of text) {
        if (!members.has(character)) break;
        start += character.length;
      }
    while (sides & 2 && end > start) {
      const low = text.charCodeAt(end - 1);
      const size =
        low >= 0xdc00 && low < 0xe000 && end - 2 >= start && isHigh(text.charCodeAt(end - 2)) ? 2 : 1;
      if (!members.has(text.slice(end - size, end))) break;
      end -= size;
    }
  }
  return value.slice(start, end);
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00;

/** str.split: by whitespace runs, or by every `separator`; at most `limit` cuts when it is not negative. */
export function split(value: Str, separator: Str | undefined, limit: number): Str[] {
  const { text } = value;
  const out: Str[] = [];
  if (separator === undefined) {
    let position = 0;
    while (true) {
      while (position < text.length && isSpace.test(text[position])) position++;
      if (position >= text.length) return out;
      if (limit >= 0 && out.length === limit) {
        out.push(value.slice(position));
        return out;
      }
      let end = position;
      while (end < text.length && !isSpace.test(text[end])) end++;
      out.push(value.slice(position, end));
      position = end;
    }
  }
  if (separator.text === '') fail('empty separator');
  let position = 0;
  while (limit < 0 || out.length < limit) {
    const at = text.indexOf(separator.text, position);
    if (at < 0) break;
    out.push(value.slice(position, at));
    position = at + separator.text.length;
  }
  out.push(value.slice(position));
  return out;
}

/** str.rsplit: the same from the right. */
export function splitRight(value: Str, separator: Str | undefined, limit: number): Str[] {
  if (limit < 0) return split(value, separator, limit);
  const { text } = value;
  const out: Str[] = [];
  let end = text.length;
  if (separator === undefined) {
    while (true) {
      while (end > 0 && isSpace.test(text[end - 1])) end--;
      if (end === 0) return out.reverse();
      if (out.length === limit) {
        out.push(value.slice(0, end));
        return out.reverse();
      }
      let start = end;
      while (start > 0 && !isSpace.test(text[start - 1])) start--;
      out.push(value.slice(start, end));
      end = start;
    }
  }
  if (separator.text === '') fail('empty separator');
  while (out.length < limit && end >= separator.text.length) {
    const at = text.lastIndexOf(separator.text, end - separator.text.length);
    if (at < 0) break;
    out.push(value.slice(at + separator.text.length, end));
    end = at;
  }
  out.push(value.slice(0, end));
  return out.reverse();
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: Python's line boundaries
const lineEnd = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/g;

export function splitLines(value: Str, keepEnds = false): Str[] {
  const out: Str[] = [];
  let position = 0;
  for (const found of value.text.matchAll(lineEnd)) {
    const next = found.index + found[0].length;
    out.push(value.slice(position, keepEnds ? next : found.index));
    position = next;
  }
  if (position < value.text.length) out.push(value.slice(position));
  return out;
}

/** partition (`last` false) and rpartition. */
export function partition(value: Str, separator: Str, last: boolean): Str[] {
  if (separator.text === '') fail('empty separator');
  const at = last ? value.text.lastIndexOf(separator.text) : value.text.indexOf(separator.text);
  const none = new Str('').marked(value.safe);
  if (at < 0) return last ? [none, none, value] : [value, none, none];
  const end = at + separator.text.length;
  return [value.slice(0, at), value.slice(at, end), value.slice(end)];
}

/** str.replace: at most `limit` times when it is not negative. */
export function replace(rt: Runtime, value: Str, old: Str, fresh: Str, limit: number): Str {
  const put = value.safe ? escapeHtml(fresh) : fresh;
  const { text } = value;
  const out = new StrBuilder();
  let position = 0;
  let count = 0;
  if (old.text === '') {
    for (const character of characters(value)) {
      if (limit < 0 || count++ < limit) out.add(put);
      out.add(character);
      rt.checkLength(out.length);
    }
    if (limit < 0 || count < limit) out.add(put);
    return rt.made(out.build(value.safe));
  }
  while (limit < 0 || count++ < limit) {
    const at = text.indexOf(old.text, position);
    if (at < 0) break;
    out.add(value.slice(position, at)).add(put);
    rt.checkLength(out.length);
    position = at + old.text.length;
  }
  return rt.made(out.add(value.slice(position)).build(value.safe));
}

/** separator.join(items) */
export function join(rt: Runtime, separator: Str, items: readonly Str[]): Str {
  const out = new StrBuilder();
  items.forEach((item, i) => {
    if (i > 0) out.add(separator);
    out.add(separator.safe ? escapeHtml(item) : item);
    rt.checkLength(out.length);
  });
  return rt.made(out.build(separator.safe));
}

/** ljust, rjust, center: `left` and `right` are the shares of the padding. */
export function pad(
  rt: Runtime,
  value: Str,
  width: number,
  side: 'left' | 'right' | 'center',
  fill: Str,
): Str {
  const missing = Math.max(0, width - codePointLength(value.text));
  rt.checkLength(value.text.length + missing * fill.text.length);
  if (missing === 0) return value;
  // CPython's center puts the odd one left when both the padding and the width are odd
  const left = side === 'right' ? missing : side === 'left' ? 0 : (missing >> 1) + (missing & width & 1);
  const origin = fill.originAt(0);
  const out = new StrBuilder();
  out
    .addText(fill.text.repeat(left), origin)
    .add(value)
    .addText(fill.text.repeat(missing - left), origin);
  return out.build(value.safe);
}

export function zeroFill(rt: Runtime, value: Str, width: number): Str {
  const missing = Math.max(0, width - codePointLength(value.text));
  rt.checkLength(value.text.length + missing);
  const sign = /^[-+]/.test(value.text) ? 1 : 0;
  const zeros = new Str('0'.repeat(missing));
  return concatStr([value.slice(0, sign), zeros, value.slice(sign)], value.safe);
}

export function expandTabs(rt: Runtime, value: Str, size: number): Str {
  const out = new StrBuilder();
  let column = 0;
  for (const character of characters(value)) {
    if (character.text === '\t') {
      const count = size > 0 ? size - (column % size) : 0;
      out.addText(' '.repeat(count), character.origin);
      column += count;
    } else {
      column = character.text === '\n' || character.text === '\r' ? 0 : column + 1;
      out.add(character);
    }
    rt.checkLength(out.length);
  }
  return out.build(value.safe);
}
