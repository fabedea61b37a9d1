// The walk of a trie within one lexeme: which tokens stay inside, and at which nodes the lexeme may end.
import { accepting, continuing, type Lexeme, lengthUnit } from './lexeme.ts';
import { insideAnyString } from './text-lexeme.ts';
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
// strings share, else -1; the character completed; with a bound, the length.
let states = new Int32Array(64);
let origins = new Int32Array(64);
let chars = new Int32Array(64);
let lengths = new Int32Array(64);

/**
 * Walks below `node`, where the lexeme is in state `at`, and marks what stays inside. Exits come together: all of them,
 * or, where their text may matter (`byText`), by the state that the characters have come to, and by their text in states
 * of which it says so.
 */
export function walkLexeme(
  trie: TokenTrie,
  node: number,
  lexeme: Lexeme,
  at: number,
  mask: Uint32Array,
  byText: ((origin: number) => boolean) | undefined,
): LexemeExits[] {
  if (lexeme.bound !== undefined) return walkCounting(trie, node, lexeme, at, mask);
  const { bytes, depths, skips, firsts, tokens } = trie;
  const base = depths[node];
  const groups = new Map<string | number, LexemeExits>();
  const begun = lexeme.shared(at);
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
    if (byText !== undefined) chars[depth] = reader.emit(from, bytes[n]);
    const mark = reader.marks[next] ?? reader.mark(next);
    if ((mark & accepting) !== 0) {
      const place = origin >= 0 ? origin : lexeme.origin(from);
      const key = byText === undefined ? '' : byText(place) ? textOf(depth) : place;
      const group = groups.get(key);
      if (group === undefined)
        groups.set(key, { nodes: [n], text: byText === undefined ? '' : textOf(depth) });
      else group.nodes.push(n);
    }
    if ((mark & continuing) === 0) {
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

/** The same where the length is bounded, and where exits need no telling apart. */
function walkCounting(
  trie: TokenTrie,
  node: number,
  lexeme: Lexeme,
  at: number,
  mask: Uint32Array,
): LexemeExits[] {
  const { bytes, depths, skips, firsts, tokens } = trie;
  const base = depths[node];
  const nodes: number[] = [];
  states[0] = at % lengthUnit;
  lengths[0] = Math.floor(at / lengthUnit);
  for (let n = node + 1; n < skips[node]; ) {
    const depth = depths[n] - base;
    if (depth >= states.length) grow(depth);
    const from = states[depth - 1];
    const next = (lexeme.rows[from] ?? lexeme.row(from))[bytes[n]];
    const length = next < 0 ? -1 : lexeme.lengthAfter(lengths[depth - 1], from, next);
    if (length < 0) {
      n = skips[n];
      continue;
    }
    const mark = lexeme.marks[next] ?? lexeme.mark(next);
    if ((mark & accepting) !== 0) nodes.push(n);
    if ((mark & continuing) === 0) {
      n = skips[n];
      continue;
    }
    for (let t = firsts[n]; t < firsts[n + 1]; t++) mask[tokens[t] >> 5] |= 1 << (tokens[t] & 31);
    states[depth] = next;
    lengths[depth] = length;
    n++;
  }
  return nodes.length === 0 ? [] : [{ nodes, text: '' }];
}

function grow(depth: number): void {
  const size = 2 * depth + 16;
  const larger = (from: Int32Array): Int32Array<ArrayBuffer> => {
    const to = new Int32Array(size);
    to.set(from);
    return to;
  };
  states = larger(states);
  origins = larger(origins);
  chars = larger(chars);
  lengths = larger(lengths);
}

function textOf(depth: number): string {
  let text = '';
  for (let d = 1; d <= depth; d++) if (chars[d] >= 0) text += String.fromCodePoint(chars[d]);
  return text;
}
