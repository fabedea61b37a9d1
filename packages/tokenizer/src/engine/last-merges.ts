// The last merge of every token, as merging shows it: within a text the bytes of a token always merge in the same way, so any piece may tell.
import type { TokenTable } from './token-table.ts';

/** Merging does not give the token, or gives it by a merge that comes before one of its parts' (in a list that nobody learned), which does not help. */
const UNKNOWABLE = -1;

export class LastMerges {
  /** For each id the tokens that were merged, one more each: 0 while unknown, itself for a byte. */
  private readonly left: Int32Array;
  private readonly right: Int32Array;
  private readonly rank: Int32Array;

  constructor(table: TokenTable) {
    this.left = new Int32Array(table.size);
    this.right = new Int32Array(table.size);
    this.rank = new Int32Array(table.size);
    for (const id of table.byteId) {
      this.left[id] = id + 1;
      this.right[id] = id + 1;
      this.rank[id] = -1;
    }
  }

  /** Two neighbours have become the token `id`. */
  note(left: number, right: number, id: number, rank: number): void {
    if (this.left[id] !== 0) return;
    const rises =
      this.left[left] > 0 && this.left[right] > 0 && this.rank[left] < rank && this.rank[right] < rank;
    this.left[id] = rises ? left + 1 : UNKNOWABLE;
    this.right[id] = right + 1;
    this.rank[id] = rank;
  }

  /** What merging the token's bytes has not told will not be told. */
  close(id: number): void {
    if (this.left[id] === 0) this.left[id] = UNKNOWABLE;
  }

  /** Whether the last merge is known; undefined before it was asked for. */
  isKnown(id: number): boolean | undefined {
    const left = this.left[id];
    return left === 0 ? undefined : left > 0;
  }

  /** The tokens that a token with a rank was merged from. */
  leftOf(id: number): number {
    return this.left[id] - 1;
  }

  rightOf(id: number): number {
    return this.right[id] - 1;
  }

  /** The rank of the last merge; -1 for a byte, which has none. */
  rankOf(id: number): number {
    return this.rank[id];
  }
}
