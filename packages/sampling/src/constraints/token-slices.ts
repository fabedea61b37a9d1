// Tokens by what they are made of. Where an automaton can read any text of some characters, all tokens made of those
// are allowed at once, and only the others have to be walked (llguidance's slices; xgrammar's context-independent
// tokens). Characters of a slice stand for themselves in JSON strings too.
import type { CharRanges } from './char-ranges.ts';
import { byLength } from './string-tokens.ts';
import { buildTrie, type TextPool, type TokenTrie, trieRoom } from './token-trie.ts';

/** The tokens that are whole characters of some ranges, and the others. */
export interface TokenSlice {
  readonly ranges: CharRanges;
  /** Its tokens by their length in characters, short ones first. */
  readonly ids: Int32Array;
  /** How many tokens have at most so many characters, by that; the last entry counts all. */
  readonly ends: Int32Array;
  /** All of its tokens as bits. */
  readonly mask: Uint32Array;
  /** The trie of all other tokens. */
  readonly rest: TokenTrie;
}

/** What a character is: one bit of a token's kinds. */
const [lower, upper, digit, space, joint, point, mark, other, broken] = [1, 2, 4, 8, 16, 32, 64, 128, 256];

const kindOf = (byte: number): number => {
  if (byte >= 0x61 && byte <= 0x7a) return lower;
  if (byte >= 0x41 && byte <= 0x5a) return upper;
  if (byte >= 0x30 && byte <= 0x39) return digit;
  if (byte === 0x20) return space;
  if (byte === 0x2d || byte === 0x5f) return joint; // - _
  if (byte === 0x2c || byte === 0x2e || byte === 0x27) return point; // , . '
  return byte < 0x20 || byte === 0x22 || byte === 0x5c ? broken : mark;
};
const kinds = Uint16Array.from({ length: 128 }, (_, byte) => kindOf(byte));

/** The slices, from the widest to the narrowest. */
const slices = [
  lower | upper | digit | space | joint | point | mark | other,
  lower | upper | digit | space | joint | point | other,
  lower | upper | digit | space | joint,
  lower | upper | digit | joint,
  lower | upper | space,
  lower,
];

/** Cuts the vocabulary; `texts` stand in the order of their bytes. */
export function sliceTokens(texts: TextPool, ids: Int32Array, vocabSize: number): TokenSlice[] {
  const count = ids.length;
  const kindsOf = new Uint16Array(count);
  const lengths = new Uint16Array(count);
  for (let rank = 0; rank < count; rank++) {
    const { kinds: own, length } = read(texts, rank);
    kindsOf[rank] = own;
    lengths[rank] = length;
  }
  const { values: ranks } = byLength(
    Int32Array.from({ length: count }, (_, rank) => rank),
    lengths,
  );
  const room = trieRoom(texts);
  return slices.map((set) => {
    const own = new Int32Array(count);
    const ends: number[] = [0];
    const mask = new Uint32Array((vocabSize + 31) >> 5);
    let size = 0;
    for (let i = 0; i < count; i++) {
      const rank = ranks[i];
      if ((kindsOf[rank] & ~set) !== 0) continue;
      while (ends.length <= lengths[rank]) ends.push(size);
      const id = ids[rank];
      own[size++] = id;
      ends[lengths[rank]] = size;
      mask[id >> 5] |= 1 << (id & 31);
    }
    const rest = buildTrie(texts, ids, { keep: (rank) => (kindsOf[rank] & ~set) !== 0, room });
    return { ranges: rangesOf(set), ids: own.slice(0, size), ends: Int32Array.from(ends), mask, rest };
  });
}

/** The kinds of a text's characters, and how many they are; broken where it is not whole UTF-8. */
function read({ pool, starts }: TextPool, rank: number): { kinds: number; length: number } {
  let all = 0;
  let length = 0;
  const end = starts[rank + 1];
  for (let at = starts[rank]; at < end; length++) {
    const byte = pool[at];
    if (byte < 0x80) {
      all |= kinds[byte];
      at++;
      continue;
    }
    const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    if (byte < 0xc2 || byte > 0xf4 || at + size > end) return { kinds: broken, length };
    let value = byte & (size === 2 ? 0x1f : size === 3 ? 0x0f : 0x07);
    for (let i = 1; i < size; i++) {
      if ((pool[at + i] & 0xc0) !== 0x80) return { kinds: broken, length };
      value = (value << 6) | (pool[at + i] & 0x3f);
    }
    const least = size === 3 ? 0x800 : 0x10000;
    if ((size > 2 && value < least) || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
      return { kinds: broken, length };
    all |= other;
    at += size;
  }
  return { kinds: all, length };
}

function rangesOf(set: number): CharRanges {
  const ranges: number[] = [];
  for (let byte = 0x20; byte < 0x80; byte++) {
    if ((kinds[byte] & set) === 0) continue;
    if (ranges[ranges.length - 1] === byte - 1) ranges[ranges.length - 1] = byte;
    else ranges.push(byte, byte);
  }
  if ((set & other) === 0) return ranges;
  // Up to the surrogates, and behind them.
  return ranges[ranges.length - 1] === 0x7f
    ? [...ranges.slice(0, -1), 0xd7ff, 0xe000, 0x10ffff]
    : [...ranges, 0x80, 0xd7ff, 0xe000, 0x10ffff];
}
