// Merging a piece's symbols, the least rank first and of equal ones the leftmost: by scanning for the least rank up to 48 bytes, with a heap beyond, so that
// no input costs more than n log n. Rules are either explicit pairs (tokenizer.json) or implicit: neighbours merge when their joined bytes are a token,
// lower rank first (tiktoken, SentencePiece). `models/bpe.ts` and `reference-bpe.ts` are the slow twins.
import { MergeQueue } from '../models/merge-queue.ts';
import type { PairTable } from '../models/pair-table.ts';
import { charLength, type ScannedText } from '../scanners/character-classes.ts';
import type { LastMerges } from './last-merges.ts';
import type { TokenPrefixes } from './token-prefixes.ts';
import { INFINITE_RANK, type TokenTable } from './token-table.ts';

/** What merges, and in which order. */
export interface MergeRules {
  readonly table: TokenTable;
  /** Explicit merge rules; without them any two neighbours whose joined bytes are a token merge. */
  readonly pairs?: PairTable;
  /** Order of implicit merges by id; default: the id itself. */
  readonly rankOf?: Int32Array;
  /** Symbols are characters, not bytes; for each byte the token of a character's byte that is outside the vocabulary. */
  readonly byteFallback?: Int32Array;
}

const SHORT = 48;

export class Merging {
  private readonly table: TokenTable;
  private readonly prefixes: TokenPrefixes;
  private readonly pairs: PairTable | undefined;
  private readonly rankOf: Int32Array | undefined;
  private readonly byteFallback: Int32Array | undefined;
  /** First merges of byte symbols: rank and id for each pair of bytes. */
  private readonly firstRank: Int32Array | undefined;
  private readonly firstId: Int32Array | undefined;
  private readonly starts = new Int32Array(SHORT + 4);
  private readonly ids = new Int32Array(SHORT + 4);
  private readonly ranks = new Int32Array(SHORT + 4);
  private readonly results = new Int32Array(SHORT + 4);
  private readonly queue = new MergeQueue();

  constructor({ table, pairs, rankOf, byteFallback }: MergeRules, prefixes: TokenPrefixes) {
    this.table = table;
    this.prefixes = prefixes;
    this.pairs = pairs;
    this.rankOf = rankOf;
    this.byteFallback = byteFallback;
    if (byteFallback === undefined) [this.firstRank, this.firstId] = this.bytePairs();
  }

  /** Puts the ids of a piece into `out` from `at` on, which has room for one a byte; returns where they end. `lasts` is told of every merge. */
  merge(
    text: ScannedText,
    start: number,
    end: number,
    out: Int32Array,
    at: number,
    lasts?: LastMerges,
  ): number {
    return end - start > SHORT
      ? this.mergeLong(text, start, end, out, at, lasts)
      : this.mergeShort(text, start, end, out, at, lasts);
  }

  /** A piece of up to SHORT bytes: the least rank is found by looking at all. */
  private mergeShort(
    text: ScannedText,
    start: number,
    end: number,
    out: Int32Array,
    at: number,
    lasts: LastMerges | undefined,
  ): number {
    const { ids, ranks, results, starts, pairs } = this;
    const { firstRank, firstId } = this;
    let count = this.symbols(text, start, end, ids, starts);
    let least = INFINITE_RANK;
    let where = -1;
    for (let i = 0; i < count - 1; i++) {
      if (firstRank !== undefined && firstId !== undefined) {
        const both = (text.bytes[start + i] << 8) | text.bytes[start + i + 1];
        ranks[i] = firstRank[both];
        results[i] = firstId[both];
      } else if (pairs !== undefined) this.rateByPair(pairs, i);
      else this.rateByBytes(text.view, i);
      if (ranks[i] < least) {
        least = ranks[i];
        where = i;
      }
    }
    ranks[count - 1] = INFINITE_RANK;
    while (least !== INFINITE_RANK) {
      lasts?.note(ids[where], ids[where + 1], results[where], least);
      ids[where] = results[where];
      count--;
      for (let k = where + 1; k < count; k++) {
        ids[k] = ids[k + 1];
        ranks[k] = ranks[k + 1];
        results[k] = results[k + 1];
        starts[k] = starts[k + 1];
      }
      starts[count] = end;
      if (where === count - 1) ranks[where] = INFINITE_RANK;
      else if (pairs !== undefined) this.rateByPair(pairs, where);
      else this.rateByBytes(text.view, where);
      if (where > 0) {
        if (pairs !== undefined) this.rateByPair(pairs, where - 1);
        else this.rateByBytes(text.view, where - 1);
      }
      least = INFINITE_RANK;
      for (let k = 0; k < count - 1; k++) {
        if (ranks[k] < least) {
          least = ranks[k];
          where = k;
        }
      }
    }
    let write = at;
    for (let i = 0; i < count; i++) {
      if (ids[i] >= 0) out[write++] = ids[i];
      else write = this.emitBytes(text.bytes, starts[i], starts[i + 1], out, write);
    }
    return write;
  }

  private rateByPair(pairs: PairTable, i: number): void {
    const rule = pairs.lookUp(this.ids[i], this.ids[i + 1]);
    if (rule < 0) this.ranks[i] = INFINITE_RANK;
    else {
      this.ranks[i] = pairs.rankAt(rule);
      this.results[i] = pairs.idAt(rule);
    }
  }

  private rateByBytes(view: DataView, i: number): void {
    const id = this.prefixes.find(view, this.starts[i], this.starts[i + 2]);
    this.results[i] = id;
    this.ranks[i] = id < 0 ? INFINITE_RANK : this.rankOf === undefined ? id : this.rankOf[id];
  }

  /**
   * Initial symbols of a piece, their ids and where they begin: bytes, or characters. A character that is no token is its bytes at once under explicit
   * rules, and one symbol without an id under implicit ones, where joined bytes decide.
   */
  private symbols(
    text: ScannedText,
    start: number,
    end: number,
    ids: Int32Array,
    starts: Int32Array,
  ): number {
    const { table, pairs } = this;
    const { bytes } = text;
    const fallback = this.byteFallback;
    let count = 0;
    if (fallback === undefined) {
      for (let i = start; i < end; i++) {
        starts[count] = i;
        ids[count++] = table.byteId[bytes[i]];
      }
    } else {
      for (let i = start; i < end; ) {
        const next = i + charLength(bytes[i]);
        const id = table.find(text.view, i, next);
        if (id >= 0 || pairs === undefined) {
          starts[count] = i;
          ids[count++] = id;
        } else {
          for (let k = i; k < next; k++) {
            starts[count] = k;
            ids[count++] = fallback[bytes[k]];
          }
        }
        i = next;
      }
    }
    starts[count] = end;
    return count;
  }

  /** A character that is no token, as the tokens of its bytes. */
  private emitBytes(bytes: Uint8Array, start: number, end: number, out: Int32Array, at: number): number {
    const fallback = this.byteFallback ?? this.table.byteId;
    let next = at;
    for (let k = start; k < end; k++) out[next++] = fallback[bytes[k]];
    return next;
  }

  /** n log n: symbols in a linked list, candidates in a heap. */
  private mergeLong(
    text: ScannedText,
    start: number,
    end: number,
    out: Int32Array,
    at: number,
    lasts: LastMerges | undefined,
  ): number {
    const { prefixes, pairs, rankOf, queue } = this;
    const { view } = text;
    const ids = new Int32Array(end - start + 1);
    const starts = new Int32Array(end - start + 1);
    const count = this.symbols(text, start, end, ids, starts);
    const next = new Int32Array(count + 1);
    const previous = new Int32Array(count + 1);
    // The rank of the pair that begins at a symbol, -1 for none; stale heap entries differ from it.
    const ranks = new Int32Array(count + 1).fill(-1);
    const results = new Int32Array(count + 1);
    queue.clear();
    const rate = (left: number): void => {
      const right = next[left];
      ranks[left] = -1;
      if (right >= count) return;
      if (pairs !== undefined) {
        const rule = pairs.lookUp(ids[left], ids[right]);
        if (rule < 0) return;
        ranks[left] = pairs.rankAt(rule);
        results[left] = pairs.idAt(rule);
      } else {
        const id = prefixes.find(view, starts[left], starts[next[right]]);
        if (id < 0) return;
        ranks[left] = rankOf === undefined ? id : rankOf[id];
        results[left] = id;
      }
      queue.push(ranks[left], left);
    };
    for (let i = 0; i < count; i++) {
      next[i] = i + 1;
      previous[i] = i - 1;
    }
    for (let i = 0; i + 1 < count; i++) rate(i);
    while (queue.size > 0) {
      const key = queue.pop();
      const rank = MergeQueue.rankOf(key);
      const left = key - rank * MergeQueue.POSITIONS;
      if (ranks[left] !== rank) continue;
      const right = next[left];
      lasts?.note(ids[left], ids[right], results[left], rank);
      ids[left] = results[left];
      ranks[right] = -1;
      next[left] = next[right];
      if (next[right] < count) previous[next[right]] = left;
      rate(left);
      if (previous[left] >= 0) rate(previous[left]);
    }
    let write = at;
    for (let i = 0; i < count; i = next[i]) {
      if (ids[i] >= 0) out[write++] = ids[i];
      else write = this.emitBytes(text.bytes, starts[i], starts[next[i]], out, write);
    }
    return write;
  }

  private bytePairs(): [Int32Array, Int32Array] {
    const ranks = new Int32Array(65536).fill(INFINITE_RANK);
    const ids = new Int32Array(65536);
    const { table, pairs, rankOf } = this;
    for (let a = 0; a < 256; a++) {
      for (let b = 0; b < 256; b++) {
        const at = (a << 8) | b;
        if (pairs !== undefined) {
          const rule = pairs.lookUp(table.byteId[a], table.byteId[b]);
          if (rule < 0) continue;
          ranks[at] = pairs.rankAt(rule);
          ids[at] = pairs.idAt(rule);
        } else {
          const id = table.findShort(a | (b << 8), 0, 2);
          if (id < 0) continue;
          ranks[at] = rankOf === undefined ? id : rankOf[id];
          ids[at] = id;
        }
      }
    }
    return [ranks, ids];
  }
}
