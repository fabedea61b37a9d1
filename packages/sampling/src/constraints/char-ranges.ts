// Sets of Unicode scalar values as sorted, disjoint, inclusive ranges: [lo, hi, lo, hi, ...].

/** Sorted, disjoint, inclusive ranges. */
export type CharRanges = readonly number[];

export const maxChar = 0x10ffff;
/** Every code point but the surrogates, which are no characters of a text. */
export const anyChar: CharRanges = [0, 0xd7ff, 0xe000, maxChar];

/** The union of ranges in any order, surrogates left out. */
export function normalizeRanges(pairs: CharRanges): CharRanges {
  const list: [number, number][] = [];
  for (let i = 0; i < pairs.length; i += 2) if (pairs[i] <= pairs[i + 1]) list.push([pairs[i], pairs[i + 1]]);
  list.sort((a, b) => a[0] - b[0]);
  const merged: number[] = [];
  for (const [lo, hi] of list) {
    if (merged.length > 0 && lo <= merged[merged.length - 1] + 1)
      merged[merged.length - 1] = Math.max(merged[merged.length - 1], hi);
    else merged.push(lo, hi);
  }
  return intersectRanges(merged, anyChar);
}

/** Ranges of both. */
export function intersectRanges(a: CharRanges, b: CharRanges): CharRanges {
  const out: number[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const lo = Math.max(a[i], b[j]);
    const hi = Math.min(a[i + 1], b[j + 1]);
    if (lo <= hi) out.push(lo, hi);
    if (a[i + 1] < b[j + 1]) i += 2;
    else j += 2;
  }
  return out;
}

/** Every character that is not in the ranges. */
export function negateRanges(ranges: CharRanges): CharRanges {
  const out: number[] = [];
  let next = 0;
  for (let i = 0; i < ranges.length; i += 2) {
    if (ranges[i] > next) out.push(next, ranges[i] - 1);
    next = ranges[i + 1] + 1;
  }
  if (next <= maxChar) out.push(next, maxChar);
  return intersectRanges(out, anyChar);
}

/** The ranges of the characters for which `test` holds. */
export function rangesWhere(test: (char: string) => boolean): CharRanges {
  const out: number[] = [];
  let start = -1;
  for (let c = 0; c <= maxChar + 1; c++) {
    const holds = c <= maxChar && (c < 0xd800 || c > 0xdfff) && test(String.fromCodePoint(c));
    if (holds && start < 0) start = c;
    if (!holds && start >= 0) {
      out.push(start, c - 1);
      start = -1;
    }
  }
  return out;
}

/** Whether the text holds no lone surrogate. */
export function isWellFormed(text: string): boolean {
  return !/[\ud800-\udfff]/u.test(text);
}
