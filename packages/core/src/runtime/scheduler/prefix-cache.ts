// Sequences that are over, kept for what later requests have in common with them: the longest common prefix is forked, so its pages are shared and not
// computed again. Least recently used ones go first, under a budget of pages and whenever a running sequence needs room. The entries are
// compared id by id and not kept in a tree: a comparison ends at the first difference, and there are as many entries as conversations.
// Radix trees over pages: Zheng et al. 2023, SGLang, arXiv:2312.07104.
import type { KvCache, KvSequence } from '../../kv-cache/kv-cache.ts';
import { KvCacheFullError, KvSnapshotError } from '../../kv-cache/kv-cache-error.ts';

/** What a scheduler's prefix cache shows. */
export interface PrefixCache {
  /** Sequences kept. */
  readonly entries: number;
  /** Pages they hold, shared ones once. */
  readonly pages: number;
  /** Requests that began on a prefix computed before. */
  readonly hits: number;
  /** Requests that began with nothing. */
  readonly misses: number;
  /** Ids of prompts that were not computed because of it. */
  readonly reusedIds: number;
  /** All entries as bytes, most recently used first. Pages that entries share are written for each of them. */
  save(): Promise<Uint8Array>;
  /** Adds the entries of `save()`'s bytes while there is room; answers how many. Throws `KvSnapshotError` when they are damaged or another model's. */
  restore(bytes: Uint8Array): number;
  /** Gives all its pages back. */
  clear(): void;
}

/** The same with what the scheduler does to it. */
export interface PrefixStore extends PrefixCache {
  /** A fork of the longest prefix of `ids` that an entry or one of `live` has, if it is at least `shortest` ids; never all of them. */
  match(ids: readonly number[], live: readonly KvSequence[], shortest: number): KvSequence | undefined;
  /** Keeps a sequence; it belongs to the cache from here on. */
  insert(sequence: KvSequence): void;
  /** Gives up the least recently used entry; false when there is none. */
  evict(): boolean;
  /** Counts a request's begin. */
  count(reusedIds: number): void;
}

const magic = 'ASHLARPC';

/** Length of the longest common prefix, at most `most`. */
export function commonPrefix(a: readonly number[], b: readonly number[], most: number): number {
  const end = Math.min(a.length, b.length, most);
  let at = 0;
  while (at < end && a[at] === b[at]) at++;
  return at;
}

/** An empty cache of at most `maxPages` pages of `cache`. */
export function createPrefixCache(cache: KvCache, maxPages: number): PrefixStore {
  /** Most recently used first. */
  let kept: KvSequence[] = [];
  const counts = { hits: 0, misses: 0, reusedIds: 0 };
  const current = (one: KvSequence) => one.weightsVersion === cache.weightsVersion;
  /** Adapters and parameters may have changed since. */
  const dropStale = () => {
    const stale = kept.filter((entry) => !current(entry));
    kept = kept.filter((entry) => !stale.includes(entry));
    for (const entry of stale) entry.dispose();
  };
  const pages = () => new Set(kept.flatMap(({ blocks }) => blocks.map(({ page }) => page))).size;

  const forkPrefix = (source: KvSequence, length: number): KvSequence | undefined => {
    const fork = source.fork();
    try {
      fork.truncate(length);
      return fork;
    } catch (error) {
      fork.dispose();
      // A window has passed over what would be needed.
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  };

  const store: PrefixStore = {
    get entries() {
      return kept.length;
    },
    get pages() {
      return pages();
    },
    get hits() {
      return counts.hits;
    },
    get misses() {
      return counts.misses;
    },
    get reusedIds() {
      return counts.reusedIds;
    },
    match(ids, live, shortest) {
      const candidates = [...kept, ...live]
        .filter(current)
        .map((source) => ({ source, length: commonPrefix(source.ids, ids, ids.length - 1) }))
        .filter(({ length }) => length >= shortest)
        .sort((a, b) => b.length - a.length);
      for (const { source, length } of candidates) {
        const fork = forkPrefix(source, length);
        if (fork === undefined) continue;
        if (kept.includes(source)) kept = [source, ...kept.filter((other) => other !== source)];
        return fork;
      }
      return undefined;
    },
    insert(sequence) {
      const { ids } = sequence;
      dropStale();
      if (!current(sequence)) {
        sequence.dispose();
        return;
      }
      const covering = kept.find((e) => commonPrefix(e.ids, ids, ids.length) === ids.length);
      if (maxPages === 0 || ids.length === 0 || covering !== undefined) {
        sequence.dispose();
        if (covering !== undefined) kept = [covering, ...kept.filter((other) => other !== covering)];
        return;
      }
      const covered = kept.filter((e) => commonPrefix(e.ids, ids, e.length) === e.length);
      for (const entry of covered) entry.dispose();
      kept = [sequence, ...kept.filter((entry) => !covered.includes(entry))];
      while (kept.length > 1 && pages() > maxPages) store.evict();
      // One that is too long alone: its beginning, which others are more likely to share.
      if (pages() > maxPages) {
        const beginning = forkPrefix(sequence, maxPages * cache.store.shape.pageSize);
        sequence.dispose();
        kept = beginning === undefined ? [] : [beginning];
      }
    },
    evict() {
      const oldest = kept.pop();
      oldest?.dispose();
      return oldest !== undefined;
    },
    count(reusedIds) {
      if (reusedIds > 0) counts.hits++;
      else counts.misses++;
      counts.reusedIds += reusedIds;
    },
    async save() {
      dropStale();
      // Forks, so that nothing is evicted while it is read.
      const forks = kept.map((entry) => entry.fork());
      const parts: Uint8Array[] = [];
      try {
        for (const fork of forks) parts.push(await fork.snapshot());
      } finally {
        for (const fork of forks) fork.dispose();
      }
      const head = 16 + 8 * parts.length;
      const bytes = new Uint8Array(head + parts.reduce((sum, part) => sum + part.length, 0));
      const view = new DataView(bytes.buffer);
      bytes.set(new TextEncoder().encode(magic));
      view.setFloat64(8, parts.length, true);
      let at = head;
      parts.forEach((part, i) => {
        view.setFloat64(16 + 8 * i, part.length, true);
        bytes.set(part, at);
        at += part.length;
      });
      return bytes;
    },
    restore(bytes) {
      const restored: KvSequence[] = [];
      try {
        for (const part of readParts(bytes)) restored.push(cache.restore(part));
      } catch (error) {
        if (!(error instanceof KvCacheFullError)) {
          for (const sequence of restored) sequence.dispose();
          throw error;
        }
      }
      // The most recently used one last, so that it is the last to go.
      for (const sequence of restored.reverse()) store.insert(sequence);
      return restored.length;
    },
    clear() {
      for (const entry of kept) entry.dispose();
      kept = [];
    },
  };
  return store;
}

/** The snapshots in `save()`'s bytes; every length is checked before any of them is read. */
function readParts(bytes: Uint8Array): Uint8Array[] {
  const damaged = (field: string, expected: unknown, got: unknown) =>
    new KvSnapshotError(`prefix cache ${field}: expected ${expected}, got ${got}`);
  if (bytes.length < 16 || new TextDecoder().decode(bytes.subarray(0, 8)) !== magic) {
    throw new KvSnapshotError('prefix cache: expected the bytes of save(), got something else');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getFloat64(8, true);
  const most = Math.floor((bytes.length - 16) / 8);
  if (!Number.isInteger(count) || count < 0 || count > most) throw damaged('count', `0 to ${most}`, count);
  const parts: Uint8Array[] = [];
  let at = 16 + 8 * count;
  for (let i = 0; i < count; i++) {
    const length = view.getFloat64(16 + 8 * i, true);
    if (!Number.isInteger(length) || length < 0 || at + length > bytes.length) {
      throw damaged(`length ${i}`, `0 to ${bytes.length - at}`, length);
    }
    parts.push(bytes.subarray(at, at + length));
    at += length;
  }
  if (at !== bytes.length) throw damaged('length', at, bytes.length);
  return parts;
}
