/// <reference lib="esnext.disposable" preserve="true" />
// Paged key-value cache: sequences hold tables of reference-counted pages, so forks share what they have in common (prefixes, beams, groups
// of samples), truncation gives pages back, and a window drops those no query can see any more. What a page holds is the store's.
import { KvCacheFullError, KvSnapshotError } from './kv-cache-error.ts';
import { createPagePool, type PagePool } from './page-pool.ts';
import type { PageStore } from './page-store.ts';
import { type KvSnapshot, readKvSnapshot, writeKvSnapshot } from './snapshot.ts';

/** One entry of a block table: tokens start..start+pageSize-1 lie in `page`. */
export interface Block {
  readonly page: number;
  readonly start: number;
}

/** Options of `createKvCache`. */
export interface KvCacheOptions {
  /** Pages that may be in use at a time. */
  readonly capacity: number;
  /** Keys older than this many tokens are never seen again, so their pages are given back. */
  readonly window?: number;
  /** First tokens that are kept whatever the window is. */
  readonly sinks?: number;
  /** Written into snapshots and checked when they are restored. */
  readonly modelHash: string;
}

/** The tokens of one sequence and their place in the cache. */
export interface KvSequence {
  /** Ids whose keys and values are stored. */
  readonly ids: readonly number[];
  readonly length: number;
  /** Pages in order; a gap means that a window has passed. */
  readonly blocks: readonly Block[];
  /** The cache's `weightsVersion` when it began; a negative one is of weights that are this sequence's alone. Forks have it too. */
  readonly weightsVersion: number;
  /** A second sequence with the same past; pages are shared until one of the two writes into them. */
  fork(): KvSequence;
  /** Forgets all tokens from `length` on. */
  truncate(length: number): void;
  /** Ids, keys and values as bytes. */
  snapshot(): Promise<Uint8Array>;
  /** Gives its pages back; any further use throws. */
  dispose(): void;
  /** The same, for `using`. */
  [Symbol.dispose](): void;
}

/** Room for a pass that has been set aside: `commit` after it has been computed, or `cancel`. */
export interface Reservation {
  /** Blocks of the sequence, those for the new tokens included. */
  readonly blocks: readonly Block[];
  readonly start: number;
  /** The pass is done: the sequence has these ids now. */
  commit(ids: ArrayLike<number>): void;
  /** Gives the room back; the sequence is as before. */
  cancel(): void;
}

/** A cache of one model: its sequences and their pages. */
export interface KvCache {
  readonly store: PageStore;
  readonly pool: PagePool;
  /** Counts the changes of the weights that keys and values come from: what sequences of another version hold must not be taken over. */
  readonly weightsVersion: number;
  /** The weights are others from now on (an adapter, another value): for all new sequences, or for one sequence alone. */
  weightsChanged(sequence?: KvSequence): void;
  /** An empty sequence. */
  newSequence(): KvSequence;
  /** A sequence from the bytes of `snapshot()`. Throws `KvSnapshotError` when they are another model's or damaged. */
  restore(bytes: Uint8Array): KvSequence;
  /** Sets aside room for `counts[i]` more tokens of `sequences[i]`, for all or for none. Throws `KvCacheFullError`. */
  reserve(sequences: readonly KvSequence[], counts: readonly number[]): Reservation[];
  /** Free pages that `reserve` would take for `count` more tokens of `sequence`. */
  pagesFor(sequence: KvSequence, count: number): number;
  /** The most pages that a sequence can hold on its way to `length` tokens, computed at most `perPass` at a time. */
  mostPages(length: number, perPass: number): number;
  /** Ends every sequence and frees the store. */
  dispose(): void;
}

interface State {
  ids: number[];
  blocks: Block[];
  weightsVersion: number;
  disposed: boolean;
}

/** A cache over `store`. */
export function createKvCache(store: PageStore, options: KvCacheOptions): KvCache {
  const { capacity, window = Number.POSITIVE_INFINITY, sinks = 0, modelHash } = options;
  const pool = createPagePool(capacity);
  const { pageSize } = store.shape;
  const states = new WeakMap<KvSequence, State>();
  const live = new Set<KvSequence>();
  let weightsVersion = 0;
  let lone = 0;

  const giveBack = (page: number) => {
    if (pool.release(page)) store.clear(page);
  };
  const stateOf = (sequence: KvSequence): State => {
    const state = states.get(sequence);
    if (state === undefined) throw new TypeError('sequence: expected one of this model');
    if (state.disposed) throw new TypeError('sequence: expected a live one, got a disposed one');
    return state;
  };

  /** Gives back pages that no later query sees: all their tokens are outside of the window and none is a sink. */
  const dropUnseen = (state: State) => {
    const oldest = state.ids.length - window + 1;
    state.blocks = state.blocks.filter(({ page, start }) => {
      const seen = start + pageSize > oldest || start < sinks;
      if (!seen) giveBack(page);
      return seen;
    });
  };

  const open = (state: State): KvSequence => {
    const sequence: KvSequence = {
      get ids() {
        return stateOf(sequence).ids;
      },
      get length() {
        return stateOf(sequence).ids.length;
      },
      get blocks() {
        return stateOf(sequence).blocks;
      },
      get weightsVersion() {
        return stateOf(sequence).weightsVersion;
      },
      fork() {
        const { ids, blocks, weightsVersion } = stateOf(sequence);
        for (const { page } of blocks) pool.retain(page);
        return open({ ids: [...ids], blocks: [...blocks], weightsVersion, disposed: false });
      },
      truncate(length) {
        const own = stateOf(sequence);
        if (!Number.isInteger(length) || length < 0 || length > own.ids.length) {
          throw new RangeError(`length: expected 0 to ${own.ids.length}, got ${length}`);
        }
        const missing = firstMissing(own.blocks, Math.max(0, length - window + 1), length, pageSize);
        if (missing !== undefined) {
          throw new RangeError(
            `length: expected one whose window is still stored, got ${length} without token ${missing}`,
          );
        }
        for (const { page, start } of own.blocks) if (start >= length) giveBack(page);
        own.blocks = own.blocks.filter(({ start }) => start < length);
        own.ids.length = length;
      },
      async snapshot() {
        const { ids, blocks } = stateOf(sequence);
        const pages = await Promise.all(
          blocks.map(async ({ page, start }) => ({ start, values: await store.read(page) })),
        );
        return writeKvSnapshot({ modelHash, shape: store.shape, ids: [...ids], pages });
      },
      dispose() {
        if (state.disposed) return;
        state.disposed = true;
        for (const { page } of state.blocks) giveBack(page);
        state.blocks = [];
        live.delete(sequence);
      },
      [Symbol.dispose]: () => sequence.dispose(),
    };
    states.set(sequence, state);
    live.add(sequence);
    return sequence;
  };

  /** Pages that `count` more tokens need: new ones, and one more when the last page is shared or must be copied. */
  const needs = ({ ids, blocks }: State, count: number): number => {
    const start = ids.length;
    const last = blocks.at(-1);
    const partial = start % pageSize !== 0;
    const copies = partial && count > 0 && last !== undefined && pool.references(last.page) > 1 ? 1 : 0;
    const room = partial ? pageSize - (start % pageSize) : 0;
    return copies + Math.max(0, Math.ceil((count - room) / pageSize));
  };

  const reserveOne = (state: State, count: number): Reservation => {
    const start = state.ids.length;
    const before = state.blocks;
    const blocks = [...before];
    const last = blocks.at(-1);
    const taken: number[] = [];
    let replaced: number | undefined;
    if (start % pageSize !== 0 && count > 0 && last !== undefined && pool.references(last.page) > 1) {
      const own = pool.take();
      taken.push(own);
      store.copy(last.page, own, start % pageSize);
      blocks[blocks.length - 1] = { page: own, start: last.start };
      replaced = last.page;
    }
    for (let at = Math.ceil(start / pageSize) * pageSize; at < start + count; at += pageSize) {
      const page = pool.take();
      taken.push(page);
      blocks.push({ page, start: at });
    }
    let open = true;
    return {
      blocks,
      start,
      commit(ids) {
        if (!open) return;
        open = false;
        if (replaced !== undefined) giveBack(replaced);
        for (let i = 0; i < ids.length; i++) state.ids.push(ids[i]);
        state.blocks = blocks;
        if (Number.isFinite(window)) dropUnseen(state);
      },
      cancel() {
        if (!open) return;
        open = false;
        for (const page of taken) giveBack(page);
      },
    };
  };

  return {
    store,
    pool,
    get weightsVersion() {
      return weightsVersion;
    },
    weightsChanged(sequence) {
      if (sequence === undefined) weightsVersion++;
      else stateOf(sequence).weightsVersion = --lone;
    },
    newSequence: () => open({ ids: [], blocks: [], weightsVersion, disposed: false }),
    restore(bytes) {
      const saved: KvSnapshot = readKvSnapshot(bytes);
      if (saved.modelHash !== modelHash) {
        throw new KvSnapshotError(`snapshot model: expected ${modelHash}, got ${saved.modelHash}`);
      }
      for (const key of ['layers', 'groups', 'pageSize', 'headDim'] as const) {
        if (saved.shape[key] !== store.shape[key]) {
          throw new KvSnapshotError(`snapshot ${key}: expected ${store.shape[key]}, got ${saved.shape[key]}`);
        }
      }
      if (saved.pages.length > pool.free) throw new KvCacheFullError(saved.pages.length, pool.free, capacity);
      const blocks = saved.pages.map(({ start, values }) => {
        const page = pool.take();
        store.write(page, values);
        return { page, start };
      });
      return open({ ids: saved.ids, blocks, weightsVersion, disposed: false });
    },
    reserve(sequences, counts) {
      const list = sequences.map(stateOf);
      if (new Set(list).size !== list.length) throw new TypeError('sequences: expected each once in a pass');
      const needed = list.reduce((sum, state, i) => sum + needs(state, counts[i]), 0);
      if (needed > pool.free) throw new KvCacheFullError(needed, pool.free, capacity);
      return list.map((state, i) => reserveOne(state, counts[i]));
    },
    pagesFor: (sequence, count) => needs(stateOf(sequence), count),
    mostPages(length, perPass) {
      const all = Math.ceil(length / pageSize);
      if (!Number.isFinite(window)) return all;
      const seen = Math.ceil(sinks / pageSize) + Math.ceil(window / pageSize) + 1;
      return Math.min(all, seen + Math.ceil(perPass / pageSize) + 1);
    },
    dispose() {
      for (const sequence of [...live]) sequence.dispose();
      store.dispose();
    },
  };
}

/** The first token of from..to-1 that no block holds. */
function firstMissing(
  blocks: readonly Block[],
  from: number,
  to: number,
  pageSize: number,
): number | undefined {
  const starts = new Set(blocks.map(({ start }) => start));
  for (let start = Math.floor(from / pageSize) * pageSize; start < to; start += pageSize) {
    if (!starts.has(start)) return Math.max(start, from);
  }
  return undefined;
}
