// A Python string that knows, for every character, where it came from. The text is one JavaScript string; provenance is
// run-length: either one origin for all of it (almost always), or the ends of runs with an origin each. An origin is a
// number of the runtime's table (runtime.ts); bit 0 says that the character was made inside `{% generation %}`.
// Nothing of the provenance is ever in the text itself, so no text can forge it.

/** Literal text of the template. */
export const literalOrigin = 0;
/** A value that the template computed and no message owns. */
export const computedOrigin = 2;
/** A role name of the closed list `structuralRoles`. */
export const roleOrigin = 4;

export class Str {
  readonly text: string;
  /** The one origin of every character, or -1 when there are several runs. */
  readonly origin: number;
  /** Exclusive ends of the runs in UTF-16 units and the origin of each; only when `origin` is -1. */
  readonly ends: readonly number[];
  readonly ids: readonly number[];
  /** Jinja's Markup: text that HTML escaping leaves alone. It changes what `+`, `%` and methods do. */
  readonly safe: boolean;

  constructor(
    text: string,
    origin = literalOrigin,
    ends: readonly number[] = none,
    ids = none,
    safe = false,
  ) {
    this.text = text;
    this.origin = origin;
    this.ends = ends;
    this.ids = ids;
    this.safe = safe;
  }

  /** The origin of the UTF-16 unit at `index`. */
  originAt(index: number): number {
    return this.origin >= 0 ? this.origin : this.ids[this.runAt(index)];
  }

  /** Characters `start` to `end` (UTF-16, already clamped). */
  slice(start: number, end: number = this.text.length): Str {
    if (start === 0 && end === this.text.length) return this;
    if (start >= end) return new Str('', literalOrigin, none, none, this.safe);
    const text = this.text.slice(start, end);
    if (this.origin >= 0) return new Str(text, this.origin, none, none, this.safe);
    const ends: number[] = [];
    const ids: number[] = [];
    for (let run = this.runAt(start); run < this.ends.length; run++) {
      ids.push(this.ids[run]);
      ends.push(Math.min(this.ends[run], end) - start);
      if (this.ends[run] >= end) break;
    }
    return ids.length === 1
      ? new Str(text, ids[0], none, none, this.safe)
      : new Str(text, -1, ends, ids, this.safe);
  }

  /** The same characters with `safe` set or cleared. */
  marked(safe: boolean): Str {
    return safe === this.safe ? this : new Str(this.text, this.origin, this.ends, this.ids, safe);
  }

  /** The same characters with every origin mapped. */
  mapOrigins(map: (origin: number) => number): Str {
    return this.origin >= 0
      ? new Str(this.text, map(this.origin), none, none, this.safe)
      : new Str(this.text, -1, this.ends, this.ids.map(map), this.safe);
  }

  /** The run that holds unit `index`. */
  private runAt(index: number): number {
    let low = 0;
    let high = this.ends.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.ends[middle] > index) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

const none: readonly number[] = [];

/** Appends strings and keeps the runs merged. */
export class StrBuilder {
  private text = '';
  private ends: number[] = [];
  private ids: number[] = [];

  get length(): number {
    return this.text.length;
  }

  add(piece: Str): this {
    if (piece.origin >= 0) return this.addText(piece.text, piece.origin);
    const before = this.text.length;
    this.text += piece.text;
    for (let run = 0; run < piece.ends.length; run++) this.run(before + piece.ends[run], piece.ids[run]);
    return this;
  }

  addText(text: string, origin: number): this {
    if (text === '') return this;
    this.text += text;
    this.run(this.text.length, origin);
    return this;
  }

  build(safe = false): Str {
    if (this.ids.length <= 1) return new Str(this.text, this.ids[0] ?? literalOrigin, none, none, safe);
    return new Str(this.text, -1, this.ends, this.ids, safe);
  }

  private run(end: number, id: number): void {
    const last = this.ids.length - 1;
    if (last >= 0 && this.ids[last] === id) this.ends[last] = end;
    else {
      this.ends.push(end);
      this.ids.push(id);
    }
  }
}

export const emptyStr = new Str('');

/** `a + b + ...` */
export function concatStr(pieces: readonly Str[], safe = false): Str {
  const builder = new StrBuilder();
  for (const piece of pieces) builder.add(piece);
  return builder.build(safe);
}

/**
 * The string whose code point `i` is replaced by `replacements(i-th code point)`, each replacement keeping the provenance
 * of what it replaces: upper and lower case, escaping.
 */
export function mapCodePoints(value: Str, replace: (character: string, index: number) => string): Str {
  const builder = new StrBuilder();
  let index = 0;
  for (const character of value.text) {
    builder.addText(replace(character, index), value.originAt(index));
    index += character.length;
  }
  return builder.build(value.safe);
}

const surrogate = /[\ud800-\udfff]/;

/** Number of code points: what Python calls the length. */
export function codePointLength(text: string): number {
  if (!surrogate.test(text)) return text.length;
  let length = 0;
  for (const _ of text) length++;
  return length;
}

/** UTF-16 index of code point `index` (0 <= index <= length). */
export function unitIndex(text: string, index: number): number {
  if (!surrogate.test(text)) return Math.min(index, text.length);
  let unit = 0;
  for (let i = 0; i < index && unit < text.length; i++) unit += text.codePointAt(unit)! > 0xffff ? 2 : 1;
  return unit;
}

/** Code point index of UTF-16 index `unit`. */
export function codePointIndex(text: string, unit: number): number {
  return codePointLength(text.slice(0, unit));
}

/** One string a code point. */
export function characters(value: Str): Str[] {
  const out: Str[] = [];
  let index = 0;
  for (const character of value.text) {
    out.push(new Str(character, value.originAt(index)));
    index += character.length;
  }
  return out;
}
