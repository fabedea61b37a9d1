// Guesses copied from the text after its longest repeated suffix, of any length, found by an online suffix automaton
// (Blumer et al. 1985) in amortised constant time an id: the state that the whole text's state links to holds exactly
// the longest suffix that also ends earlier. A shared corpus (other answers, the documents) may be read in first.
import { checkInteger, checkKnown } from '../check.ts';
import type { Proposer } from './proposer.ts';

/** Options of {@link suffixLookup}. */
export interface SuffixLookupOptions {
  /** The shortest suffix that counts, in ids; default 1. */
  readonly minMatch?: number;
  /** Texts to look in besides the sequence itself; default none. Suffixes do not run across their borders. */
  readonly corpus?: readonly (readonly number[])[];
}

/**
 * Guesses what followed the first earlier occurrence of the longest suffix that occurs earlier.
 *
 * Memory: O(length) states.
 *
 * @throws RangeError when minMatch is not a positive integer.
 */
export function suffixLookup(options: SuffixLookupOptions = {}): Proposer {
  checkKnown('suffixLookup', options, ['minMatch', 'corpus']);
  const minMatch = checkInteger('minMatch', options.minMatch ?? 1, 1);
  const text: number[] = [];
  const length = [0];
  const link = [-1];
  const firstEnd = [0]; // where the state's strings first ended: the index after their last id
  const next: Map<number, number>[] = [new Map()];
  let whole = 0; // the state of the whole text

  const addState = (len: number, end: number, edges: Map<number, number>): number => {
    length.push(len);
    link.push(0);
    firstEnd.push(end);
    return next.push(edges) - 1;
  };
  const extend = (id: number): void => {
    text.push(id);
    const state = addState(length[whole] + 1, text.length, new Map());
    let from = whole;
    for (; from >= 0 && !next[from].has(id); from = link[from]) next[from].set(id, state);
    if (from >= 0) {
      const to = next[from].get(id) as number;
      if (length[to] === length[from] + 1) link[state] = to;
      else {
        const copy = addState(length[from] + 1, firstEnd[to], new Map(next[to]));
        link[copy] = link[to];
        link[to] = copy;
        link[state] = copy;
        for (; from >= 0 && next[from].get(id) === to; from = link[from]) next[from].set(id, copy);
      }
    }
    whole = state;
  };
  let border = -1; // never equal to an id or to another border
  for (const document of options.corpus ?? []) {
    for (const id of document) extend(id);
    extend(border--);
  }
  return {
    propose(count) {
      const state = link[whole];
      if (state < 0 || length[state] < minMatch) return { ids: [] };
      const guesses = text.slice(firstEnd[state], firstEnd[state] + count);
      const end = guesses.findIndex((id) => id < 0);
      return { ids: end < 0 ? guesses : guesses.slice(0, end) };
    },
    observe(ids) {
      for (const id of ids) extend(checkInteger('id', id, 0));
    },
  };
}
