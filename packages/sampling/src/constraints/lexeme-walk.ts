// The walk of a trie within one lexeme: which tokens stay inside, and at which nodes the lexeme may end.
import { insideAnyString, type Lexeme } from './lexeme.ts';
import type { TokenTrie } from './token-trie.ts';

/** Nodes at which the lexeme may end, with one of the texts it may have read to there. */
export interface LexemeExits {
  readonly nodes: number[];
  readonly text: string;
}

/** A kept walk from the top of a trie. */
export interface LexemeWalk {
  readonly trie: TokenTrie;
  /** The tokens that stay inside. */
  readonly inside: Uint32Array;
  readonly exits: readonly LexemeExits[];
  /** Tokens outside of the trie that are neither known to stay inside nor looked at. */
  readonly undecided: Int32Array;
}

// By depth, kept between walks: the state; the lexeme's own state of a free place while the walk is in the one that all
// strings share, else -1; the character completed.
let [states, origins, chars] = [new Int32Array(0), new Int32Array(0), new Int32Array(0)];

/**
 * Walks below `node`, where the lexeme is in state `at`, and marks what stays inside. Exits come together: all of them,
 * or by the state that the characters have come to, or by their text (where that is free, by the state it is free in).
 */
export function walkLexeme(
  trie: TokenTrie,
  node: number,
  lexeme: Lexeme,
  at: number,
  mask: Uint32Array,
  by: 'nothing' | 'state' | 'text',
): LexemeExits[] {
  const { bytes, depths, skips, firsts, tokens } = trie;
  const base = depths[node];
  const groups = new Map<string | number, LexemeExits>();
  const begun = lexeme.shared(at);
  if (states.length === 0) grow(16);
  states[0] = begun?.state ?? at;
  origins[0] = begun?.origin ?? -1;
  for (let n = node + 1; n < skips[node]; ) {
    const depth = depths[n] - base;
    if (depth >= states.length) grow(depth);
    const from = states[depth - 1];
    const origin = origins[depth - 1];
    const reader = origin >= 0 ? insideAnyString : lexeme;
    const next = (reader.rows[from] ?? reader.row(from))[bytes[n]];
    if (next < 0) {
      n = skips[n];
      continue;
    }
    if (by !== 'nothing') chars[depth] = reader.emits(from)[bytes[n]];
    if (reader.accepts(next)) {
      let key: string | number = '';
      if (by === 'state') key = origin >= 0 ? origin : lexeme.origin(from);
      else if (by === 'text') key = origin >= 0 ? origin : textOf(depth);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { nodes: [n], text: by === 'nothing' ? '' : textOf(depth) });
      else group.nodes.push(n);
    }
    if (!reader.continues(next)) {
      n = skips[n];
      continue;
    }
    for (let t = firsts[n]; t < firsts[n + 1]; t++) mask[tokens[t] >> 5] |= 1 << (tokens[t] & 31);
    const shared = origin >= 0 ? undefined : lexeme.shared(next);
    states[depth] = shared?.state ?? next;
    origins[depth] = origin >= 0 ? origin : (shared?.origin ?? -1);
    n++;
  }
  return [...groups.values()];
}

function grow(depth: number): void {
  const size = 2 * depth + 16;
  const larger = (from: Int32Array): Int32Array<ArrayBuffer> => {
    const to = new Int32Array(size);
    to.set(from);
    return to;
  };
  [states, origins, chars] = [larger(states), larger(origins), larger(chars)];
}

function textOf(depth: number): string {
  let text = '';
  for (let d = 1; d <= depth; d++) if (chars[d] >= 0) text += String.fromCodePoint(chars[d]);
  return text;
}
