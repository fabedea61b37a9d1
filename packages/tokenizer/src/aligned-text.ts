// Text under normalisation that remembers, for each UTF-16 unit, which range of the original it came from. The rules for edits are those of Hugging
// Face's NormalizedString: a replaced character keeps the range of the one it replaces, an inserted one takes the range of the character before it.
// Tracking is optional: without it the class is a string with the same edits.
import { isWhiteSpace } from './unicode/white-space.ts';

/** A character of new text and how it relates to the old: 0 replaces one, 1 is inserted, -n replaces one and swallows n more. */
export type Edit = readonly [char: string, change: number];

/** A stretch of text that a pattern either matched or passed over, in UTF-16 units. */
export interface PatternMatch {
  readonly start: number;
  readonly end: number;
  readonly matched: boolean;
}

/** Finds its matches in a text: contiguous stretches that cover all of it. */
export type Pattern = (text: string) => PatternMatch[];

/** What a split does with the stretches that matched. */
export type SplitBehavior = 'Removed' | 'Isolated' | 'MergedWithPrevious' | 'MergedWithNext' | 'Contiguous';

export class AlignedText {
  value: string;
  /** Where in the original this piece begins, in UTF-16 units. */
  readonly originalStart: number;
  private starts: Int32Array | undefined;
  private ends: Int32Array | undefined;

  private constructor(value: string, originalStart: number, starts?: Int32Array, ends?: Int32Array) {
    this.value = value;
    this.originalStart = originalStart;
    this.starts = starts;
    this.ends = ends;
  }

  /** Wraps a well-formed text; `track` false forgets the origins. */
  static from(text: string, track: boolean): AlignedText {
    if (!track) return new AlignedText(text, 0);
    const starts = new Int32Array(text.length);
    const ends = new Int32Array(text.length);
    for (let i = 0; i < text.length; i++) {
      const wide = text.codePointAt(i)! > 0xffff ? 2 : 1;
      for (let k = 0; k < wide; k++) {
        starts[i + k] = i;
        ends[i + k] = i + wide;
      }
      i += wide - 1;
    }
    return new AlignedText(text, 0, starts, ends);
  }

  get tracked(): boolean {
    return this.starts !== undefined;
  }

  /** The part from `start` to `end`, in units of the present text. */
  slice(start: number, end: number): AlignedText {
    const value = this.value.slice(start, end);
    if (this.starts === undefined || this.ends === undefined) {
      return new AlignedText(value, start === 0 ? this.originalStart : this.originalStart + start);
    }
    const from = start < end ? this.starts[start] : this.originalStart;
    return new AlignedText(value, from, this.starts.subarray(start, end), this.ends.subarray(start, end));
  }

  /** The range of the original that units `start` to `end` came from. */
  originalRange(start: number, end: number): readonly [number, number] {
    if (this.starts === undefined || this.ends === undefined) return [0, 0];
    if (start >= end) return [this.originalStart + start, this.originalStart + end];
    return [this.starts[start], this.ends[end - 1]];
  }

  /** Replaces units `start` to `end` by `edits`; `skipped` characters at their beginning are dropped first. */
  transformRange(start: number, end: number, edits: readonly Edit[], skipped = 0): void {
    let text = '';
    for (const [char] of edits) text += char;
    const old = this.value;
    if (this.starts !== undefined && this.ends !== undefined) {
      const starts = new Int32Array(text.length);
      const ends = new Int32Array(text.length);
      let read = start;
      const step = () => {
        if (read < end) read += old.codePointAt(read)! > 0xffff ? 2 : 1;
      };
      for (let i = 0; i < skipped; i++) step();
      let write = 0;
      for (const [char, change] of edits) {
        const from = change > 0 ? read - 1 : Math.min(read, old.length - 1);
        const s = from < 0 ? this.originalStart : this.starts[from];
        const e = from < 0 ? this.originalStart : this.ends[from];
        for (let k = 0; k < char.length; k++, write++) {
          starts[write] = s;
          ends[write] = e;
        }
        for (let k = change; k <= 0; k++) step();
      }
      this.starts = splice(this.starts, start, end, starts);
      this.ends = splice(this.ends, start, end, ends);
    }
    this.value = old.slice(0, start) + text + old.slice(end);
  }

  /** Replaces the whole text by `edits`. */
  transform(edits: readonly Edit[], skipped = 0): void {
    this.transformRange(0, this.value.length, edits, skipped);
  }

  /** Drops the characters that `keep` refuses. */
  filter(keep: (char: string, codePoint: number) => boolean): void {
    const edits: [string, number][] = [];
    let skipped = 0;
    let removed = false;
    for (const char of this.value) {
      if (keep(char, char.codePointAt(0)!)) edits.push([char, 0]);
      else {
        removed = true;
        if (edits.length === 0) skipped++;
        else edits[edits.length - 1][1]--;
      }
    }
    if (removed) this.transform(edits, skipped);
  }

  /** Replaces each character by another one. */
  map(change: (char: string, codePoint: number) => string): void {
    if (this.starts === undefined) {
      let text = '';
      for (const char of this.value) text += change(char, char.codePointAt(0)!);
      this.value = text;
    } else this.transform(Array.from(this.value, (char) => [change(char, char.codePointAt(0)!), 0]));
  }

  /** Replaces each character by the characters of a text of at least one character. */
  expand(change: (char: string) => string): void {
    const edits: Edit[] = [];
    for (const char of this.value) {
      let i = 0;
      for (const c of change(char)) edits.push([c, i++ > 0 ? 1 : 0]);
    }
    this.transform(edits);
  }

  /** Puts `text` before a non-empty text. */
  prepend(text: string): void {
    if (this.value === '') return;
    const first = String.fromCodePoint(this.value.codePointAt(0)!);
    const edits: Edit[] = Array.from(text, (char, i) => [char, i === 0 ? 0 : 1]);
    if (edits.length > 0) this.transformRange(0, first.length, [...edits, [first, 1]]);
  }

  /** Replaces every match by `content`; the new characters take the range of the last character matched. */
  replace(pattern: Pattern, content: string): void {
    const matches = pattern(this.value);
    if (!matches.some((m) => m.matched)) return;
    let text = '';
    const starts: number[] = [];
    const ends: number[] = [];
    for (const { start, end, matched } of matches) {
      text += matched ? content : this.value.slice(start, end);
      if (this.starts === undefined || this.ends === undefined) continue;
      for (let i = start; i < end && !matched; i++) {
        starts.push(this.starts[i]);
        ends.push(this.ends[i]);
      }
      for (let i = 0; i < content.length && matched; i++) {
        starts.push(end < 1 ? this.originalStart : this.starts[end - 1]);
        ends.push(end < 1 ? this.originalStart : this.ends[end - 1]);
      }
    }
    this.value = text;
    if (this.starts !== undefined) {
      this.starts = Int32Array.from(starts);
      this.ends = Int32Array.from(ends);
    }
  }

  /** Drops White_Space at the ends. */
  strip(left: boolean, right: boolean): void {
    const chars = Array.from(this.value);
    const isSpace = (i: number) => isWhiteSpace(chars[i].codePointAt(0)!);
    let from = 0;
    let to = chars.length;
    if (left) while (from < chars.length && isSpace(from)) from++;
    if (right) while (to > 0 && isSpace(to - 1)) to--;
    if (from === 0 && to === chars.length) return;
    this.transform(
      chars.slice(from, to).map((char) => [char, 0]),
      from,
    );
  }

  /** Cuts at the matches of a pattern. */
  split(pattern: Pattern, behavior: SplitBehavior): AlignedText[] {
    return splitRanges(pattern(this.value), behavior).map(([start, end]) => this.slice(start, end));
  }
}

function splice(array: Int32Array, start: number, end: number, middle: Int32Array): Int32Array {
  if (start === 0 && end === array.length) return middle;
  const out = new Int32Array(array.length - (end - start) + middle.length);
  out.set(array.subarray(0, start));
  out.set(middle, start);
  out.set(array.subarray(end), start + middle.length);
  return out;
}

/** The ranges that remain of `matches` under a behaviour. */
export function splitRanges(matches: readonly PatternMatch[], behavior: SplitBehavior): [number, number][] {
  const ranges: [number, number][] = [];
  if (behavior === 'Isolated' || behavior === 'Removed') {
    for (const { start, end, matched } of matches) {
      if (start < end && (behavior === 'Isolated' || !matched)) ranges.push([start, end]);
    }
    return ranges;
  }
  let previous = false;
  const backwards = behavior === 'MergedWithNext';
  for (let k = 0; k < matches.length; k++) {
    const { start, end, matched } = matches[backwards ? matches.length - 1 - k : k];
    const last = ranges.at(-1);
    const joins = behavior === 'Contiguous' ? matched === previous : matched && !previous;
    if (!joins || last === undefined) ranges.push([start, end]);
    else if (backwards) last[0] = start;
    else last[1] = end;
    previous = matched;
  }
  if (backwards) ranges.reverse();
  return ranges.filter(([start, end]) => start < end);
}
