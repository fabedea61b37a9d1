// Byte-pair encoding on UTF-8 bytes, the hot path. A piece is looked up whole (up to 8 bytes packed in two integers, longer ones by hash), then in a cache
// of pieces met before, and merged only then: by scanning for the least rank up to 48 bytes, with a heap beyond, so that no input costs more than
// n log n. Rules are either explicit pairs (tokenizer.json) or implicit: neighbours merge when their joined bytes are a token, lower rank first (tiktoken,
// SentencePiece). `models/bpe.ts` and `reference-bpe.ts` are the slow twins.
import { MergeQueue } from '../models/merge-queue.ts';
import type { PairTable } from '../models/pair-table.ts';
import { charLength, type Scanner } from '../scanners/character-classes.ts';
import { Backtracking, LONGEST_BACKTRACKED } from './backtracking.ts';
import type { TextBuffer } from './text-buffer.ts';
import {
  GOLD,
  GOLD2,
  HIGH_MASK,
  hashWords,
  INFINITE_RANK,
  LOW_MASK,
  type TokenTable,
} from './token-table.ts';

/** The rules of an engine. */
export interface EngineRules {
  readonly table: TokenTable;
  /** Explicit merge rules; without them any two neighbours whose joined bytes are a token merge. */
  readonly pairs?: PairTable;
  /** Order of implicit merges by id; default: the id itself. */
  readonly rankOf?: Int32Array;
  /** A piece that is a token becomes it without merging. */
  readonly wholePieces: boolean;
  /** Symbols are characters, not bytes; for each byte the token of a character's byte that is outside the vocabulary. */
  readonly byteFallback?: Int32Array;
  /** Bytes of remembered pieces, 0 for none; default 4 MiB. */
  readonly cacheBytes?: number;
}

const SHORT = 48;
const MOST_FAILURES = 256; // a vocabulary in which backtracking fails so often is left to merging
const BATCH = 512; // pieces that a scanner cuts ahead

export class BytePairEngine {
  /** The ids of the last call; valid up to the count it returned. */
  out = new Int32Array(1 << 10);
  readonly table: TokenTable;
  private readonly rules: EngineRules;
  private readonly pairs: PairTable | undefined;
  private readonly rankOf: Int32Array | undefined;
  private readonly cacheBytes: number;
  /** For each id: whether merging its own bytes gives it (1), does not (2), or is not known yet (0). */
  private readonly reachable: Uint8Array;
  /** First merges of byte symbols: rank and id for each pair of bytes. */
  private readonly firstRank: Int32Array | undefined;
  private readonly firstId: Int32Array | undefined;
  private readonly ends = new Int32Array(BATCH);
  private readonly starts = new Int32Array(SHORT + 4);
  private readonly ids = new Int32Array(SHORT + 4);
  private readonly ranks = new Int32Array(SHORT + 4);
  private readonly results = new Int32Array(SHORT + 4);
  private readonly queue = new MergeQueue();
  /** Made when the first unknown piece comes. */
  private backtracking: Backtracking | undefined;
  /** Pieces that it found no ids for. */
  private failures = 0;

  constructor(rules: EngineRules) {
    this.rules = rules;
    this.table = rules.table;
    this.pairs = rules.pairs;
    this.rankOf = rules.rankOf;
    this.cacheBytes = rules.cacheBytes ?? 1 << 22;
    this.reachable = new Uint8Array(rules.wholePieces ? 0 : this.table.size);
    // Its symbols are bytes and its order that of ids or rules.
    if (rules.byteFallback !== undefined || rules.rankOf !== undefined || rules.table.byteId.includes(-1))
      this.failures = MOST_FAILURES;
    if (rules.byteFallback === undefined) [this.firstRank, this.firstId] = this.bytePairs();
  }

  /** Puts an id at a place of `out`; returns the next place. */
  put(id: number, at: number): number {
    if (at >= this.out.length) this.widen(at + 1);
    this.out[at] = id;
    return at + 1;
  }

  /** Encodes bytes `start` to `end` as one piece; ids go to `out` from `at` on. Returns where they end. */
  encodePiece(text: TextBuffer, start: number, end: number, at: number): number {
    const length = end - start;
    if (at + length > this.out.length) this.widen(at + length);
    const { table } = this;
    const { view } = text;
    let hash = 0;
    let id: number;
    if (length <= 8) {
      const low = view.getInt32(start, true) & LOW_MASK[length];
      const high = view.getInt32(start + 4, true) & HIGH_MASK[length];
      id = table.findShort(low, high, length);
    } else {
      hash = hashWords(view, start, length);
      id = table.findLong(view, start, length, hash);
    }
    if (id >= 0 && (this.rules.wholePieces || this.reachable[id] === 1)) {
      this.out[at] = id;
      return at + 1;
    }
    if (id < -1) return this.copy(table.idsOf(id, length), at);
    const after = this.join(text, start, end, at);
    if (id >= 0) this.reachable[id] = after === at + 1 && this.out[at] === id ? 1 : 2;
    else table.learn(text, start, length, hash, this.out, at, after, this.cacheBytes);
    return after;
  }

  /** The ids of a piece that is not known. */
  private join(text: TextBuffer, start: number, end: number, at: number): number {
    const length = end - start;
    if (length <= LONGEST_BACKTRACKED && this.failures < MOST_FAILURES) {
      this.backtracking ??= new Backtracking(this.table, this.pairs);
      const after = this.backtracking.encode(text.view, start, end, this.out, at);
      if (after >= 0) return after;
      this.failures++;
    }
    return length > SHORT ? this.mergeLong(text, start, end, at) : this.merge(text, start, end, at);
  }

  /** Copies ids from the table's memory. There is room: a piece has no more ids than bytes. */
  private copy(from: number, at: number): number {
    const { memory } = this.table;
    const { out } = this;
    const end = at + memory[from];
    for (let k = from + 1; at < end; k++) out[at++] = memory[k];
    return at;
  }

  /**
   * Encodes all pieces that a scanner cuts from the first `end` bytes; ids go to `out` from 0 on. Returns how many, at least once there are more than `limit`.
   * This is `encodePiece` in a loop with the most frequent case, a short piece that is a token, written out.
   */
  encodeRun(text: TextBuffer, end: number, scanner: Scanner, limit: number): number {
    const { table, reachable, ends } = this;
    const { view } = text;
    let { short, shortShift } = table;
    const isWhole = this.rules.wholePieces;
    const most = Math.min(limit, 0x7fffffff) | 0; // an integer, to be compared as one
    let out = this.out;
    let count = 0;
    for (let start = 0; start < end && count <= most; ) {
      const cut = scanner(text, start, end, ends);
      if (count + cut * 8 > out.length) {
        this.widen(count + cut * 8);
        out = this.out;
      }
      for (let i = 0; i < cut && count <= most; i++) {
        const next = ends[i];
        const length = next - start;
        if (length <= 8) {
          const low = view.getInt32(start, true) & LOW_MASK[length];
          const high = view.getInt32(start + 4, true) & HIGH_MASK[length];
          let slot = ((Math.imul(low, GOLD) ^ Math.imul(high ^ length, GOLD2)) >>> shortShift) << 2;
          let id = short[slot + 2];
          while (
            id !== -1 &&
            (short[slot] !== low || short[slot + 1] !== high || short[slot + 3] !== length)
          ) {
            slot = (slot + 4) & (short.length - 1);
            id = short[slot + 2];
          }
          if (id >= 0 ? isWhole || reachable[id] === 1 : id < -1) {
            start = next;
            if (count + 8 > out.length) {
              this.widen(count + 8);
              out = this.out;
            }
            if (id >= 0) {
              out[count++] = id;
              continue;
            }
            const { memory } = table;
            let from = -2 - id;
            for (let k = memory[from++]; k > 0; k--) out[count++] = memory[from++];
            continue;
          }
        }
        count = this.encodePiece(text, start, next, count);
        out = this.out;
        short = table.short;
        shortShift = table.shortShift;
        start = next;
      }
    }
    return count;
  }

  /** A piece of up to SHORT bytes: the least rank is found by looking at all. */
  private merge(text: TextBuffer, start: number, end: number, at: number): number {
    const { ids, ranks, results, starts, firstRank, firstId, pairs } = this;
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
      if (ids[i] >= 0) this.out[write++] = ids[i];
      else write = this.emitBytes(text.bytes, starts[i], starts[i + 1], write);
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
    const id = this.table.find(view, this.starts[i], this.starts[i + 2]);
    this.results[i] = id;
    this.ranks[i] = id < 0 ? INFINITE_RANK : this.rankOf === undefined ? id : this.rankOf[id];
  }

  /**
   * Initial symbols of a piece, their ids and where they begin: bytes, or characters. A character that is no token is its bytes at once under explicit
   * rules, and one symbol without an id under implicit ones, where joined bytes decide.
   */
  private symbols(text: TextBuffer, start: number, end: number, ids: Int32Array, starts: Int32Array): number {
    const { table, pairs } = this;
    const { bytes } = text;
    const fallback = this.rules.byteFallback;
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
  private emitBytes(bytes: Uint8Array, start: number, end: number, at: number): number {
    const fallback = this.rules.byteFallback ?? this.table.byteId;
    let next = at;
    for (let k = start; k < end; k++) this.out[next++] = fallback[bytes[k]];
    return next;
  }

  /** n log n: symbols in a linked list, candidates in a heap. */
  private mergeLong(text: TextBuffer, start: number, end: number, at: number): number {
    const { table, pairs, rankOf, queue } = this;
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
        const id = table.find(view, starts[left], starts[next[right]]);
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
      ids[left] = results[left];
      ranks[right] = -1;
      next[left] = next[right];
      if (next[right] < count) previous[next[right]] = left;
      rate(left);
      if (previous[left] >= 0) rate(previous[left]);
    }
    let write = at;
    for (let i = 0; i < count; i = next[i]) {
      if (ids[i] >= 0) this.out[write++] = ids[i];
      else write = this.emitBytes(text.bytes, starts[i], starts[next[i]], write);
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

  private widen(needed: number): void {
    const wider = new Int32Array(Math.max(needed + 64, this.out.length * 2));
    wider.set(this.out);
    this.out = wider;
  }
}
