// Byte-pair encoding on UTF-8 bytes, the hot path. A piece is looked up whole (up to 8 bytes packed in two integers, longer ones by hash), then in a cache
// of pieces met before, and merged only then: by scanning for the least rank up to 48 bytes, with a heap beyond, so that no input costs more than
// n log n. Rules are either explicit pairs (tokenizer.json) or implicit: neighbours merge when their joined bytes are a token, lower rank first (tiktoken,
// SentencePiece). `models/bpe.ts` and `reference-bpe.ts` are the slow twins.
import { MergeQueue } from '../models/merge-queue.ts';
import type { PairTable } from '../models/pair-table.ts';
import { charLength, type Scanner } from '../scanners/character-classes.ts';
import { PieceCache } from './piece-cache.ts';
import { GOLD, GOLD2, INFINITE_RANK, PRIME, type TokenTable } from './token-table.ts';

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

export class BytePairEngine {
  /** The ids of the last call; valid up to the count it returned. */
  out = new Uint32Array(1 << 10);
  readonly table: TokenTable;
  private readonly rules: EngineRules;
  private readonly pairs: PairTable | undefined;
  private readonly rankOf: Int32Array | undefined;
  private readonly cache: PieceCache;
  /** For each id: whether merging its own bytes gives it (1), does not (2), or is not known yet (0). */
  private readonly reachable: Uint8Array;
  /** First merges of byte symbols: rank and id for each pair of bytes. */
  private readonly firstRank: Int32Array | undefined;
  private readonly firstId: Int32Array | undefined;
  private readonly starts = new Int32Array(SHORT * 4 + 4);
  private readonly ids = new Int32Array(SHORT * 4 + 4);
  private readonly ranks = new Int32Array(SHORT * 4 + 4);
  private readonly results = new Int32Array(SHORT * 4 + 4);
  private readonly queue = new MergeQueue();

  constructor(rules: EngineRules) {
    this.rules = rules;
    this.table = rules.table;
    this.pairs = rules.pairs;
    this.rankOf = rules.rankOf;
    this.cache = new PieceCache(rules.cacheBytes ?? 1 << 22);
    this.reachable = new Uint8Array(rules.wholePieces ? 0 : this.table.size);
    if (rules.byteFallback === undefined) [this.firstRank, this.firstId] = this.bytePairs();
  }

  /** Encodes bytes `start` to `end` as one piece; ids go to `out` from `at` on. Returns where they end. */
  encodePiece(bytes: Uint8Array, start: number, end: number, at: number): number {
    const length = end - start;
    if (at + length > this.out.length) this.widen(at + length);
    const { table } = this;
    let hash: number;
    let id: number;
    if (length <= 8) {
      let low = bytes[start];
      let high = 0;
      if (length > 1) low |= bytes[start + 1] << 8;
      if (length > 2) low |= bytes[start + 2] << 16;
      if (length > 3) low |= bytes[start + 3] << 24;
      for (let k = 4; k < length; k++) high |= bytes[start + k] << ((k - 4) << 3);
      id = table.findShort(low, high, length);
      hash = (Math.imul(low, PRIME) + high) | 0;
    } else {
      hash = 0;
      for (let k = start; k < end; k++) hash = (Math.imul(hash, PRIME) + bytes[k] + 1) | 0;
      id = table.findLong(bytes, start, length, hash);
    }
    if (id >= 0 && (this.rules.wholePieces || this.reachable[id] === 1)) {
      this.out[at] = id;
      return at + 1;
    }
    const known = this.cache.find(bytes, start, length, hash);
    if (known >= 0) return this.cache.copy(known, this.out, at);
    const after = this.merge(bytes, start, end, at);
    if (id >= 0) this.reachable[id] = after === at + 1 && this.out[at] === id ? 1 : 2;
    this.cache.add(bytes, start, length, hash, this.out, at, after);
    return after;
  }

  /**
   * Encodes all pieces that a scanner cuts from the first `end` bytes; ids go to `out` from 0 on. Returns how many, at least once there are more than `limit`.
   * This is `encodePiece` in a loop with the most frequent case, a short piece that is a token, written out.
   */
  encodeRun(bytes: Uint8Array, end: number, scanner: Scanner, limit: number): number {
    const { table, reachable } = this;
    const { short, shortShift } = table;
    const mask = (short.length >> 2) - 1;
    const isWhole = this.rules.wholePieces;
    let out = this.out;
    let count = 0;
    for (let start = 0; start < end && count <= limit; ) {
      const next = scanner(bytes, start, end);
      const length = next - start;
      if (length <= 8) {
        let low = bytes[start];
        let high = 0;
        if (length > 1) {
          low |= bytes[start + 1] << 8;
          if (length > 2) {
            low |= bytes[start + 2] << 16;
            if (length > 3) {
              low |= bytes[start + 3] << 24;
              if (length > 4) {
                high = bytes[start + 4];
                if (length > 5) {
                  high |= bytes[start + 5] << 8;
                  if (length > 6) {
                    high |= bytes[start + 6] << 16;
                    if (length > 7) high |= bytes[start + 7] << 24;
                  }
                }
              }
            }
          }
        }
        let q = (Math.imul(low, GOLD) ^ Math.imul(high ^ length, GOLD2)) >>> shortShift;
        let id = short[(q << 2) + 2];
        while (id >= 0) {
          const slot = q << 2;
          if (short[slot] === low && short[slot + 1] === high && short[slot + 3] === length) break;
          q = (q + 1) & mask;
          id = short[(q << 2) + 2];
        }
        if (id >= 0 && (isWhole || reachable[id] === 1) && count < out.length) {
          out[count++] = id;
          start = next;
          continue;
        }
      }
      count = this.encodePiece(bytes, start, next, count);
      out = this.out;
      start = next;
    }
    return count;
  }

  private merge(bytes: Uint8Array, start: number, end: number, at: number): number {
    if (end - start > SHORT) return this.mergeLong(bytes, start, end, at);
    return this.pairs === undefined
      ? this.mergeByBytes(bytes, start, end, at)
      : this.mergeByPairs(bytes, start, end, at, this.pairs);
  }

  /** Implicit rules: symbols are ranges of the piece. */
  private mergeByBytes(bytes: Uint8Array, start: number, end: number, at: number): number {
    const { table, starts, ranks, rankOf, firstRank } = this;
    let count = 0;
    if (firstRank !== undefined) {
      for (let i = start; i < end; i++) starts[count++] = i;
    } else {
      for (let i = start; i < end; i += charLength(bytes[i])) starts[count++] = i;
    }
    starts[count] = end;
    let least = INFINITE_RANK;
    let where = -1;
    for (let i = 0; i < count - 1; i++) {
      let rank: number;
      if (firstRank !== undefined) rank = firstRank[(bytes[start + i] << 8) | bytes[start + i + 1]];
      else {
        const id = table.find(bytes, starts[i], starts[i + 2]);
        rank = id < 0 ? INFINITE_RANK : rankOf === undefined ? id : rankOf[id];
      }
      ranks[i] = rank;
      if (rank < least) {
        least = rank;
        where = i;
      }
    }
    ranks[count - 1] = INFINITE_RANK;
    while (least !== INFINITE_RANK) {
      for (let k = where + 1; k < count; k++) {
        starts[k] = starts[k + 1];
        ranks[k] = ranks[k + 1];
      }
      count--;
      if (where < count - 1) {
        const id = table.find(bytes, starts[where], starts[where + 2]);
        ranks[where] = id < 0 ? INFINITE_RANK : rankOf === undefined ? id : rankOf[id];
      } else ranks[where] = INFINITE_RANK;
      if (where > 0) {
        const id = table.find(bytes, starts[where - 1], starts[where + 1]);
        ranks[where - 1] = id < 0 ? INFINITE_RANK : rankOf === undefined ? id : rankOf[id];
      }
      least = INFINITE_RANK;
      for (let k = 0; k < count - 1; k++) {
        if (ranks[k] < least) {
          least = ranks[k];
          where = k;
        }
      }
    }
    let next = at;
    for (let i = 0; i < count; i++) next = this.emit(bytes, starts[i], starts[i + 1], next);
    return next;
  }

  /** Explicit rules: symbols are ids. */
  private mergeByPairs(bytes: Uint8Array, start: number, end: number, at: number, pairs: PairTable): number {
    const { ids, ranks, results, firstRank, firstId } = this;
    let count = this.symbols(bytes, start, end, ids);
    let least = INFINITE_RANK;
    let where = -1;
    for (let i = 0; i < count - 1; i++) {
      if (firstRank !== undefined && firstId !== undefined) {
        const both = (bytes[start + i] << 8) | bytes[start + i + 1];
        ranks[i] = firstRank[both];
        results[i] = firstId[both];
      } else this.lookUp(pairs, i);
      if (ranks[i] < least) {
        least = ranks[i];
        where = i;
      }
    }
    ranks[count - 1] = INFINITE_RANK;
    while (least !== INFINITE_RANK) {
      ids[where] = results[where];
      for (let k = where + 1; k < count; k++) {
        ids[k] = ids[k + 1];
        ranks[k] = ranks[k + 1];
        results[k] = results[k + 1];
      }
      count--;
      if (where < count - 1) this.lookUp(pairs, where);
      else ranks[where] = INFINITE_RANK;
      if (where > 0) this.lookUp(pairs, where - 1);
      least = INFINITE_RANK;
      for (let k = 0; k < count - 1; k++) {
        if (ranks[k] < least) {
          least = ranks[k];
          where = k;
        }
      }
    }
    for (let i = 0; i < count; i++) this.out[at + i] = ids[i];
    return at + count;
  }

  private lookUp(pairs: PairTable, i: number): void {
    const rule = pairs.lookUp(this.ids[i], this.ids[i + 1]);
    if (rule < 0) this.ranks[i] = INFINITE_RANK;
    else {
      this.ranks[i] = pairs.rankAt(rule);
      this.results[i] = pairs.idAt(rule);
    }
  }

  /** Initial ids of a piece: bytes, or characters with their bytes where a character is no token. */
  private symbols(bytes: Uint8Array, start: number, end: number, ids: Int32Array): number {
    const { table } = this;
    const fallback = this.rules.byteFallback;
    let count = 0;
    if (fallback === undefined) {
      for (let i = start; i < end; i++) ids[count++] = table.byteId[bytes[i]];
      return count;
    }
    for (let i = start; i < end; ) {
      const next = i + charLength(bytes[i]);
      const id = table.find(bytes, i, next);
      if (id >= 0) ids[count++] = id;
      else for (let k = i; k < next; k++) ids[count++] = fallback[bytes[k]];
      i = next;
    }
    return count;
  }

  private emit(bytes: Uint8Array, start: number, end: number, at: number): number {
    const id = this.table.find(bytes, start, end);
    if (id >= 0) {
      this.out[at] = id;
      return at + 1;
    }
    const fallback = this.rules.byteFallback;
    if (fallback === undefined) {
      this.out[at] = this.table.byteId[bytes[start]];
      return at + 1;
    }
    let next = at;
    for (let k = start; k < end; k++) this.out[next++] = fallback[bytes[k]];
    return next;
  }

  /** n log n: symbols in a linked list, candidates in a heap. */
  private mergeLong(bytes: Uint8Array, start: number, end: number, at: number): number {
    const { table, pairs, rankOf, queue } = this;
    const length = end - start;
    const isExplicit = pairs !== undefined;
    const ids = new Int32Array(isExplicit ? length : 0);
    let count: number;
    let edges = new Int32Array(0); // implicit: where each symbol begins
    let prefix = new Int32Array(0); // implicit: hash of the bytes before
    if (isExplicit) count = this.symbols(bytes, start, end, ids);
    else {
      edges = new Int32Array(length + 1);
      count = 0;
      const single = this.rules.byteFallback === undefined;
      for (let i = 0; i < length; i += single ? 1 : charLength(bytes[start + i])) edges[count++] = i;
      edges[count] = length;
      prefix = new Int32Array(length + 1);
      for (let i = 0; i < length; i++)
        prefix[i + 1] = (Math.imul(prefix[i], PRIME) + bytes[start + i] + 1) | 0;
    }
    const next = new Int32Array(count + 1);
    const previous = new Int32Array(count + 1);
    // The rank of the pair that begins at a symbol, -1 for none; stale heap entries differ from it.
    const ranks = new Int32Array(count + 1).fill(-1);
    const results = new Int32Array(isExplicit ? count + 1 : 0);
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
        const from = edges[left];
        const to = edges[next[right]];
        const id = table.findHashed(bytes, start + from, to - from, prefix, from);
        if (id < 0) return;
        ranks[left] = rankOf === undefined ? id : rankOf[id];
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
      if (isExplicit) ids[left] = results[left];
      ranks[right] = -1;
      next[left] = next[right];
      if (next[right] < count) previous[next[right]] = left;
      rate(left);
      if (previous[left] >= 0) rate(previous[left]);
    }
    let write = at;
    for (let i = 0; i < count; i = next[i]) {
      if (isExplicit) this.out[write++] = ids[i];
      else write = this.emit(bytes, start + edges[i], start + edges[next[i]], write);
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
          if (id >= 0) ranks[at] = rankOf === undefined ? id : rankOf[id];
        }
      }
    }
    return [ranks, ids];
  }

  private widen(needed: number): void {
    const wider = new Uint32Array(Math.max(needed + 64, this.out.length * 2));
    wider.set(this.out);
    this.out = wider;
  }
}
