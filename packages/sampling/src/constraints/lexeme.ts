// Byte automata, made lazily state by state out of character automata: the UTF-8 form of a text, and the form of a
// text as a JSON string with all its escapes. A state exists only when some character can still follow, so a byte of
// a split character or of an escape is allowed exactly when the whole can be finished.
import { boundedAutomaton, type CharAutomaton } from './char-automaton.ts';
import { allStrings } from './char-dfa.ts';
import { type CharRanges, maxChar } from './char-ranges.ts';

/** What a lexeme is made of, asked once a state. */
interface LexemeSource {
  /** The next state of each byte, and the character that it completes (-1 for none). */
  expand(state: number): { readonly row: Int32Array; readonly emits: Int32Array };
  accepts(state: number): boolean;
  continues(state: number): boolean;
  free(state: number): Room | undefined;
  reach(state: number, ranges: CharRanges): number;
  shared(state: number): Shared | undefined;
  origin(state: number): number;
}

/** How many characters must still come, and may. */
interface Room {
  readonly least: number;
  readonly most: number;
}

interface Shared {
  readonly state: number;
  readonly origin: number;
}

const [accepting, continuing, known] = [1, 2, 4];
let lexemes = 0;

/** A lazy byte automaton; state 0 is the start, -1 is dead. */
export class Lexeme {
  readonly id = lexemes++;
  readonly empty: boolean;
  /** True for JSON strings, which end at a quote and nowhere else. */
  readonly quoted: boolean;
  /** The rows made so far, for loops; see `row`. */
  readonly rows: Int32Array[] = [];
  readonly #emits: Int32Array[] = [];
  readonly #marks: number[] = [];
  readonly #shared: (Shared | null)[] = [];
  readonly #source: LexemeSource;

  constructor(source: LexemeSource, empty: boolean, quoted: boolean) {
    this.#source = source;
    this.empty = empty;
    this.quoted = quoted;
  }

  /** The next state of each byte [256]. */
  row(state: number): Int32Array {
    return this.rows[state] ?? this.#expand(state);
  }

  #expand(state: number): Int32Array {
    const { row, emits } = this.#source.expand(state);
    this.rows[state] = row;
    this.#emits[state] = emits;
    return row;
  }

  /** Whether the text may end here. */
  accepts(state: number): boolean {
    return (this.#mark(state) & accepting) !== 0;
  }

  /** Whether any byte may follow. */
  continues(state: number): boolean {
    return (this.#mark(state) & continuing) !== 0;
  }

  #mark(state: number): number {
    let mark = this.#marks[state];
    if (mark === undefined) {
      mark =
        known |
        (this.#source.accepts(state) ? accepting : 0) |
        (this.#source.continues(state) ? continuing : 0);
      this.#marks[state] = mark;
    }
    return mark;
  }

  /** The character that each byte completes [256], -1 for none; only a `named` lexeme knows which beyond ASCII. */
  emits(state: number): Int32Array {
    if (this.#emits[state] === undefined) this.#expand(state);
    return this.#emits[state];
  }

  /** Inside a JSON string that any characters may continue: how many at least, and at most, before its end. */
  free(state: number): Room | undefined {
    return this.#source.free(state);
  }

  /** A length in characters up to which every text of characters of the ranges stays inside. */
  reach(state: number, ranges: CharRanges): number {
    return this.#source.reach(state, ranges);
  }

  /** Between characters: the state of the characters' automaton; -1 elsewhere. */
  origin(state: number): number {
    return this.#source.origin(state);
  }

  /**
   * Where everything is free without bounds, now or behind the character begun: the state of `insideAnyString` that reads
   * the same, and a name of the state that is then reached.
   */
  shared(state: number): Shared | undefined {
    let found = this.#shared[state];
    if (found === undefined) {
      found = this.#source.shared(state) ?? null;
      this.#shared[state] = found;
    }
    return found ?? undefined;
  }
}

interface Place {
  readonly mode: 'open' | 'in' | 'utf8' | 'tail' | 'escape' | 'hex' | 'low' | 'lowU' | 'lowHex' | 'closed';
  /** State of the character automaton; in a tail, the one behind the character. */
  readonly q: number;
  readonly value: number;
  readonly left: number;
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

/** The bytes of one text. */
export function literalLexeme(bytes: Uint8Array): Lexeme {
  const emits = new Int32Array(256).fill(-1);
  const source: LexemeSource = {
    expand(state) {
      const row = new Int32Array(256).fill(-1);
      if (state < bytes.length) row[bytes[state]] = state + 1;
      return { row, emits };
    },
    accepts: (state) => state === bytes.length,
    continues: (state) => state < bytes.length,
    free: () => undefined,
    reach: () => 0,
    shared: () => undefined,
    origin: () => -1,
  };
  return new Lexeme(source, false, false);
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
  // Whether a character of lo..hi may be written as \uXXXX here.
  const escapable = (q: number, lo: number, hi: number): boolean =>
    (lo < 0x20 && chars.some(q, lo, Math.min(hi, 0x1f))) ||
    (hi > 0x7e && chars.some(q, Math.max(lo, 0x7f), hi));
  const inside = (q: number): Place => ({ mode: 'in', q, value: 0, left: 0, least: 0 });
  idOf(json && !opened ? { ...inside(chars.start), mode: 'open' } : inside(chars.start));
  const expand = (id: number): { row: Int32Array; emits: Int32Array } => {
    const place = places[id];
    const row = new Int32Array(256).fill(-1);
    const emits = new Int32Array(256).fill(-1);
    const { q } = place;
    const complete = (byte: number, char: number): void => {
      const next = chars.step(q, char);
      if (next < 0) return;
      row[byte] = idOf(inside(next));
      emits[byte] = char;
    };
    const eachHex = (visit: (byte: number, value: number) => void): void => {
      for (let d = 0; d < 16; d++) {
        visit(d < 10 ? 0x30 + d : 0x57 + d, d);
        if (d >= 10) visit(0x37 + d, d);
      }
    };
    switch (place.mode) {
      case 'open':
        row[0x22] = idOf(inside(q));
        break;
      case 'in': {
        for (let b = json ? 0x20 : 0; b < 0x80; b++) if (!json || (b !== 0x22 && b !== 0x5c)) complete(b, b);
        for (let b = 0xc2; b < 0xf5; b++) {
          const left = b < 0xe0 ? 1 : b < 0xf0 ? 2 : 3;
          const value = b & (left === 1 ? 0x1f : left === 2 ? 0x0f : 0x07);
          const least = left === 1 ? 0x80 : left === 2 ? 0x800 : 0x10000;
          partial(b, { mode: 'utf8', q, value, left, least });
        }
        if (json) {
          if (chars.accepting(q)) row[0x22] = idOf({ ...inside(0), mode: 'closed' });
          if (
            escapable(q, 0, 0x10ffff) ||
            [...shortEscapes.values()].some((char) => chars.step(q, char) >= 0)
          )
            row[0x5c] = idOf({ ...inside(q), mode: 'escape' });
        }
        break;
      }
      case 'utf8':
        for (let b = 0x80; b < 0xc0; b++) {
          const value = (place.value << 6) | (b & 0x3f);
          if (place.left === 1) {
            if (value >= place.least && value <= 0x10ffff) complete(b, value);
          } else partial(b, { ...place, value, left: place.left - 1 });
        }
        break;
      case 'tail': // the rest of a character, whichever it is
        for (let b = 0x80; b < 0xc0; b++) {
          row[b] = idOf(place.left === 1 ? inside(q) : { ...place, left: place.left - 1 });
          if (place.left === 1) emits[b] = 0xfffd;
        }
        break;
      case 'escape':
        for (const [byte, char] of shortEscapes) complete(byte, char);
        if (escapable(q, 0, 0x10ffff)) row[0x75] = idOf({ mode: 'hex', q, value: 0, left: 4, least: 0 });
        break;
      case 'hex':
        eachHex((byte, digit) => {
          const value = place.value * 16 + digit;
          const left = place.left - 1;
          if (left > 0) {
            const [lo, hi] = [value * 16 ** left, (value + 1) * 16 ** left - 1];
            const pairs =
              hi >= 0xd800 && lo <= 0xdbff ? [Math.max(lo, 0xd800), Math.min(hi, 0xdbff)] : undefined;
            const reachable =
              escapable(q, lo, Math.min(hi, 0xd7ff)) ||
              chars.some(q, Math.max(lo, 0xe000), hi) ||
              (pairs !== undefined && chars.some(q, pairOf(pairs[0], 0xdc00), pairOf(pairs[1], 0xdfff)));
            if (reachable) row[byte] = idOf({ ...place, value, left });
          } else if (value >= 0xd800 && value <= 0xdbff) {
            if (chars.some(q, pairOf(value, 0xdc00), pairOf(value, 0xdfff)))
              row[byte] = idOf({ mode: 'low', q, value, left: 0, least: 0 });
          } else if (!isPlain(value) && (value < 0xdc00 || value > 0xdfff)) complete(byte, value);
        });
        break;
      case 'low':
        row[0x5c] = idOf({ ...place, mode: 'lowU' });
        break;
      case 'lowU':
        row[0x75] = idOf({ ...place, mode: 'lowHex', left: 4, least: 0 });
        break;
      case 'lowHex': // `value` is the high surrogate, `least` the digits so far
        eachHex((byte, digit) => {
          const low = place.least * 16 + digit;
          const left = place.left - 1;
          const lo = Math.max(low * 16 ** left, 0xdc00);
          const hi = Math.min((low + 1) * 16 ** left - 1, 0xdfff);
          if (lo > hi) return;
          if (left === 0) complete(byte, pairOf(place.value, low));
          else if (chars.some(q, pairOf(place.value, lo), pairOf(place.value, hi)))
            row[byte] = idOf({ ...place, least: low, left });
        });
        break;
      default:
    }
    return { row, emits };

    function partial(byte: number, next: Place): void {
      const bits = 6 * next.left;
      const lo = Math.max(next.value * 2 ** bits, next.least);
      const hi = Math.min((next.value + 1) * 2 ** bits - 1, 0x10ffff);
      // Whole ranges that lead to one state: what the character is need not be remembered.
      const whole = next.value * 2 ** bits >= next.least && hi < 0x10ffff && (hi < 0xd800 || lo > 0xdfff);
      const one = whole && !named ? chars.uniform(next.q, lo, hi) : -1;
      if (one >= 0) row[byte] = idOf({ mode: 'tail', q: one, value: 0, left: next.left, least: 0 });
      else if (lo <= hi && chars.some(next.q, lo, hi)) row[byte] = idOf(next);
    }
  };
  const source: LexemeSource = {
    expand,
    accepts: (state) =>
      json
        ? places[state].mode === 'closed'
        : places[state].mode === 'in' && chars.accepting(places[state].q),
    continues(state) {
      const { mode, q } = places[state];
      if (json) return mode !== 'closed';
      return mode !== 'in' || chars.some(q, 0, maxChar);
    },
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
      const one = chars.uniform(q, lo, Math.min((value + 1) * 2 ** bits - 1, 0x10ffff));
      return one >= 0 && isFree(one) ? one : -1;
    }
    return -1;
  }

  function isFree(q: number): boolean {
    const free = chars.free(q);
    return free !== undefined && free.least === 0 && free.most === Infinity;
  }
}

/** Printable ASCII needs no \uXXXX; a model that may write `\u0061` for `a` sometimes does. */
function isPlain(char: number): boolean {
  return char >= 0x20 && char <= 0x7e;
}

function pairOf(high: number, low: number): number {
  return 0x10000 + (high - 0xd800) * 0x400 + (low - 0xdc00);
}

const anyString = lazy(boundedAutomaton(allStrings), true, true);

/** Inside a JSON string of any characters: what every free string shares. */
export const insideAnyString: Lexeme = anyString.lexeme;
