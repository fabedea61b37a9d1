// The filters on text: Jinja2's, and `tojson` as transformers replaces it.
import { bare, type FilterFunction, softStr, textOf } from './filter.ts';
import { jsonLayout, jsonText } from './json-text.ts';
import { whitespaceClass } from './lexer.ts';
import { percentFormat } from './percent-format.ts';
import { addText } from './python-arithmetic.ts';
import { dictOf, sizeOf, toArray, truthy, typeName } from './python-compare.ts';
import { toStr } from './python-text.ts';
import type { Runtime } from './runtime.ts';
import { codePointLength, concatStr, Str, unitIndex } from './str.ts';
import { capitalize, lower, upper } from './string-case.ts';
import { join, pad, replace, splitLines, splitRight, strip } from './string-pieces.ts';
import { fail } from './template-error.ts';
import { int, Tuple, type Value } from './values.ts';
import { wordWrap } from './word-wrap.ts';

const isTrue = (value: Value | undefined): boolean => value !== undefined && truthy(value);

const wordStart = new RegExp(`[-${whitespaceClass}({[<]+|[^-${whitespaceClass}({[<]+`, 'g');

/** Jinja's own title: raises the first letter after spaces and opening brackets. */
function titleWords(value: Str): Str {
  const pieces: Str[] = [];
  for (const found of value.text.matchAll(wordStart)) {
    const piece = value.slice(found.index, found.index + found[0].length);
    const first = piece.slice(0, String.fromCodePoint(piece.text.codePointAt(0)!).length);
    pieces.push(upper(first), lower(piece.slice(first.text.length)));
  }
  return concatStr(pieces);
}

function indent(rt: Runtime, value: Value, width: Value | undefined, first: boolean, blank: boolean): Value {
  const text = textOf(value, 'indent');
  const by = width instanceof Str ? width : new Str(' '.repeat(spaces(rt, width)));
  // The last line end that Jinja appends makes splitlines keep an empty last line
  const lines = splitLines(concatStr([text, new Str('\n')]));
  rt.checkLength(text.text.length + lines.length * (by.text.length + 1));
  const newline = new Str('\n');
  const pieces: Str[] = [];
  lines.forEach((line, i) => {
    if (i > 0) pieces.push(newline);
    if (i === 0 ? first : blank || line.text !== '') pieces.push(by);
    pieces.push(line);
  });
  return rt.made(concatStr(pieces, text.safe));
}

function spaces(rt: Runtime, width: Value | undefined): number {
  const count = width === undefined ? 4 : Math.max(0, rt.index(width, 'indent'));
  rt.checkLength(count);
  return count;
}

function truncate(rt: Runtime, value: Value, args: (Value | undefined)[]): Value {
  const size = value instanceof Str ? codePointLength(value.text) : sizeOf(value);
  if (size === undefined) return fail(`object of type '${typeName(value)}' has no len()`);
  const [lengthValue, kill, endValue, leewayValue] = args;
  const end = endValue === undefined ? new Str('...') : textOf(endValue, 'truncate');
  const length = lengthValue === undefined ? 255 : rt.index(lengthValue, 'truncate');
  const leeway = leewayValue === undefined || leewayValue === null ? 5 : rt.index(leewayValue, 'truncate');
  const endLength = codePointLength(end.text);
  if (length < endLength) fail(`truncate: expected length >= ${endLength}, got ${length}`);
  if (leeway < 0) fail(`truncate: expected leeway >= 0, got ${leeway}`);
  if (size <= length + leeway) return value;
  const text = textOf(value, 'truncate');
  const cut = text.slice(0, unitIndex(text.text, length - endLength));
  return addText(rt, isTrue(kill) ? cut : splitRight(cut, new Str(' '), 1)[0], end);
}

function tojson(rt: Runtime, value: Value, args: (Value | undefined)[]): Value {
  const [ensureAscii, indentValue, separators, sortKeys] = args;
  let pair: readonly [string, string] | undefined;
  if (separators !== undefined && separators !== null) {
    const [item, key] = toArray(separators).map((one) => textOf(one, 'tojson separators').text);
    if (key === undefined) fail('tojson: expected separators to be a pair');
    pair = [item, key];
  }
  let by: string | undefined;
  if (indentValue instanceof Str) by = indentValue.text;
  else if (indentValue !== undefined && indentValue !== null) by = ' '.repeat(spaces(rt, indentValue));
  return jsonText(rt, value, jsonLayout(by, pair, isTrue(ensureAscii), isTrue(sortKeys)));
}

/** The filters whose value is text or becomes text. */
export const textFilters: Readonly<Record<string, FilterFunction>> = {
  upper: bare('upper', (rt, value) => rt.made(upper(softStr(value)))),
  lower: bare('lower', (rt, value) => rt.made(lower(softStr(value)))),
  capitalize: bare('capitalize', (rt, value) => rt.made(capitalize(softStr(value)))),
  title: bare('title', (rt, value) => rt.made(titleWords(softStr(value)))),
  trim: (_rt, value, args) => {
    const [chars] = args.bind('trim', ['chars']);
    return strip(
      softStr(value),
      3,
      chars === undefined || chars === null ? undefined : textOf(chars, 'trim'),
    );
  },
  string: bare('string', (_rt, value) => softStr(value)),
  center: (rt, value, args) => {
    const [width] = args.bind('center', ['width']);
    return pad(
      rt,
      softStr(value),
      width === undefined ? 80 : rt.index(width, 'center'),
      'center',
      new Str(' '),
    );
  },
  replace: (rt, value, args) => {
    const [old, fresh, count] = args.bind('replace', ['old', 'new', 'count'], 2);
    const limit = count === undefined || count === null ? -1 : rt.count(count, 'replace');
    return replace(rt, toStr(value).marked(false), toStr(old!), toStr(fresh!), limit);
  },
  format: (rt, value, args) => {
    if (args.positional.length > 0 && args.named.size > 0)
      fail("format: can't handle positional and keyword arguments at the same time");
    const named = dictOf(Array.from(args.named, ([name, item]) => [new Str(name), item]));
    return percentFormat(rt, softStr(value), args.named.size > 0 ? named : new Tuple(args.positional));
  },
  indent: (rt, value, args) => {
    const [width, first, blank] = args.bind('indent', ['width', 'first', 'blank']);
    return indent(rt, value, width, isTrue(first), isTrue(blank));
  },
  truncate: (rt, value, args) =>
    truncate(rt, value, args.bind('truncate', ['length', 'killwords', 'end', 'leeway'])),
  wordwrap: (rt, value, args) => {
    const names = ['width', 'break_long_words', 'wrapstring', 'break_on_hyphens'];
    const [width, breakLong, wrap, breakHyphens] = args.bind('wordwrap', names);
    const lines = splitLines(textOf(value, 'wordwrap')).map((line) => {
      const pieces = wordWrap(
        rt,
        line,
        width === undefined ? 79 : rt.index(width, 'wordwrap'),
        breakLong === undefined || truthy(breakLong),
        breakHyphens === undefined || truthy(breakHyphens),
      );
      return pieces;
    });
    const newline = wrap === undefined || wrap === null ? new Str('\n') : textOf(wrap, 'wordwrap');
    return join(
      rt,
      newline,
      lines.map((pieces) => join(rt, newline, pieces)),
    );
  },
  wordcount: (rt, value, args) => {
    args.bind('wordcount', []);
    const text = softStr(value);
    return int(text.text.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0, rt.originOf(text));
  },
  tojson: (rt, value, args) =>
    tojson(rt, value, args.bind('tojson', ['ensure_ascii', 'indent', 'separators', 'sort_keys'])),
};
