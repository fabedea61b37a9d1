// Regular expressions to automata over characters. ECMA-262 syntax with the `u` flag's meaning (as JSON Schema asks):
// classes, groups, quantifiers, anchors anywhere, \p{...}. What is not regular or looks around is refused by name.
import { buildDfa, type CharDfa, type Edge } from './char-dfa.ts';
import { anyChar, type CharRanges, negateRanges, normalizeRanges, rangesWhere } from './char-ranges.ts';
import { UnsupportedConstraintError } from './errors.ts';

export type RegexNode =
  | { readonly kind: 'chars'; readonly ranges: CharRanges }
  | { readonly kind: 'sequence' | 'choice'; readonly items: readonly RegexNode[] }
  | { readonly kind: 'repeat'; readonly item: RegexNode; readonly min: number; readonly max: number }
  | { readonly kind: 'start' | 'end' };

const digits: CharRanges = [0x30, 0x39];
const word: CharRanges = [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a];
const space: CharRanges = normalizeRanges([
  9, 13, 32, 32, 0xa0, 0xa0, 0x1680, 0x1680, 0x2000, 0x200a, 0x2028, 0x2029, 0x202f, 0x202f, 0x205f, 0x205f,
  0x3000, 0x3000, 0xfeff, 0xfeff,
]);
const notNewline: CharRanges = negateRanges([10, 10, 13, 13, 0x2028, 0x2029]);
const properties = new Map<string, CharRanges>();

/** Parses a pattern. */
export function parseRegex(pattern: string): RegexNode {
  const text = [...pattern];
  let at = 0;
  const fail = (what: string): never => {
    throw new SyntaxError(`pattern: ${what} at ${at} of ${JSON.stringify(pattern)}`);
  };
  const refuse = (what: string): never => {
    throw new UnsupportedConstraintError(`pattern: ${what}`, `offset ${at}`);
  };
  const choice = (): RegexNode => {
    const items = [sequence()];
    while (text[at] === '|') {
      at++;
      items.push(sequence());
    }
    return items.length === 1 ? items[0] : { kind: 'choice', items };
  };
  const sequence = (): RegexNode => {
    const items: RegexNode[] = [];
    while (at < text.length && text[at] !== '|' && text[at] !== ')') items.push(quantified());
    return items.length === 1 ? items[0] : { kind: 'sequence', items };
  };
  const quantified = (): RegexNode => {
    const item = atom();
    const range = quantifier();
    if (range === undefined) return item;
    if (text[at] === '?')
      at++; // lazy: the same language
    else if (text[at] === '+') refuse('possessive quantifier');
    if (quantifier() !== undefined) fail('nothing to repeat');
    return { kind: 'repeat', item, min: range[0], max: range[1] };
  };
  const quantifier = (): readonly [min: number, max: number] | undefined => {
    const c = text[at];
    if (c === '*' || c === '+' || c === '?') {
      at++;
      return [c === '+' ? 1 : 0, c === '?' ? 1 : Infinity];
    }
    const match = c === '{' ? /^\{(\d+)(,(\d*))?\}/.exec(text.slice(at, at + 24).join('')) : null;
    if (match === null) return undefined; // a brace that is no quantifier stands for itself
    const min = Number(match[1]);
    const max = match[2] === undefined ? min : match[3] === '' ? Infinity : Number(match[3]);
    if (max < min) fail('quantifier out of order');
    at += match[0].length;
    return [min, max];
  };
  const atom = (): RegexNode => {
    const c = text[at++];
    switch (c) {
      case '(': {
        if (text[at] === '?') {
          if (text[at + 1] === ':') at += 2;
          else if (text[at + 1] === '<' && text[at + 2] !== '=' && text[at + 2] !== '!') {
            while (at < text.length && text[at] !== '>') at++;
            at++;
          } else
            refuse(
              text[at + 1] === '=' || text[at + 1] === '!'
                ? 'lookahead'
                : text[at + 1] === '<'
                  ? 'lookbehind'
                  : 'group',
            );
        }
        const inner = choice();
        if (text[at++] !== ')') fail('missing )');
        return inner;
      }
      case '[':
        return { kind: 'chars', ranges: charClass() };
      case '.':
        return { kind: 'chars', ranges: notNewline };
      case '^':
        return { kind: 'start' };
      case '$':
        return { kind: 'end' };
      case '\\':
        return { kind: 'chars', ranges: escaped(false) };
      case '*':
      case '+':
      case '?':
        return fail('nothing to repeat');
      default: {
        const code = c.codePointAt(0) as number;
        return { kind: 'chars', ranges: [code, code] };
      }
    }
  };
  const hex = (count: number): number => {
    const part = text.slice(at, at + count).join('');
    if (!new RegExp(`^[0-9a-fA-F]{${count}}$`).test(part)) fail('bad escape');
    at += count;
    return Number.parseInt(part, 16);
  };
  const escaped = (inClass: boolean): CharRanges => {
    const c = text[at++];
    const one = (code: number): CharRanges => [code, code];
    switch (c) {
      case undefined:
        return fail('trailing \\');
      case 'd':
        return digits;
      case 'D':
        return negateRanges(digits);
      case 'w':
        return word;
      case 'W':
        return negateRanges(word);
      case 's':
        return space;
      case 'S':
        return negateRanges(space);
      case 'n':
        return one(10);
      case 'r':
        return one(13);
      case 't':
        return one(9);
      case 'v':
        return one(11);
      case 'f':
        return one(12);
      case 'b':
        return inClass ? one(8) : refuse('\\b');
      case 'B':
        return inClass ? one(0x42) : refuse('\\B');
      case 'c':
        return one((text[at++].codePointAt(0) as number) % 32);
      case 'x':
        return one(hex(2));
      case 'u': {
        if (text[at] === '{') {
          const end = text.indexOf('}', at);
          const code = Number.parseInt(text.slice(at + 1, end).join(''), 16);
          if (end < 0 || !(code <= 0x10ffff)) fail('bad escape');
          at = end + 1;
          return one(code);
        }
        const high = hex(4);
        if (high >= 0xd800 && high < 0xdc00 && text[at] === '\\' && text[at + 1] === 'u') {
          at += 2;
          return one(0x10000 + ((high - 0xd800) << 10) + (hex(4) - 0xdc00));
        }
        return one(high);
      }
      case 'p':
      case 'P': {
        if (text[at] !== '{') return refuse('\\p without braces');
        const end = text.indexOf('}', at);
        const name = text.slice(at + 1, end).join('');
        at = end + 1;
        let ranges = properties.get(name);
        if (ranges === undefined) {
          let test: RegExp;
          try {
            test = new RegExp(`\\p{${name}}`, 'u');
          } catch {
            return refuse(`\\p{${name}}`);
          }
          ranges = rangesWhere((char) => test.test(char));
          properties.set(name, ranges);
        }
        return c === 'p' ? ranges : negateRanges(ranges);
      }
      default:
        if (/[1-9]/.test(c) && !inClass) return refuse('back reference');
        if (c === '0') return /[0-9]/.test(text[at] ?? '') ? refuse('octal escape') : one(0);
        if (c === 'k' && !inClass) return refuse('back reference');
        // Letters that mean something in other dialects (\A, \Z, \h, ...) are refused; the rest stands for itself.
        if (/[A-Za-z]/.test(c)) return refuse(`\\${c}`);
        return one(c.codePointAt(0) as number);
    }
  };
  const charClass = (): CharRanges => {
    const negated = text[at] === '^';
    if (negated) at++;
    const ranges: number[] = [];
    while (text[at] !== ']') {
      if (at >= text.length) fail('missing ]');
      if (text[at] === '[' && text[at + 1] === ':') refuse('POSIX class');
      const single = (): CharRanges => {
        const c = text[at++];
        if (c === '\\') return escaped(true);
        const code = c.codePointAt(0) as number;
        return [code, code];
      };
      const low = single();
      if (text[at] === '-' && text[at + 1] !== ']' && at + 1 < text.length) {
        if (low.length === 2 && low[0] === low[1]) {
          const before = at;
          at++;
          const high = single();
          if (high.length === 2 && high[0] === high[1]) {
            if (high[0] < low[0]) fail('range out of order');
            ranges.push(low[0], high[0]);
            continue;
          }
          at = before;
        }
        ranges.push(0x2d, 0x2d);
        at++;
      }
      ranges.push(...low);
    }
    at++;
    const merged = normalizeRanges(ranges);
    return negated ? negateRanges(merged) : merged;
  };
  const root = choice();
  if (at < text.length) fail('unmatched )');
  return root;
}

interface Nfa {
  readonly chars: { readonly ranges: CharRanges; readonly to: number }[][];
  readonly free: { readonly to: number; readonly when: '' | 'start' | 'end' }[][];
}

const mostNodes = 40_000;

/** The automaton of a parsed expression: of whole texts, or with `search` of texts that contain a match. */
export function regexDfa(root: RegexNode, options: { readonly search?: boolean } = {}): CharDfa {
  const nfa: Nfa = { chars: [], free: [] };
  const node = (): number => {
    if (nfa.chars.length >= mostNodes)
      throw new UnsupportedConstraintError('pattern', '', 'too many repetitions');
    nfa.free.push([]);
    return nfa.chars.push([]) - 1;
  };
  const link = (from: number, to: number, when: '' | 'start' | 'end' = ''): void => {
    nfa.free[from].push({ to, when });
  };
  // Returns the end node of `item` begun at `from`.
  const build = (item: RegexNode, from: number): number => {
    switch (item.kind) {
      case 'chars': {
        const to = node();
        nfa.chars[from].push({ ranges: item.ranges, to });
        return to;
      }
      case 'sequence':
        return item.items.reduce((at, part) => build(part, at), from);
      case 'choice': {
        const to = node();
        for (const part of item.items) {
          const begin = node();
          link(from, begin);
          link(build(part, begin), to);
        }
        return to;
      }
      case 'repeat': {
        let at = from;
        for (let i = 0; i < item.min; i++) at = build(item.item, at);
        if (item.max === Infinity) {
          const loop = node();
          link(at, loop);
          link(build(item.item, loop), loop);
          const to = node();
          link(loop, to);
          return to;
        }
        const to = node();
        link(at, to);
        for (let i = item.min; i < item.max; i++) {
          const begin = node();
          link(at, begin);
          at = build(item.item, begin);
          link(at, to);
        }
        return to;
      }
      default: {
        const to = node();
        link(from, to, item.kind);
        return to;
      }
    }
  };
  let start = node();
  let final: number;
  if (options.search) {
    nfa.chars[start].push({ ranges: anyChar, to: start });
    const begin = node();
    link(start, begin);
    final = node();
    link(build(root, begin), final);
    nfa.chars[final].push({ ranges: anyChar, to: final });
  } else final = build(root, start);
  start = 0;
  const close = (seeds: readonly number[], atStart: boolean, atEnd: boolean): number[] => {
    const seen = new Set(seeds);
    const queue = [...seeds];
    for (let n = queue.pop(); n !== undefined; n = queue.pop())
      for (const { to, when } of nfa.free[n]) {
        if (seen.has(to) || (when === 'start' && !atStart) || (when === 'end' && !atEnd)) continue;
        seen.add(to);
        queue.push(to);
      }
    return [...seen].sort((a, b) => a - b);
  };
  interface Subset {
    readonly nodes: readonly number[];
    readonly first: boolean;
  }
  return buildDfa<Subset>(
    { nodes: close([0], true, false), first: true },
    (s) => `${s.first ? '^' : ''}${s.nodes.join(',')}`,
    (s) => {
      const cuts = new Set<number>();
      const arcs = s.nodes.flatMap((n) => nfa.chars[n]);
      for (const { ranges } of arcs)
        for (let i = 0; i < ranges.length; i += 2) {
          cuts.add(ranges[i]);
          cuts.add(ranges[i + 1] + 1);
        }
      const sorted = [...cuts].sort((a, b) => a - b);
      const edges: Edge<Subset>[] = [];
      // Sweep: the targets active over each elementary range.
      const opens = new Map<number, number[]>();
      const closes = new Map<number, number[]>();
      arcs.forEach(({ ranges }, a) => {
        for (let i = 0; i < ranges.length; i += 2) {
          (opens.get(ranges[i]) ?? opens.set(ranges[i], []).get(ranges[i]))?.push(a);
          (closes.get(ranges[i + 1] + 1) ?? closes.set(ranges[i + 1] + 1, []).get(ranges[i + 1] + 1))?.push(
            a,
          );
        }
      });
      const active = new Set<number>();
      for (let i = 0; i + 1 < sorted.length; i++) {
        for (const a of closes.get(sorted[i]) ?? []) active.delete(a);
        for (const a of opens.get(sorted[i]) ?? []) active.add(a);
        if (active.size === 0) continue;
        const nodes = close([...new Set([...active].map((a) => arcs[a].to))], false, false);
        edges.push({ lo: sorted[i], hi: sorted[i + 1] - 1, to: { nodes, first: false } });
      }
      return edges;
    },
    (s) => close(s.nodes, s.first, true).includes(final),
  );
}

const searched = new Map<string, CharDfa>();

/** The automaton of the texts in which the pattern is found, as JSON Schema's `pattern` means it. */
export function patternDfa(pattern: string): CharDfa {
  let dfa = searched.get(pattern);
  if (dfa === undefined) {
    if (searched.size > 200) searched.clear();
    dfa = regexDfa(parseRegex(pattern), { search: true });
    searched.set(pattern, dfa);
  }
  return dfa;
}
