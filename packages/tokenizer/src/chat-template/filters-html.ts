// Markup: `safe`, `escape` and the few HTML filters that are plain text work.
import { bare, type FilterFunction, textOf } from './filter.ts';
import { escapeHtml } from './html-escape.ts';
import { unpack } from './objects.ts';
import { toArray, truthy, tryIterate } from './python-compare.ts';
import { repr, toStr } from './python-text.ts';
import { concatStr, mapCodePoints, Str } from './str.ts';
import { split } from './string-pieces.ts';
import { fail } from './template-error.ts';
import { Dict, Undefined, type Value } from './values.ts';

const refused =
  (name: string): FilterFunction =>
  () =>
    fail(`the filter ${name} is not part of the chat template dialect`);

const unreserved = /[\w.~-]/;
const encoder = new TextEncoder();

/** Percent-encoding of the UTF-8 bytes; `slash` leaves `/`, a query writes a space as `+`. */
function quote(value: Value, query: boolean): Str {
  return mapCodePoints(toStr(value), (character) => {
    if (unreserved.test(character) || (!query && character === '/')) return character;
    if (query && character === ' ') return '+';
    return Array.from(
      encoder.encode(character),
      (b) => `%${b.toString(16).toUpperCase().padStart(2, '0')}`,
    ).join('');
  }).marked(false);
}

const word: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  '#39': "'",
  '#34': '"',
  nbsp: '\xa0',
};

function stripTags(value: Value): Str {
  let text = toStr(value).marked(false);
  for (const [open, close] of [
    ['<!--', '-->'],
    ['<', '>'],
  ]) {
    const kept: Str[] = [];
    let position = 0;
    while (true) {
      const start = text.text.indexOf(open, position);
      const end = start < 0 ? -1 : text.text.indexOf(close, start);
      if (end < 0) break;
      kept.push(text.slice(position, start));
      position = end + close.length;
    }
    text = concatStr([...kept, text.slice(position)]);
  }
  const words = split(text, undefined, -1).flatMap((piece, i) => (i > 0 ? [new Str(' '), piece] : [piece]));
  const joined = concatStr(words);
  const out: Str[] = [];
  let position = 0;
  for (const found of joined.text.matchAll(/&(amp|lt|gt|quot|#39|#34|nbsp);/g)) {
    out.push(joined.slice(position, found.index), new Str(word[found[1]], joined.originAt(found.index)));
    position = found.index + found[0].length;
  }
  return concatStr([...out, joined.slice(position)]);
}

/** safe, escape and their kin; the filters that chance or a browser would decide are refused by name. */
export const htmlFilters: Readonly<Record<string, FilterFunction>> = {
  safe: bare('safe', (_rt, value) => toStr(value).marked(true)),
  escape: bare('escape', (_rt, value) => escapeHtml(toStr(value))),
  e: bare('e', (_rt, value) => escapeHtml(toStr(value))),
  forceescape: bare('forceescape', (_rt, value) => escapeHtml(toStr(value).marked(false))),
  striptags: bare('striptags', (_rt, value) => stripTags(value)),
  urlencode: (_rt, value, args) => {
    args.bind('urlencode', []);
    const iterable = !(value instanceof Str) && tryIterate(value) !== undefined;
    if (!iterable) return quote(value, false);
    const pairs =
      value instanceof Dict ? [...value.map.values()] : toArray(value).map((item) => unpack(item, 2));
    const parts = pairs.flatMap(([key, item], i) => [
      ...(i > 0 ? [new Str('&')] : []),
      quote(key, true),
      new Str('='),
      quote(item, true),
    ]);
    return concatStr(parts);
  },
  xmlattr: (_rt, value, args) => {
    const [space] = args.bind('xmlattr', ['autospace']);
    if (!(value instanceof Dict)) return fail('xmlattr: expected a mapping');
    const parts: Str[] = [];
    for (const [key, item] of value.map.values()) {
      if (item === null || item instanceof Undefined) continue;
      const name = textOf(key, 'xmlattr');
      if (/[\s/>=]/.test(name.text)) fail(`Invalid character in attribute name: ${repr(name).text}`);
      const lead = parts.length > 0 || space === undefined || truthy(space) ? ' ' : '';
      parts.push(new Str(lead), escapeHtml(name), new Str('="'), escapeHtml(toStr(item)), new Str('"'));
    }
    return concatStr(parts);
  },
  random: refused('random'),
  urlize: refused('urlize'),
  pprint: refused('pprint'),
};
