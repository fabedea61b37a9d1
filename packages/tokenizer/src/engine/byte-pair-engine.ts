// Byte-pair encoding on UTF-8 bytes, the hot path. A piece is looked up whole (up to 8 bytes packed in two integers, longer ones by hash), tokens and
// pieces met before alike, and only a new one is encoded: over its tokens (backtracking.ts), or by merging where that is not exact or may be slow.

import type { Scanner } from '../scanners/character-classes.ts';
import { Backtracking, LONGEST_BACKTRACKED } from './backtracking.ts';
import { type MergeRules, Merging } from './merging.ts';
import type { TextBuffer } from './text-buffer.ts';
import { TokenPrefixes } from './token-prefixes.ts';
import {
  GOLD,
  GOLD2,
  HIGH_MASK,
  hashWords,
  ID_COUNT_SHIFT,
  LENGTH_BITS,
  LOW_MASK,
  type TokenTable,
} from './token-table.ts';

/** The rules of an engine. */
export interface EngineRules extends MergeRules {
  /** A piece that is a token becomes it without merging. */
  readonly wholePieces: boolean;
  /** Bytes of remembered pieces, 0 for none; default 4 MiB. */
  readonly cacheBytes?: number;
}

/** Bytes of remembered pieces. */
export const DEFAULT_CACHE_BYTES = 1 << 22;
const MERGED = 48; // bytes up to which merging is as quick as backtracking that has still to learn
const MOST_FAILURES = 256; // a vocabulary in which backtracking fails so often is left to merging
const BATCH = 512; // pieces that a scanner cuts ahead

export class BytePairEngine {
  /** The ids of the last call; valid up to the count it returned. */
  out = new Int32Array(1 << 10);
  readonly table: TokenTable;
  readonly rules: EngineRules;
  private readonly cacheBytes: number;
  /** For each id: whether merging its own bytes gives it (1), does not (2), or is not known yet (0). */
  private readonly reachable: Uint8Array;
  private readonly ends = new Int32Array(BATCH);
  /** Made when the first unknown piece comes. */
  private joiners: Joiners | undefined;
  /** Pieces that backtracking found no ids for. */
  private failures = 0;

  constructor(rules: EngineRules) {
    this.rules = rules;
    this.table = rules.table;
    this.cacheBytes = rules.cacheBytes ?? DEFAULT_CACHE_BYTES;
    this.reachable = new Uint8Array(rules.wholePieces ? 0 : this.table.size);
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
    this.joiners ??= joinersOf(this.rules);
    const { merging, backtracking } = this.joiners;
    const length = end - start;
    if (
      backtracking !== undefined &&
      length > MERGED &&
      length <= LONGEST_BACKTRACKED &&
      this.failures < MOST_FAILURES
    ) {
      const after = backtracking.encode(text.view, start, end, this.out, at);
      if (after >= 0) return after;
      this.failures++;
    }
    return merging.merge(text, start, end, this.out, at);
  }

  /** Copies ids from the table's memory. There is room: a piece has no more ids than bytes. */
  private copy(from: number, at: number): number {
    const { memory } = this.table;
    const { out } = this;
    const end = at + memory[from];
    for (let k = from + 1; at < end; k++) out[at++] = memory[k];
    return at;
  }

  /** Encodes all pieces that a scanner cuts from the first `end` bytes; ids go to `out` from `at` on. Returns where they end. */
  encodeRun(text: TextBuffer, end: number, scanner: Scanner, at = 0): number {
    const { ends } = this;
    this.table.prepare();
    let count = at;
    for (let start = 0; start < end; ) {
      const cut = scanner(text, start, end, ends);
      count = this.putPieces(text, start, cut, count);
      start = ends[cut - 1];
    }
    return count;
  }

  /** How many ids `encodeRun` gives, without writing them; at least some number beyond `limit` once there are more. */
  countRun(text: TextBuffer, end: number, scanner: Scanner, limit: number): number {
    const { ends } = this;
    this.table.prepare();
    let count = 0;
    for (let start = 0; start < end && count <= limit; ) {
      const cut = scanner(text, start, end, ends);
      count += this.countPieces(text, start, cut);
      start = ends[cut - 1];
    }
    return count;
  }

  /** The ids of the pieces that were cut, into `out` from `at` on: `encodePiece` in a loop with the most frequent case, a short known piece, written out. */
  private putPieces(text: TextBuffer, first: number, cut: number, at: number): number {
    const { table, reachable, ends } = this;
    const { view } = text;
    const isWhole = this.rules.wholePieces;
    let { short, shortShift } = table;
    if (at + cut * 8 > this.out.length) this.widen(at + cut * 8);
    let { out } = this;
    let count = at;
    let start = first;
    for (let i = 0; i < cut; i++) {
      const next = ends[i];
      const length = next - start;
      if (length <= 8) {
        const low = view.getInt32(start, true) & LOW_MASK[length];
        const high = view.getInt32(start + 4, true) & HIGH_MASK[length];
        let slot = ((Math.imul(low, GOLD) ^ Math.imul(high ^ length, GOLD2)) >>> shortShift) << 2;
        let id = short[slot + 2];
        while (
          id !== -1 &&
          (short[slot] !== low || short[slot + 1] !== high || (short[slot + 3] & LENGTH_BITS) !== length)
        ) {
          slot = (slot + 4) & (short.length - 1);
          id = short[slot + 2];
        }
        if (id >= 0 && (isWhole || reachable[id] === 1)) {
          out[count++] = id;
          start = next;
          continue;
        }
        if (id < -1) {
          const { memory } = table;
          let from = -2 - id;
          for (let k = memory[from++]; k > 0; k--) out[count++] = memory[from++];
          start = next;
          continue;
        }
      }
      count = this.encodePiece(text, start, next, count);
      const room = count + (cut - i) * 8;
      if (room > this.out.length) this.widen(room);
      out = this.out;
      ({ short, shortShift } = table);
      start = next;
    }
    return count;
  }

  /** How many ids the pieces that were cut have. */
  private countPieces(text: TextBuffer, first: number, cut: number): number {
    const { table, reachable, ends } = this;
    const { view } = text;
    const isWhole = this.rules.wholePieces;
    let { short, shortShift } = table;
    let count = 0;
    let start = first;
    for (let i = 0; i < cut; i++) {
      const next = ends[i];
      const length = next - start;
      if (length <= 8) {
        const low = view.getInt32(start, true) & LOW_MASK[length];
        const high = view.getInt32(start + 4, true) & HIGH_MASK[length];
        let slot = ((Math.imul(low, GOLD) ^ Math.imul(high ^ length, GOLD2)) >>> shortShift) << 2;
        let id = short[slot + 2];
        while (
          id !== -1 &&
          (short[slot] !== low || short[slot + 1] !== high || (short[slot + 3] & LENGTH_BITS) !== length)
        ) {
          slot = (slot + 4) & (short.length - 1);
          id = short[slot + 2];
        }
        if (id >= 0 ? isWhole || reachable[id] === 1 : id < -1) {
          count += short[slot + 3] >> ID_COUNT_SHIFT;
          start = next;
          continue;
        }
      }
      count += this.countPiece(text, start, next);
      ({ short, shortShift } = table);
      start = next;
    }
    return count;
  }

  /** How many ids a piece has. */
  countPiece(text: TextBuffer, start: number, end: number): number {
    const { table } = this;
    const length = end - start;
    if (length > 8) {
      const id = table.findLong(text.view, start, length, hashWords(text.view, start, length));
      if (id >= 0 && (this.rules.wholePieces || this.reachable[id] === 1)) return 1;
      if (id < -1) return table.memory[table.idsOf(id, length)];
    }
    return this.encodePiece(text, start, end, 0);
  }

  private widen(needed: number): void {
    const wider = new Int32Array(Math.max(needed + 64, this.out.length * 2));
    wider.set(this.out);
    this.out = wider;
  }
}

interface Joiners {
  readonly merging: Merging;
  readonly backtracking: Backtracking | undefined;
}

function joinersOf(rules: EngineRules): Joiners {
  const { table, pairs, rankOf, byteFallback } = rules;
  const prefixes = new TokenPrefixes(table);
  // Backtracking knows symbols that are bytes, and the order of ids or of rules.
  const fits = byteFallback === undefined && rankOf === undefined && !table.byteId.includes(-1);
  const merging = new Merging(rules, prefixes);
  return { merging, backtracking: fits ? new Backtracking(prefixes, pairs, merging) : undefined };
}
