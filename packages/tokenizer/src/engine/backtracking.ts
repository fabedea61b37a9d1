// Byte-pair encoding without merging, after github/rust-gems' `bpe` crate: the last merge of every token is known, so it is known too whether two tokens may
// stand side by side (nothing earlier would have merged across), and an encoding is BPE's exactly when all its neighbours may. The longest token that may
// follow is taken, a shorter one when that leads nowhere. This costs tokens where merging costs bytes; merging (byte-pair-engine.ts) is the slow twin.
// Only merges that come behind those of their parts are known here, as all do that were learned: what is found is exact for any vocabulary, but in one that
// was put together by hand nothing may be found.
import type { PairTable } from '../models/pair-table.ts';
import { TokenPrefixes } from './token-prefixes.ts';
import { GOLD, GOLD2, INFINITE_RANK, type TokenTable } from './token-table.ts';

/** The longest piece that is encoded this way; beyond it the few that lead nowhere could cost too much. */
export const LONGEST_BACKTRACKED = 512;

const MEMO_BITS = 15;
const UNREACHABLE = -1;

export class Backtracking {
  private readonly table: TokenTable;
  private readonly pairs: PairTable | undefined;
  private readonly prefixes: TokenPrefixes;
  /** For each id the tokens of its last merge, one more each: 0 for unknown, UNREACHABLE when no merge is known to give it, itself for a byte. */
  private readonly left: Int32Array;
  private readonly right: Int32Array;
  /** For each id the rank of its last merge, where it is not the id. */
  private readonly rank: Int32Array;
  /** Pairs asked about before: left, right * 2 + answer. */
  private readonly memo = new Int32Array(2 << MEMO_BITS).fill(-1);
  private readonly tokens = new Int32Array(LONGEST_BACKTRACKED);
  private readonly dead = new Int32Array(LONGEST_BACKTRACKED + 1);
  private piece = 0;

  /** `pairs`: explicit rules; without them neighbours merge whose joined bytes are a token, in the order of ids. */
  constructor(table: TokenTable, pairs: PairTable | undefined) {
    this.table = table;
    this.pairs = pairs;
    this.prefixes = new TokenPrefixes(table);
    this.left = new Int32Array(table.size);
    this.right = new Int32Array(table.size);
    this.rank = new Int32Array(pairs === undefined ? 0 : table.size);
  }

  /** Puts the ids of a piece into `out` from `at` on, which has room; returns where they end, or -1 when nothing is found. */
  encode(view: DataView, start: number, end: number, out: Int32Array, at: number): number {
    const { tokens, dead, prefixes } = this;
    const { offsets } = this.table;
    if (this.piece === 0x7fffffff) {
      dead.fill(0);
      this.piece = 0;
    }
    const piece = ++this.piece;
    let count = 0;
    let from = start;
    let most = end - start;
    while (from < end) {
      let id = prefixes.longest(view, from, most);
      while (id >= 0) {
        most = offsets[id + 1] - offsets[id];
        if (
          dead[from + most - start] !== piece &&
          this.isReachable(id) &&
          (count === 0 || this.mayFollow(view, from, from + most, tokens[count - 1], id))
        )
          break;
        id = prefixes.longest(view, from, most - 1);
      }
      if (id >= 0) {
        tokens[count++] = id;
        from += most;
        most = end - from;
        continue;
      }
      if (count === 0) return -1;
      dead[from - start] = piece;
      id = tokens[--count];
      most = offsets[id + 1] - offsets[id];
      from -= most--;
    }
    for (let i = 0; i < count; i++) out[at + i] = tokens[i];
    return at + count;
  }

  /** Whether merging never joins the token `left`, which ends at `middle`, with the one behind it. */
  private mayFollow(view: DataView, middle: number, end: number, left: number, right: number): boolean {
    const { memo } = this;
    const at = ((Math.imul(left, GOLD) ^ Math.imul(right, GOLD2)) >>> (32 - MEMO_BITS)) * 2;
    if (memo[at] === left && memo[at + 1] >> 1 === right) return (memo[at + 1] & 1) === 1;
    const { offsets } = this.table;
    const start = middle - (offsets[left + 1] - offsets[left]);
    const answer = this.isApart(view, start, middle, end, left, right, INFINITE_RANK);
    memo[at] = left;
    memo[at + 1] = right * 2 + (answer ? 1 : 0);
    return answer;
  }

  /**
   * Whether no merge below `limit` crosses `middle`: the merges of both sides are undone, latest first, and whatever stands beside the cut then must not
   * merge earlier than what was undone. Of equal ranks the left one goes first.
   */
  private isApart(
    view: DataView,
    start: number,
    middle: number,
    end: number,
    leftToken: number,
    rightToken: number,
    limit: number,
  ): boolean {
    const { offsets } = this.table;
    let left = leftToken;
    let right = rightToken;
    let from = start;
    let to = end;
    let most = limit;
    for (;;) {
      if (this.rankAcross(view, from, to, left, right) < most) return false;
      const leftRank = this.rankOf(left);
      const rightRank = this.rankOf(right);
      if (leftRank < 0 && rightRank < 0) return true;
      if (leftRank > rightRank) {
        most = leftRank;
        left = this.right[left] - 1;
        from = middle - (offsets[left + 1] - offsets[left]);
      } else {
        most = rightRank + 1;
        right = this.left[right] - 1;
        to = middle + (offsets[right + 1] - offsets[right]);
      }
    }
  }

  /** The rank of the merge of two neighbours. */
  private rankAcross(view: DataView, from: number, to: number, left: number, right: number): number {
    const { pairs } = this;
    if (pairs === undefined) {
      const id = this.table.find(view, from, to);
      return id < 0 ? INFINITE_RANK : id;
    }
    const rule = pairs.lookUp(left, right);
    return rule < 0 ? INFINITE_RANK : pairs.rankAt(rule);
  }

  /** The rank of a reachable token's last merge; -1 for a byte, which has none. */
  private rankOf(id: number): number {
    if (this.left[id] === id + 1) return -1;
    return this.pairs === undefined ? id : this.rank[id];
  }

  /** Whether merging the bytes of a token gives it; its last merge is known afterwards. */
  private isReachable(id: number): boolean {
    const known = this.left[id];
    return known !== 0 ? known !== UNREACHABLE : this.findLastMerge(id);
  }

  private findLastMerge(id: number): boolean {
    const { table, pairs, left: lefts, right: rights } = this;
    const { offsets, view } = table;
    const from = offsets[id];
    const to = offsets[id + 1];
    lefts[id] = id + 1;
    rights[id] = id + 1;
    if (to - from === 1) return true;
    lefts[id] = UNREACHABLE;
    for (let middle = to - 1; middle > from; middle--) {
      const left = table.find(view, from, middle);
      if (left < 0) continue;
      const right = table.find(view, middle, to);
      if (right < 0) continue;
      let rank = id;
      if (pairs !== undefined) {
        const rule = pairs.lookUp(left, right);
        if (rule < 0 || pairs.idAt(rule) !== id) continue;
        rank = pairs.rankAt(rule);
      }
      if (!this.isReachable(left) || !this.isReachable(right)) continue;
      if (this.rankOf(left) >= rank || this.rankOf(right) >= rank) continue;
      if (!this.isApart(view, from, middle, to, left, right, rank)) continue;
      lefts[id] = left + 1;
      rights[id] = right + 1;
      if (pairs !== undefined) this.rank[id] = rank;
      return true;
    }
    return false;
  }
}
