// Upper, lower, title and swapped case, and the `is...` questions, by Unicode properties as Python answers them.
import { concatStr, mapCodePoints, Str, StrBuilder } from './str.ts';

/** Full case mapping, with context (final sigma) where the lengths allow to keep track of every character. */
function mapCase(value: Str, whole: string, one: (character: string) => string): Str {
  if (value.origin >= 0) return new Str(whole, value.origin).marked(value.safe);
  let length = 0;
  for (const character of value.text) length += one(character).length;
  if (length !== whole.length) return mapCodePoints(value, one);
  const out = new StrBuilder();
  let from = 0;
  let index = 0;
  for (const character of value.text) {
    const to = from + one(character).length;
    out.addText(whole.slice(from, to), value.originAt(index));
    from = to;
    index += character.length;
  }
  return out.build(value.safe);
}

export function upper(value: Str): Str {
  return mapCase(value, value.text.toUpperCase(), (c) => c.toUpperCase());
}

export function lower(value: Str): Str {
  return mapCase(value, value.text.toLowerCase(), (c) => c.toLowerCase());
}

/** str.casefold(): full case folding, which is upper and then lower case but for these. */
export function foldCase(value: Str): Str {
  return mapCodePoints(value, (c) => {
    if (/\p{Script=Cherokee}/u.test(c)) return c.toUpperCase();
    if (c === '\u0131') return c;
    if (c === '\u1e9e') return 'ss';
    return Array.from(c.toUpperCase(), (each) => each.toLowerCase()).join('');
  });
}

const digraphs: ReadonlyMap<string, string> = new Map(
  ['ǄǅǆDŽ', 'ǇǈǉLJ', 'ǊǋǌNJ', 'ǱǲǳDZ'].flatMap((four) =>
    [...four].slice(0, 3).map((c) => [c, [...four][1]] as const),
  ),
);

function titleCharacter(character: string): string {
  const digraph = digraphs.get(character);
  if (digraph !== undefined) return digraph;
  const raised = [...character.toUpperCase()];
  return raised.length === 1 ? raised[0] : raised[0] + raised.slice(1).join('').toLowerCase();
}

const cased = /[\p{Lowercase}\p{Uppercase}\p{Lt}]/u;

/** The lower case of every character, in its place: a final sigma depends on its neighbours. */
function lowered(text: string): string[] {
  const each = [...text].map((character) => character.toLowerCase());
  if (!text.includes('Σ')) return each;
  const whole = text.toLowerCase();
  let at = 0;
  return each.map((one) => {
    at += one.length;
    return whole.slice(at - one.length, at);
  });
}

/** str.title(): a cased character after an uncased one is raised, every other lowered. */
export function title(value: Str): Str {
  let after = false;
  let place = 0;
  const low = lowered(value.text);
  return mapCodePoints(value, (character) => {
    const mapped = after ? low[place] : titleCharacter(character);
    place++;
    after = cased.test(character);
    return mapped;
  });
}

export function capitalize(value: Str): Str {
  if (value.text === '') return value;
  const first = String.fromCodePoint(value.text.codePointAt(0)!);
  const rest = lower(value.slice(first.length));
  return concatStr([new Str(titleCharacter(first), value.originAt(0)), rest], value.safe);
}

const upperCase = /\p{Uppercase}/u;
const lowerCase = /\p{Lowercase}/u;

export function swapCase(value: Str): Str {
  const low = lowered(value.text);
  let place = 0;
  return mapCodePoints(value, (c) => {
    const down = low[place++];
    return upperCase.test(c) ? down : lowerCase.test(c) ? c.toUpperCase() : c;
  });
}

const digit =
  /[\p{Nd}\u{b2}-\u{b3}\u{b9}\u{1369}-\u{1371}\u{19da}\u{2070}\u{2074}-\u{2079}\u{2080}-\u{2089}\u{2460}-\u{2468}\u{2474}-\u{247c}\u{2488}-\u{2490}\u{24ea}\u{24f5}-\u{24fd}\u{24ff}\u{2776}-\u{277e}\u{2780}-\u{2788}\u{278a}-\u{2792}\u{10a40}-\u{10a43}\u{10e60}-\u{10e68}\u{11052}-\u{1105a}\u{1f100}-\u{1f10a}]/u;
const numericCharacter =
  /[\p{N}\u{3405}\u{3483}\u{382a}\u{3b4d}\u{4e00}\u{4e03}\u{4e07}\u{4e09}\u{4e5d}\u{4e8c}\u{4e94}\u{4e96}\u{4ebf}-\u{4ec0}\u{4edf}\u{4ee8}\u{4f0d}\u{4f70}\u{5104}\u{5146}\u{5169}\u{516b}\u{516d}\u{5341}\u{5343}-\u{5345}\u{534c}\u{53c1}-\u{53c4}\u{56db}\u{58f1}\u{58f9}\u{5e7a}\u{5efe}-\u{5eff}\u{5f0c}-\u{5f0e}\u{5f10}\u{62fe}\u{634c}\u{67d2}\u{6f06}\u{7396}\u{767e}\u{8086}\u{842c}\u{8cae}\u{8cb3}\u{8d30}\u{9621}\u{9646}\u{964c}\u{9678}\u{96f6}\u{f96b}\u{f973}\u{f978}\u{f9b2}\u{f9d1}\u{f9d3}\u{f9fd}\u{20001}\u{20064}\u{200e2}\u{20121}\u{2092a}\u{20983}\u{2098c}\u{2099c}\u{20aea}\u{20afd}\u{20b19}\u{22390}\u{22998}\u{23b1b}\u{2626d}\u{2f890}]/u;
const every =
  (pattern: RegExp) =>
  (text: string): boolean =>
    text !== '' && [...text].every((c) => pattern.test(c));

/** The predicates of str without arguments. */
export const predicates: Readonly<Record<string, (text: string) => boolean>> = {
  isalpha: every(/\p{L}/u),
  isdecimal: every(/\p{Nd}/u),
  isdigit: every(digit),
  isnumeric: every(numericCharacter),
  isalnum: (text) => text !== '' && [...text].every((c) => /\p{L}/u.test(c) || numericCharacter.test(c)),
  // biome-ignore lint/suspicious/noControlCharactersInRegex: Python's whitespace
  isspace: every(/[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/),
  isascii: (text) => [...text].every((c) => c <= '\x7f'),
  isprintable: (text) => [...text].every((c) => c === ' ' || !/[\p{C}\p{Z}]/u.test(c)),
  isidentifier: (text) => /^[\p{ID_Start}_]\p{ID_Continue}*$/u.test(text),
  islower: (text) => lowerCase.test(text) && !/[\p{Uppercase}\p{Lt}]/u.test(text),
  isupper: (text) => upperCase.test(text) && !/[\p{Lowercase}\p{Lt}]/u.test(text),
  istitle,
};

function istitle(text: string): boolean {
  let after = false;
  let any = false;
  for (const character of text) {
    if (/[\p{Uppercase}\p{Lt}]/u.test(character)) {
      if (after) return false;
      after = any = true;
    } else if (lowerCase.test(character)) {
      if (!after) return false;
      any = true;
    } else after = false;
  }
  return any;
}
