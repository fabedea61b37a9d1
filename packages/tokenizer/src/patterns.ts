// Patterns over text: a fixed string, a predicate on characters, a regular expression. Each returns stretches that cover the whole text.
import type { Pattern, PatternMatch } from './aligned-text.ts';

/** Matches each character that satisfies the predicate, one match a character. */
export function characterPattern(test: (codePoint: number) => boolean): Pattern {
  return (text) => {
    const matches: PatternMatch[] = [];
    let last = 0;
    for (let i = 0; i < text.length; ) {
      const codePoint = text.codePointAt(i)!;
      const next = i + (codePoint > 0xffff ? 2 : 1);
      if (test(codePoint)) {
        if (last < i) matches.push({ start: last, end: i, matched: false });
        matches.push({ start: i, end: next, matched: true });
        last = next;
      }
      i = next;
    }
    if (last < text.length) matches.push({ start: last, end: text.length, matched: false });
    return matches;
  };
}

/** Matches a sticky-free, global regular expression; an empty match right after another match is passed over, and nothing matches in an empty text. */
export function regexPattern(regex: RegExp): Pattern {
  return (text) => {
    const matches: PatternMatch[] = [];
    if (text === '') return matches;
    let last = 0;
    let lastEnd = -1;
    regex.lastIndex = 0;
    for (let found = regex.exec(text); found !== null; found = regex.exec(text)) {
      const start = found.index;
      const end = start + found[0].length;
      if (start === end) regex.lastIndex = end + ((text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1);
      if (start !== end || lastEnd !== end) {
        if (last !== start) matches.push({ start: last, end: start, matched: false });
        matches.push({ start, end, matched: true });
        last = end;
        lastEnd = end;
      }
      if (regex.lastIndex > text.length) break;
    }
    if (last < text.length) matches.push({ start: last, end: text.length, matched: false });
    return matches;
  };
}

/** Matches a fixed string; the empty string matches between any two characters. */
export function stringPattern(needle: string): Pattern {
  if (needle === '') return regexPattern(/(?:)/gu);
  return (text) => {
    const matches: PatternMatch[] = [];
    let last = 0;
    for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, last)) {
      if (last < at) matches.push({ start: last, end: at, matched: false });
      last = at + needle.length;
      matches.push({ start: at, end: last, matched: true });
    }
    if (last < text.length) matches.push({ start: last, end: text.length, matched: false });
    return matches;
  };
}

/** The same stretches with matched and passed over exchanged. */
export const invertPattern =
  (pattern: Pattern): Pattern =>
  (text) =>
    pattern(text).map(({ start, end, matched }) => ({ start, end, matched: !matched }));
