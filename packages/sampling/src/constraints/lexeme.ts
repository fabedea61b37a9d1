// Byte automata, made lazily state by state. A state exists only when the text can still be finished behind it, so a
// byte of a split character or of an escape is allowed exactly when the whole can be. A bound on the length is not made
// into states: it is counted beside them, so that one automaton serves all lengths.
import type { CharRanges } from './char-ranges.ts';

/** What a lexeme is made of, asked once a state. */
export interface LexemeSource {
  /** The next state of each byte [256]. */
  expand(state: number): Int32Array;
  /** The character that the byte completes, -1 for none. */
  emit(state: number, byte: number): number;
  accepts(state: number): boolean;
  continues(state: number): boolean;
  /** Whether the state is between characters, so that a step to it from within the text has completed one. */
  between(state: number): boolean;
  /** How many characters must still come at least, the one begun included. */
  need(state: number): number;
  free(state: number): Room | undefined;
  reach(state: number, ranges: CharRanges): number;
  shared(state: number): Shared | undefined;
  origin(state: number): number;
  /** More characters than this are never needed to end the text, wherever it stands. */
  farthest(): number;
}

/** How many characters must still come, and may. */
export interface Room {
  readonly least: number;
  readonly most: number;
}

export interface Shared {
  readonly state: number;
  readonly origin: number;
}

/** The bits of `Lexeme.mark`. */
export const [accepting, continuing, between] = [1, 2, 4];
const known = 8;
/** In a state of a lexeme with a bound: state + length * lengthUnit. */
export const lengthUnit = 2 ** 24;
let lexemes = 0;

/** What a lexeme has learned of its states; shared by those that differ in the bound only. */
interface Learned {
  readonly source: LexemeSource;
  readonly rows: Int32Array[];
  readonly marks: number[];
  readonly needs: number[];
  readonly shared: (Shared | null)[];
}

/** A lazy byte automaton; state 0 is the start, -1 is dead. */
export class Lexeme {
  readonly id = lexemes++;
  readonly empty: boolean;
  /** True for JSON strings, which end at a quote and nowhere else. */
  readonly quoted: boolean;
  /** The rows made so far, for loops; see `row`. */
  readonly rows: Int32Array[];
  /** The marks made so far, for loops; see `mark`. */
  readonly marks: number[];
  /** How long the text may be, in characters; undefined when that is free. */
  readonly bound: Room | undefined;
  /** The same without a bound. */
  readonly loose: Lexeme;
  readonly #learned: Learned;

  constructor(source: LexemeSource, empty: boolean, quoted: boolean, of?: Lexeme, bound?: Room) {
    this.empty = empty;
    this.quoted = quoted;
    this.#learned = of === undefined ? { source, rows: [], marks: [], needs: [], shared: [] } : of.#learned;
    this.rows = this.#learned.rows;
    this.marks = this.#learned.marks;
    this.bound = bound;
    this.loose = of ?? this;
  }

  /** The texts of these lengths in characters; what one learns the other knows. For JSON strings only. */
  within(bound: Room): Lexeme {
    const { source } = this.#learned;
    return new Lexeme(source, this.empty || this.need(0) > bound.most, this.quoted, this.loose, bound);
  }

  /** Without a bound: the next state of each byte [256]. */
  row(state: number): Int32Array {
    return this.rows[state] ?? this.#expand(state);
  }

  #expand(state: number): Int32Array {
    const row = this.#learned.source.expand(state);
    this.rows[state] = row;
    return row;
  }

  /** The state after a byte, -1 when it may not come. */
  step(state: number, byte: number): number {
    const { bound } = this;
    if (bound === undefined) return (this.rows[state] ?? this.#expand(state))[byte];
    const from = state % lengthUnit;
    const next = this.row(from)[byte];
    if (next < 0) return -1;
    const length = this.lengthAfter(Math.floor(state / lengthUnit), from, next);
    return length < 0 ? -1 : next + length * lengthUnit;
  }

  /** With a bound: the length at `next`, one step from `from` where it was `length`; -1 when it may not be. */
  lengthAfter(length: number, from: number, next: number): number {
    const { least, most } = this.bound as Room;
    const mark = this.mark(next);
    const now = length + ((mark & between) !== 0 && from !== 0 ? 1 : 0);
    if (now + this.need(next) > most) return -1;
    if ((mark & accepting) !== 0) return now < least ? -1 : 0;
    return most === Infinity ? Math.min(now, least) : now;
  }

  /** Without a bound: how many characters must still come at least, the one begun included. */
  need(state: number): number {
    const { needs, source } = this.#learned;
    let need = needs[state];
    if (need === undefined) {
      need = source.need(state);
      needs[state] = need;
    }
    return need;
  }

  /** Whether the text may end here. */
  accepts(state: number): boolean {
    return (this.mark(state % lengthUnit) & accepting) !== 0;
  }

  /** Whether any byte may follow. */
  continues(state: number): boolean {
    return (this.mark(state % lengthUnit) & continuing) !== 0;
  }

  /** Without a bound: the state's bits. */
  mark(state: number): number {
    return this.marks[state] ?? this.#mark(state);
  }

  #mark(state: number): number {
    const { source, marks } = this.#learned;
    const mark =
      known |
      (source.accepts(state) ? accepting : 0) |
      (source.continues(state) ? continuing : 0) |
      (source.between(state) ? between : 0);
    marks[state] = mark;
    return mark;
  }

  /** The character that a byte completes, -1 for none; only a `named` lexeme knows which beyond ASCII. */
  emit(state: number, byte: number): number {
    return this.#learned.source.emit(state % lengthUnit, byte);
  }

  /** Inside a JSON string that any characters may continue: how many at least, and at most, before its end. */
  free(state: number): Room | undefined {
    const room = this.#learned.source.free(state % lengthUnit);
    if (this.bound === undefined || room === undefined) return room;
    const length = Math.floor(state / lengthUnit);
    return { least: Math.max(0, this.bound.least - length), most: this.bound.most - length };
  }

  /** A length in characters up to which every text of characters of the ranges stays inside. */
  reach(state: number, ranges: CharRanges): number {
    const { source } = this.#learned;
    const reach = source.reach(state % lengthUnit, ranges);
    if (this.bound === undefined) return reach;
    const left = this.bound.most - Math.floor(state / lengthUnit) - source.farthest();
    return Math.max(0, Math.min(reach, left));
  }

  /** Where the bound is so far away that tokens of so many characters do not come near it: the state without it. */
  looseState(state: number, characters: number): number {
    if (this.bound === undefined) return state;
    const length = Math.floor(state / lengthUnit);
    const { least, most } = this.bound;
    return length >= least && length + characters + this.#learned.source.farthest() <= most
      ? state % lengthUnit
      : -1;
  }

  /** Between characters: the state of the characters' automaton; -1 elsewhere. */
  origin(state: number): number {
    return this.#learned.source.origin(state % lengthUnit);
  }

  /**
   * Where everything is free without bounds, now or behind the character begun: the state of `insideAnyString` that reads
   * the same, and a name of the state that is then reached.
   */
  shared(state: number): Shared | undefined {
    if (this.bound !== undefined) return undefined;
    const { shared, source } = this.#learned;
    let found = shared[state];
    if (found === undefined) {
      found = source.shared(state) ?? null;
      shared[state] = found;
    }
    return found ?? undefined;
  }
}

/** The bytes of one text. */
export function literalLexeme(bytes: Uint8Array): Lexeme {
  const source: LexemeSource = {
    expand(state) {
      const row = new Int32Array(256).fill(-1);
      if (state < bytes.length) row[bytes[state]] = state + 1;
      return row;
    },
    emit: () => -1,
    accepts: (state) => state === bytes.length,
    continues: (state) => state < bytes.length,
    between: () => false,
    need: () => 0,
    free: () => undefined,
    reach: () => 0,
    shared: () => undefined,
    origin: () => -1,
    farthest: () => 0,
  };
  return new Lexeme(source, false, false);
}
