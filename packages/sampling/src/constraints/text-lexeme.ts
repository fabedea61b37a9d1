// Character automata as byte automata: the UTF-8 form of a text, and its form as a JSON string with all escapes.
import { boundedAutomaton, type CharAutomaton } from './char-automaton.ts';
import { allStrings } from './char-dfa.ts';
import { maxChar } from './char-ranges.ts';
import { Lexeme, type LexemeSource } from './lexeme.ts';

interface Place {
  readonly mode: 'open' | 'in' | 'utf8' | 'tail' | 'escape' | 'hex' | 'low' | 'lowU' | 'lowHex' | 'closed';
  /** State of the character automaton; in a tail, the one behind the character. */
  readonly q: number;
  /** The bits of the character so far; from `low` on, the high surrogate. */
  readonly value: number;
  /** How many bytes or digits are still to come. */
  readonly left: number;
  /** The least value that may be written in so many bytes; in `lowHex`, the low surrogate's bits so far. */
  readonly least: number;
}

/** The UTF-8 bytes of the automaton's texts. */
export function utf8Lexeme(chars: CharAutomaton): Lexeme {
  return lazy(chars, false).lexeme;
}

/**
 * The automaton's texts as JSON strings, quotes included; with `opened`, the opening quote is already read. `named`: the
 * characters are told, at the cost of more states.
 */
export function jsonStringLexeme(chars: CharAutomaton, { opened = false, named = false } = {}): Lexeme {
  return lazy(chars, true, opened, named).lexeme;
}

const shortEscapes = new Map<number, number>([
  [0x22, 0x22],
  [0x5c, 0x5c],
  [0x2f, 0x2f],
  [0x62, 8],
  [0x66, 12],
  [0x6e, 10],
  [0x72, 13],
  [0x74, 9],
]);

interface Made {
  readonly lexeme: Lexeme;
  /** The state of this place. */
  placed(place: Place): number;
}

function lazy(chars: CharAutomaton, json: boolean, opened = false, named = false): Made {
  const places: Place[] = [];
  // By a number for the modes that are many, else by a text.
  const ids = new Map<string | number, number>();
  const idOf = (place: Place): number => {
    const { mode, q, value, left, least } = place;
    let key: string | number;
    if (mode === 'in') key = -1 - q;
    else if (mode === 'tail') key = -1.5 - (q * 4 + left);
    else if (mode === 'utf8') key = (q * 2 ** 21 + value) * 4 + left;
    else key = `${mode}${q},${value},${left},${least}`;
    let id = ids.get(key);
    if (id === undefined) {
      id = places.length;
      ids.set(key, id);
      places.push(place);
    }
    return id;
  };
  idOf(json && !opened ? { ...inside(chars.start), mode: 'open' } : inside(chars.start));

  const expand = (id: number): Int32Array => {
    const place = places[id];
    const row = new Int32Array(256).fill(-1);
    const { mode, q, value, left } = place;
    const complete = (byte: number, char: number): void => {
      const next = chars.step(q, char);
      if (next >= 0) row[byte] = idOf(inside(next));
    };
    /** Goes on within a character, if one that may come begins so. */
    const begin = (byte: number, next: Place): void => {
      if (charactersOf(next).some(([lo, hi]) => chars.some(q, lo, hi))) row[byte] = idOf(next);
    };
    switch (mode) {
      case 'open':
        row[0x22] = idOf(inside(q));
        break;
      case 'in':
        fillInside(row, q);
        break;
      case 'utf8':
        for (let b = 0x80; b < 0xc0; b++) {
          const more = (value << 6) | (b & 0x3f);
          if (left > 1) lead(row, b, { ...place, value: more, left: left - 1 });
          else if (more >= place.least && more <= maxChar) complete(b, more);
        }
        break;
      case 'tail': // the rest of a character, whichever it is
        row.fill(idOf(left === 1 ? inside(q) : { ...place, left: left - 1 }), 0x80, 0xc0);
        break;
      case 'escape':
        for (const [byte, char] of shortEscapes) complete(byte, char);
        begin(0x75, { ...place, mode: 'hex', left: 4 });
        break;
      case 'hex':
        for (const [byte, digit] of hexDigits) {
          const more = value * 16 + digit;
          if (left > 1) begin(byte, { ...place, value: more, left: left - 1 });
          else if (isHigh(more)) begin(byte, { ...place, mode: 'low', value: more, left: 0 });
          else if (!isPlain(more) && !isLow(more)) complete(byte, more);
        }
        break;
      case 'low':
        row[0x5c] = idOf({ ...place, mode: 'lowU' });
        break;
      case 'lowU':
        row[0x75] = idOf({ ...place, mode: 'lowHex', left: 4 });
        break;
      case 'lowHex':
        for (const [byte, digit] of hexDigits) {
          const low = place.least * 16 + digit;
          if (left > 1) begin(byte, { ...place, least: low, left: left - 1 });
          else if (isLow(low)) complete(byte, pairOf(value, low));
        }
        break;
      default:
    }
    return row;
  };

  /** Between characters: by the automaton's ranges, not character by character. */
  function fillInside(row: Int32Array, q: number): void {
    const [los, his, targets]: [number[], number[], number[]] = [[], [], []];
    chars.edges(q, (lo, hi, target) => {
      if (lo < 0x80) {
        const first = json ? Math.max(lo, 0x20) : lo;
        if (first <= hi) row.fill(idOf(inside(target)), first, Math.min(hi, 0x7f) + 1);
      }
      if (hi < 0x80) return;
      los.push(lo);
      his.push(hi);
      targets.push(target);
    });
    for (let b = 0xc2, e = 0; b < 0xf5 && e < los.length; b++) {
      const left = b < 0xe0 ? 1 : b < 0xf0 ? 2 : 3;
      const value = b & (left === 1 ? 0x1f : left === 2 ? 0x0f : 0x07);
      const lo = Math.max(value << (6 * left), leastOf[left]);
      const hi = Math.min(((value + 1) << (6 * left)) - 1, maxChar);
      while (e < los.length && his[e] < lo) e++;
      if (e === los.length || los[e] > hi) continue;
      // A whole range that leads to one state: what the character is need not be remembered.
      row[b] =
        los[e] <= lo && his[e] >= hi && !isSpecialLead(b) && !named
          ? idOf({ mode: 'tail', q: targets[e], value: 0, left, least: 0 })
          : idOf({ mode: 'utf8', q, value, left, least: leastOf[left] });
    }
    if (!json) return;
    row[0x22] = chars.accepting(q) ? idOf({ ...inside(0), mode: 'closed' }) : -1;
    const begun: Place = { ...inside(q), mode: 'escape' };
    row[0x5c] = charactersOf(begun).some(([lo, hi]) => chars.some(q, lo, hi)) ? idOf(begun) : -1;
  }

  /** Within a character of several bytes. */
  function lead(row: Int32Array, byte: number, next: Place): void {
    const bits = 6 * next.left;
    const lo = Math.max(next.value * 2 ** bits, next.least);
    const hi = Math.min((next.value + 1) * 2 ** bits - 1, maxChar);
    const whole = next.value * 2 ** bits >= next.least && hi < maxChar && (hi < 0xd800 || lo > 0xdfff);
    const one = whole && !named ? chars.uniform(next.q, lo, hi) : -1;
    if (one >= 0) row[byte] = idOf({ mode: 'tail', q: one, value: 0, left: next.left, least: 0 });
    else if (lo <= hi && chars.some(next.q, lo, hi)) row[byte] = idOf(next);
  }

  const source: LexemeSource = {
    expand,
    emit(state, byte) {
      const { mode, value, left, least } = places[state];
      switch (mode) {
        case 'in':
          return byte < 0x80 && !(json && (byte < 0x20 || byte === 0x22 || byte === 0x5c)) ? byte : -1;
        case 'utf8':
          return left === 1 ? (value << 6) | (byte & 0x3f) : -1;
        case 'tail':
          return left === 1 ? 0xfffd : -1;
        case 'escape':
          return shortEscapes.get(byte) ?? -1;
        case 'hex': {
          const char = value * 16 + Number.parseInt(String.fromCharCode(byte), 16);
          return left === 1 && !isHigh(char) ? char : -1;
        }
        case 'lowHex':
          return left === 1 ? pairOf(value, least * 16 + Number.parseInt(String.fromCharCode(byte), 16)) : -1;
        default:
          return -1;
      }
    },
    accepts: (state) =>
      json
        ? places[state].mode === 'closed'
        : places[state].mode === 'in' && chars.accepting(places[state].q),
    continues(state) {
      const { mode, q } = places[state];
      if (json) return mode !== 'closed';
      return mode !== 'in' || chars.some(q, 0, maxChar);
    },
    between: (state) => places[state].mode === 'in',
    need(state) {
      const place = places[state];
      const { mode, q } = place;
      if (mode === 'closed') return 0;
      if (mode === 'in' || mode === 'open') return chars.shortest(q);
      if (mode === 'tail') return 1 + chars.shortest(q);
      let least = Infinity;
      for (const [lo, hi] of charactersOf(place))
        chars.edges(q, (from, to, target) => {
          if (from <= hi && to >= lo) least = Math.min(least, chars.shortest(target));
        });
      return 1 + least;
    },
    farthest: () => chars.farthest(),
    free: (state) => (json && places[state].mode === 'in' ? chars.free(places[state].q) : undefined),
    reach: (state, ranges) => (places[state].mode === 'in' ? chars.reach(places[state].q, ranges) : 0),
    origin: (state) => (places[state].mode === 'in' ? places[state].q : -1),
    shared(state) {
      const origin = json ? originOf(places[state]) : -1;
      return origin < 0 ? undefined : { state: anyString.placed(places[state]), origin };
    },
  };
  const placed = (place: Place): number => idOf({ ...place, q: 0 });
  return { lexeme: new Lexeme(source, chars.start < 0, json), placed };

  // The free state of the automaton in which the character begun ends, whichever it is.
  function originOf({ mode, q, value, left, least }: Place): number {
    if (mode === 'in') return isFree(q) ? q : -1;
    if (mode === 'tail') return isFree(q) ? q : -1;
    if (mode === 'utf8') {
      const bits = 6 * left;
      const lo = Math.max(value * 2 ** bits, least);
      const one = chars.uniform(q, lo, Math.min((value + 1) * 2 ** bits - 1, maxChar));
      return one >= 0 && isFree(one) ? one : -1;
    }
    return -1;
  }

  function isFree(q: number): boolean {
    const free = chars.free(q);
    return free !== undefined && free.least === 0 && free.most === Infinity;
  }
}

/** What may be written with a backslash. */
const escapable: readonly (readonly [lo: number, hi: number])[] = [
  [0, 0x1f],
  [0x22, 0x22],
  [0x2f, 0x2f],
  [0x5c, 0x5c],
  [0x7f, maxChar],
];
const leastOf = [0, 0x80, 0x800, 0x10000];
const hexDigits: readonly (readonly [byte: number, digit: number])[] = Array.from(
  '0123456789abcdefABCDEF',
  (char) => [char.charCodeAt(0), Number.parseInt(char, 16)] as const,
);

function inside(q: number): Place {
  return { mode: 'in', q, value: 0, left: 0, least: 0 };
}

/** The characters that a place within one may become. */
function charactersOf({ mode, value, left, least }: Place): readonly (readonly [lo: number, hi: number])[] {
  switch (mode) {
    case 'utf8': {
      const bits = 6 * left;
      return [[Math.max(value * 2 ** bits, least), Math.min((value + 1) * 2 ** bits - 1, maxChar)]];
    }
    case 'escape':
      return escapable;
    case 'hex': {
      const [lo, hi] = [value * 16 ** left, (value + 1) * 16 ** left - 1];
      const pairs = [Math.max(lo, 0xd800), Math.min(hi, 0xdbff)];
      const ranges: [number, number][] = [
        [lo, Math.min(hi, 0x1f)],
        [Math.max(lo, 0x7f), Math.min(hi, 0xd7ff)],
        [pairOf(pairs[0], 0xdc00), pairOf(pairs[1], 0xdfff)],
        [Math.max(lo, 0xe000), hi],
      ];
      return ranges.filter(([from, to]) => from <= to);
    }
    case 'low':
    case 'lowU':
      return [[pairOf(value, 0xdc00), pairOf(value, 0xdfff)]];
    case 'lowHex': {
      const lo = Math.max(least * 16 ** left, 0xdc00);
      const hi = Math.min((least + 1) * 16 ** left - 1, 0xdfff);
      return lo > hi ? [] : [[pairOf(value, lo), pairOf(value, hi)]];
    }
    default:
      return [];
  }
}

/** Lead bytes not all of whose continuations are characters. */
function isSpecialLead(byte: number): boolean {
  return byte === 0xe0 || byte === 0xed || byte === 0xf0 || byte === 0xf4;
}

/** Printable ASCII needs no \uXXXX; a model that may write `\u0061` for `a` sometimes does. */
function isPlain(char: number): boolean {
  return char >= 0x20 && char <= 0x7e;
}

function isHigh(char: number): boolean {
  return char >= 0xd800 && char <= 0xdbff;
}

function isLow(char: number): boolean {
  return char >= 0xdc00 && char <= 0xdfff;
}

function pairOf(high: number, low: number): number {
  return 0x10000 + (high - 0xd800) * 0x400 + (low - 0xdc00);
}

const anyString = lazy(boundedAutomaton(allStrings), true, true);

/** Inside a JSON string of any characters: what every free string shares. */
export const insideAnyString: Lexeme = anyString.lexeme;
