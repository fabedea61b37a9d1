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
  private readonly firsts: Int32Array | undefined;
  private readonly starts = new Int32Array(SHORT + 4);
  private readonly ids = new Int32Array(SHORT + 4);
  private readonly ranks = new Int32Array(SHORT + 4);
  private readonly results = new Int32Array(SHORT + 4);
  private readonly next = new Int32Array(SHORT + 4);
  private readonly previous = new Int32Array(SHORT + 4);
  private readonly queue = new MergeQueue();

  constructor({ table, pairs, rankOf, byteFallback }: MergeRules, prefixes: TokenPrefixes) {
    this.table = table;
    this.prefixes = prefixes;
    this.pairs = pairs;
    this.rankOf = rankOf;
    this.byteFallback = byteFallback;
    if (byteFallback === undefined) this.firsts = this.bytePairs();
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

  /**
   * A piece of up to SHORT bytes: the least rank is found by looking at all. Symbols stay where they began, so that a merge moves nothing: the right one
   * loses its rank, and links lead past it.
   */
  private mergeShort(
    text: ScannedText,
    start: number,
    end: number,
    out: Int32Array,
    at: number,
    lasts: LastMerges | undefined,
  ): number {
    const { ids, ranks, results, starts, next, previous, firsts } = this;
    const { bytes, view } = text;
    const count = this.symbols(text, start, end, ids, starts);
    for (let i = 0; i < count; i++) {
      next[i] = i + 1;
      previous[i] = i - 1;
    }
    if (firsts !== undefined) {
      let pair = bytes[start];
      for (let i = 1; i < count; i++) {
        pair = ((pair << 8) | bytes[start + i]) & 0xffff;
        ranks[i - 1] = firsts[pair * 2];
        results[i - 1] = firsts[pair * 2 + 1];
      }
      ranks[count - 1] = INFINITE_RANK;
    } else for (let i = 0; i < count; i++) this.rate(view, i, count);
    for (;;) {
      let least = INFINITE_RANK;
      let where = 0;
      for (let k = 0; k < count; k++) {
        const rank = ranks[k];
        if (rank < least) {
          least = rank;
          where = k;
        }
      }
      if (least === INFINITE_RANK) break;
      const right = next[where];
      lasts?.note(ids[where], ids[right], results[where], least);
      ids[where] = results[where];
      ranks[right] = INFINITE_RANK;
      const after = next[right];
      next[where] = after;
      if (after < count) previous[after] = where;
      this.rate(view, where, count);
      if (where > 0) this.rate(view, previous[where], count);
    }
    let write = at;
    for (let i = 0; i < count; i = next[i]) {
      if (ids[i] >= 0) out[write++] = ids[i];
      else write = this.emitBytes(bytes, starts[i], starts[next[i]], out, write);
    }
    return write;
  }

  /** The rank of a symbol of a short piece with the one behind it, and what they become. */
  private rate(view: DataView, left: number, count: number): void {
    const { ranks, next, starts, pairs } = this;
    const right = next[left];
    if (right >= count) {
      ranks[left] = INFINITE_RANK;
      return;
    }
    if (pairs !== undefined) {
      const rule = pairs.lookUp(this.ids[left], this.ids[right]);
      if (rule < 0) ranks[left] = INFINITE_RANK;
      else {
        ranks[left] = pairs.rankAt(rule);
        this.results[left] = pairs.idAt(rule);
      }
      return;
    }
    const id = this.prefixes.find(view, starts[left], starts[next[right]]);
    this.results[left] = id;
    ranks[left] = id < 0 ? INFINITE_RANK : this.rankOf === undefined ? id : this.rankOf[id];
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

  private bytePairs(): Int32Array {
    const firsts = new Int32Array(2 * 65536);
    const { table, pairs, rankOf } = this;
    for (let a = 0; a < 256; a++) {
      for (let b = 0; b < 256; b++) {
        const at = ((a << 8) | b) * 2;
        firsts[at] = INFINITE_RANK;
        if (pairs !== undefined) {
          const rule = pairs.lookUp(table.byteId[a], table.byteId[b]);
          if (rule < 0) continue;
          firsts[at] = pairs.rankAt(rule);
          firsts[at + 1] = pairs.idAt(rule);
        } else {
          const id = table.findShort(a | (b << 8), 0, 2);
          if (id < 0) continue;
          firsts[at] = rankOf === undefined ? id : rankOf[id];
          firsts[at + 1] = id;
        }
      }
    }
    return firsts;
  }
}
