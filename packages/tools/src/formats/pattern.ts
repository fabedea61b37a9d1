// Marks of a format as sequences of literal parts, optional white space and captured names. JavaScript's RegExp cannot say "this could
// still become a match", which is what holding text back needs, so marks are matched by hand: none, partial (wait for more text) or whole.
// A literal that the tokenizer has as one special token matches only that token (strict): the same characters written out are content.

/** One part of a mark: a literal, optional white space (at most 64 characters), or a captured name. */
export type Part =
  | string
  | { readonly space: true }
  | { readonly capture: 'name'; readonly of: 'tool' | 'word' };

/** Where special tokens stand in the text, and which literals are special tokens at all. */
export interface Specials {
  /** Absolute offset of each special token of the text -> its length. */
  readonly spans: ReadonlyMap<number, number>;
  /** Literals that match only as special tokens. */
  readonly strict: ReadonlySet<string>;
}
/** What the names of `capture` may be. */
export interface KnownNames {
  readonly names: readonly string[];
  /** With 'tool' and no known tools: any identifier. */
  readonly any: boolean;
  /** True when names are written as upper-case words (the talk's special words). */
  readonly words?: boolean;
}
/** Outcome of matching a mark at one place. */
export type Match =
  | { readonly kind: 'none' }
  | { readonly kind: 'partial' }
  | { readonly kind: 'whole'; readonly end: number; readonly name?: string };

const none: Match = { kind: 'none' };
const partial: Match = { kind: 'partial' };
const isSpace = (c: string): boolean => c === ' ' || c === '\n' || c === '\t' || c === '\r';
const nameCharacter = /[\p{L}\p{N}_.\-:/]/u;
const maxSpace = 64;
const maxName = 128;

/** Matches `parts` in `text` at `at`; `base` is the absolute offset of text[0]. */
export function matchParts(
  parts: readonly Part[],
  text: string,
  at: number,
  base: number,
  specials: Specials,
  known: KnownNames,
): Match {
  let end = at;
  let name: string | undefined;
  for (const part of parts) {
    if (typeof part === 'string') {
      if (specials.strict.has(part)) {
        if (end >= text.length) return partial;
        if (specials.spans.get(base + end) !== part.length || !text.startsWith(part, end)) return none;
      } else {
        const room = text.length - end;
        if (room < part.length) return part.startsWith(text.slice(end)) ? partial : none;
        if (!text.startsWith(part, end)) return none;
      }
      end += part.length;
    } else if ('space' in part) {
      let n = 0;
      while (n < maxSpace && end < text.length && isSpace(text[end] as string)) {
        end++;
        n++;
      }
      if (end >= text.length && n < maxSpace) return partial;
    } else {
      const start = end;
      while (end < text.length && end - start <= maxName && nameCharacter.test(text[end] as string)) end++;
      name = text.slice(start, end);
      const open = end >= text.length;
      const word = name;
      if (known.words && !/^[A-Z0-9_.:-]*$/.test(word)) return none;
      if (part.of === 'tool' && !known.any) {
        const written = (n: string): string => (known.words ? wordOf(n) : n);
        if (open) return known.names.some((n) => written(n).startsWith(word)) ? partial : none;
        const hit = known.names.find((n) => written(n) === word);
        if (hit === undefined) return none;
        name = hit;
      } else {
        if (end - start > maxName) return none;
        if (open) return partial;
        if (name === '') return none;
        if (known.words) name = name.toLowerCase();
      }
    }
  }
  return name === undefined ? { kind: 'whole', end } : { kind: 'whole', end, name };
}

/** The characters that a mark may begin with: undefined when it may begin with anything. */
export function firstCharacters(parts: readonly Part[]): readonly string[] | undefined {
  const out: string[] = [];
  for (const part of parts) {
    if (typeof part === 'string') {
      out.push(part[0] as string);
      return out;
    }
    if (!('space' in part)) return undefined;
    out.push(' ', '\n', '\t', '\r');
  }
  return undefined;
}

/** The special word of a tool: its name in capitals, `get_weather` -> `GET_WEATHER`. */
export function wordOf(name: string): string {
  return name.toUpperCase().replace(/[^A-Z0-9_.:-]/g, '_');
}
