// What tokens do inside a JSON string that any characters may continue: stay inside, or end it somewhere. Found once for
// a vocabulary, because most of the tokens of most steps are in such a string.
import { insideAnyString } from './text-lexeme.ts';
import type { TokenTrie } from './token-trie.ts';

/** Tokens and ends within a free string, short ones first. */
export interface StringTokens {
  /** The tokens that stay inside, by how many characters they need at least. */
  readonly ids: Int32Array;
  /** How many need at most so many, by that. */
  readonly ends: Int32Array;
  /** All that stay inside, as bits. */
  readonly mask: Uint32Array;
  /** The nodes at whose byte the string ends, by the characters before it. */
  readonly exits: Int32Array;
  /** How many exits come after at most so many characters, by that. */
  readonly exitEnds: Int32Array;
}

/** Reads every token from inside a string. */
export function stringTokens(trie: TokenTrie, vocabSize: number): StringTokens {
  const { bytes, depths, skips, firsts, tokens } = trie;
  const deepest = depths.reduce((a, b) => Math.max(a, b), 0);
  const states = new Int32Array(deepest + 1);
  const lengths = new Int32Array(deepest + 1);
  const mask = new Uint32Array((vocabSize + 31) >> 5);
  const ids = new Int32Array(tokens.length);
  const needs = new Uint16Array(tokens.length);
  let stay = 0;
  const exits: number[] = [];
  const exitLengths: number[] = [];
  const { rows } = insideAnyString;
  for (let n = 1; n < bytes.length; ) {
    const depth = depths[n];
    const from = states[depth - 1];
    const next = (rows[from] ?? insideAnyString.row(from))[bytes[n]];
    if (next < 0) {
      n = skips[n];
      continue;
    }
    const length = lengths[depth - 1] + (insideAnyString.emit(from, bytes[n]) >= 0 ? 1 : 0);
    if (insideAnyString.accepts(next)) {
      exits.push(n);
      exitLengths.push(length);
      n = skips[n];
      continue;
    }
    states[depth] = next;
    lengths[depth] = length;
    for (let t = firsts[n]; t < firsts[n + 1]; t++) {
      const id = tokens[t];
      ids[stay] = id;
      needs[stay++] = next === 0 ? length : length + 1; // state 0 is between characters; elsewhere one has begun
      mask[id >> 5] |= 1 << (id & 31);
    }
    n++;
  }
  const inside = byLength(ids.subarray(0, stay), needs.subarray(0, stay));
  const leave = byLength(exits, exitLengths);
  return { ids: inside.values, ends: inside.ends, mask, exits: leave.values, exitEnds: leave.ends };
}

/** Values by length, short ones first; `ends[l]` is how many have at most length l. */
export function byLength(
  values: ArrayLike<number>,
  lengths: ArrayLike<number>,
): { readonly values: Int32Array; readonly ends: Int32Array } {
  let longest = 0;
  for (let i = 0; i < lengths.length; i++) longest = Math.max(longest, lengths[i]);
  const places = new Int32Array(longest + 2);
  for (let i = 0; i < lengths.length; i++) places[lengths[i] + 1]++;
  for (let length = 1; length < places.length; length++) places[length] += places[length - 1];
  const sorted = new Int32Array(values.length);
  // places[l] is where length l begins; as its values are placed it becomes where it ends.
  for (let i = 0; i < values.length; i++) sorted[places[lengths[i]]++] = values[i];
  return { values: sorted, ends: places.slice(0, longest + 1) };
}
