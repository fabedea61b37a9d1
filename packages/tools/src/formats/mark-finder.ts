// Finds the mark that begins at a place of the held-back text: whole, still possible, or none. The longest whole mark wins; while a longer one is
// still possible, it waits (rule 4).
import type { Mark } from './format.ts';
import { firstCharacters, type KnownNames, type Match, matchParts, type Specials } from './pattern.ts';

/** A mark that was found. */
export interface FoundMark {
  readonly mark: Mark;
  readonly match: Match & { readonly kind: 'whole' };
}

/** The mark at `at`; `written`: something was written before, so marks that stand first are out. */
export function findMark(
  marks: readonly Mark[],
  text: string,
  at: number,
  options: {
    readonly base: number;
    readonly final: boolean;
    readonly written: boolean;
    readonly specials: Specials;
    readonly known: KnownNames;
  },
): FoundMark | 'wait' | undefined {
  const { base, final, written, specials, known } = options;
  let best: FoundMark | undefined;
  let wait = false;
  for (const mark of marks) {
    if (written ? mark.first : mark.later) continue;
    // At the very beginning of a reply any name may be called, so that an unknown tool gets an answer instead of being shown as text.
    const match = matchParts(mark.at, text, at, base, specials, mark.first ? { ...known, any: true } : known);
    if (match.kind === 'partial') wait ||= !final;
    if (match.kind !== 'whole') continue;
    if (mark.ahead) {
      const ahead = follows(mark.ahead, text, match.end, final);
      if (ahead === 'wait') wait = true;
      if (ahead !== true) continue;
    }
    if (best === undefined || match.end > best.match.end) best = { mark, match };
  }
  return wait ? 'wait' : best;
}

/** Whether one of the literals follows, after optional white space. */
function follows(literals: readonly string[], text: string, from: number, final: boolean): boolean | 'wait' {
  let i = from;
  while (i < text.length && /\s/.test(text[i] as string)) i++;
  // More white space than any template writes: not held back for ever.
  if (i - from > 256) return false;
  const rest = text.slice(i, i + 64);
  if (literals.some((l) => rest.startsWith(l))) return true;
  if (literals.some((l) => l.startsWith(rest))) return final ? rest === '' : 'wait';
  return false;
}

/** The characters that any of the marks may begin with; undefined when there is no such list. */
export function startsOf(marks: readonly Mark[]): ReadonlySet<string> | undefined {
  const sets = marks.map((mark) => firstCharacters(mark.at));
  return sets.includes(undefined) ? undefined : new Set(sets.flat() as string[]);
}

/** The first whole mark anywhere in a text that has ended. */
export function firstMark(
  marks: readonly Mark[],
  text: string,
  options: { readonly base: number; readonly specials: Specials; readonly known: KnownNames },
): (FoundMark & { readonly at: number }) | undefined {
  const starts = startsOf(marks);
  for (let at = 0; at < text.length; at++) {
    if (starts !== undefined && !starts.has(text[at] as string)) continue;
    for (const mark of marks) {
      const match = matchParts(mark.at, text, at, options.base, options.specials, options.known);
      if (match.kind === 'whole') return { mark, match, at };
    }
  }
  return undefined;
}
