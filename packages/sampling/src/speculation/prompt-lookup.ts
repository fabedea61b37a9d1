// Guesses copied from the text itself: what followed the last occurrence of its longest repeated suffix of at most
// maxNgram ids (Saxena 2023, "prompt lookup decoding"). Good for summaries, code edits and quotations; there is no
// draft model. `suffixLookup` finds the longest suffix of any length instead.
import { checkInteger, checkKnown } from '../check.ts';
import type { Proposer } from './proposer.ts';

/** Options of {@link promptLookup}. */
export interface PromptLookupOptions {
  /** The longest suffix that is looked for, in ids; default 3. */
  readonly maxNgram?: number;
  /** The shortest; default 1. */
  readonly minNgram?: number;
  /** Which earlier occurrence counts: `'last'` (default) or `'first'` (as Hugging Face). */
  readonly occurrence?: 'first' | 'last';
}

/**
 * Guesses what followed an earlier occurrence of the text's last ids, longest suffix first.
 *
 * @throws RangeError for sizes that are no positive integers or minNgram > maxNgram.
 * @example
 * ```ts
 * import { promptLookup } from '@ashlar/sampling';
 * const lookup = promptLookup();
 * lookup.observe([1, 2, 3, 4, 1, 2]);
 * lookup.propose(3) // => { ids: [3, 4, 1] }
 * ```
 */
export function promptLookup(options: PromptLookupOptions = {}): Proposer {
  checkKnown('promptLookup', options, ['maxNgram', 'minNgram', 'occurrence']);
  const maxNgram = checkInteger('maxNgram', options.maxNgram ?? 3, 1);
  const minNgram = checkInteger('minNgram', options.minNgram ?? 1, 1);
  const occurrence = options.occurrence ?? 'last';
  if (minNgram > maxNgram) throw new RangeError(`minNgram: expected at most ${maxNgram}, got ${minNgram}`);
  if (occurrence !== 'first' && occurrence !== 'last')
    throw new TypeError(`occurrence: expected 'first' or 'last', got ${String(occurrence)}`);
  const text: number[] = [];
  const matches = (start: number, n: number): boolean => {
    for (let i = 0; i < n; i++) if (text[start + i] !== text[text.length - n + i]) return false;
    return true;
  };
  return {
    propose(count) {
      for (let n = Math.min(maxNgram, text.length - 1); n >= minNgram; n--) {
        const last = text.length - n - 1;
        for (let i = 0; i <= last; i++) {
          const start = occurrence === 'last' ? last - i : i;
          if (matches(start, n)) return { ids: text.slice(start + n, start + n + count) };
        }
      }
      return { ids: [] };
    },
    observe(ids) {
      for (const id of ids) text.push(id);
    },
  };
}
