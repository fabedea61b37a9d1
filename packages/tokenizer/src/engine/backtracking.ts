// Byte-pair encoding without merging, after github/rust-gems' `bpe` crate: the last merge of every token is known, so it is known too whether two tokens may
// stand side by side (nothing earlier would have merged across), and an encoding is BPE's exactly when all its neighbours may. The longest token that may
// follow is taken, a shorter one when that leads nowhere. This costs tokens where merging costs bytes; merging (byte-pair-engine.ts) is the slow twin.
// Only merges that come behind those of their parts are known here, as all do that were learned: what is found is exact for any vocabulary, but in one that
// was put together by hand nothing may be found.
import type { PairTable } from '../models/pair-table.ts';
import { LastMerges } from './last-merges.ts';
import type { Merging } from './merging.ts';
import type { TokenPrefixes } from './token-prefixes.ts';
import { GOLD, GOLD2, INFINITE_RANK, type TokenTable } from './token-table.ts';

/** The longest piece that is encoded this way; beyond it the few that lead nowhere could cost too much. */
export const LONGEST_BACKTRACKED = 512;

const MEMO_BITS = 15;

export class Backtracking {
  private readonly table: TokenTable;
  private readonly pairs: PairTable | undefined;
  private readonly prefixes: TokenPrefixes;
  private readonly merging: Merging;
  private readonly lasts: LastMerges;
  /** Pairs asked about before: left + 1, right * 2 + answer. */
  private readonly memo = new Int32Array(2 << MEMO_BITS);
  private readonly tokens = new Int32Array(LONGEST_BACKTRACKED);
  private readonly dead = new Int32Array(LONGEST_BACKTRACKED + 1);
  private readonly scratch = new Int32Array(LONGEST_BACKTRACKED);
  private piece = 0;

  /** `merging` by the same rules. */
  constructor(prefixes: TokenPrefixes, pairs: PairTable | undefined, merging: Merging) {
    this.table = prefixes.table;
    this.pairs = pairs;
    this.prefixes = prefixes;
    this.merging = merging;
    this.lasts = new LastMerges(prefixes.table);
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
    if (memo[at] === left + 1 && memo[at + 1] >> 1 === right) return (memo[at + 1] & 1) === 1;
    const { offsets } = this.table;
    const start = middle - (offsets[left + 1] - offsets[left]);
    const answer = this.isApart(view, start, middle, end, left, right);
    memo[at] = left + 1;
    memo[at + 1] = right * 2 + (answer ? 1 : 0);
    return answer;
  }

  /**
   * Whether no merge crosses `middle`: the merges of both sides are undone, latest first, and whatever stands beside the cut then must not merge
   * earlier than what was undone. Of equal ranks the left one goes first.
   */
  private isApart(
    view: DataView,
    start: number,
    middle: number,
    end: number,
    leftToken: number,
    rightToken: number,
  ): boolean {
    const { lasts } = this;
    const { offsets } = this.table;
    let left = leftToken;
    let right = rightToken;
    let from = start;
    let to = end;
    let most = INFINITE_RANK;
    for (;;) {
      if (this.rankAcross(view, from, to, left, right) < most) return false;
      const leftRank = lasts.rankOf(left);
      const rightRank = lasts.rankOf(right);
      if (leftRank < 0 && rightRank < 0) return true;
      if (leftRank > rightRank) {
        most = leftRank;
        left = lasts.rightOf(left);
        from = middle - (offsets[left + 1] - offsets[left]);
      } else {
        most = rightRank + 1;
        right = lasts.leftOf(right);
        to = middle + (offsets[right + 1] - offsets[right]);
      }
    }
  }

  /** The rank of the merge of two neighbours. */
  private rankAcross(view: DataView, from: number, to: number, left: number, right: number): number {
    const { pairs } = this;
    if (pairs === undefined) {
      const id = this.prefixes.find(view, from, to);
      return id < 0 ? INFINITE_RANK : id;
    }
    const rule = pairs.lookUp(left, right);
    return rule < 0 ? INFINITE_RANK : pairs.rankAt(rule);
  }

  /** Whether merging the bytes of a token gives it. */
  private isReachable(id: number): boolean {
    return this.lasts.isKnown(id) ?? this.learn(id);
  }

  private learn(id: number): boolean {
    const { lasts, table, scratch } = this;
    this.merging.merge(table, table.offsets[id], table.offsets[id + 1], scratch, 0, lasts);
    lasts.close(id);
    return lasts.isKnown(id) === true;
  }
}
