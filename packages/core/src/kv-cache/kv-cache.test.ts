import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createKvCache, type KvCache, type KvSequence } from './kv-cache.ts';
import { KvCacheFullError, KvSnapshotError } from './kv-cache-error.ts';
import type { PageStore } from './page-store.ts';

const pageSize = 4;

/** A store of one number a token: what a page holds is easy to compare. */
function numberStore(): PageStore & {
  put(page: number, offset: number, value: number): void;
  get(page: number): number[];
} {
  const pages = new Map<number, number[]>();
  const page = (id: number) => {
    const found = pages.get(id) ?? [];
    pages.set(id, found);
    return found;
  };
  return {
    shape: { layers: 1, groups: 1, pageSize, headDim: 1 },
    put(id, offset, value) {
      page(id)[offset] = value;
    },
    get: (id) => page(id),
    copy: (from, to, tokens) => void pages.set(to, page(from).slice(0, tokens)),
    clear: (id) => void pages.delete(id),
    read: async (id) => Float32Array.from({ length: 2 * pageSize }, (_, i) => page(id)[i] ?? 0),
    write: (id, values) => void pages.set(id, [...values].slice(0, pageSize)),
    dispose: () => pages.clear(),
  };
}

function setUp(capacity = 64, options: { window?: number; sinks?: number } = {}) {
  const store = numberStore();
  const cache = createKvCache(store, { capacity, modelHash: 'm', ...options });
  const append = (sequence: KvSequence, values: number[]) => {
    const [reservation] = cache.reserve([sequence], [values.length]);
    values.forEach((value, i) => {
      const at = reservation.start + i;
      const block = reservation.blocks.find((b) => b.start <= at && at < b.start + pageSize);
      store.put(block!.page, at - block!.start, value);
    });
    reservation.commit(values);
  };
  /** What the blocks hold, by position. */
  const content = (sequence: KvSequence) =>
    new Map(
      sequence.blocks.flatMap(({ page, start }) =>
        store
          .get(page)
          .map((value, i) => [start + i, value] as const)
          .filter(([at]) => at < sequence.length),
      ),
    );
  return { cache, store, append, content };
}

const held = (cache: KvCache) => cache.pool.capacity - cache.pool.free;

describe('paged cache', () => {
  test('after any sequence of operations it holds what plain arrays hold, and all pages come back at the end', async () => {
    const operation = fc.oneof(
      fc.record({
        kind: fc.constant('append' as const),
        which: fc.nat(),
        count: fc.integer({ min: 1, max: 9 }),
      }),
      fc.record({ kind: fc.constant('fork' as const), which: fc.nat() }),
      fc.record({ kind: fc.constant('truncate' as const), which: fc.nat(), keep: fc.nat() }),
      fc.record({ kind: fc.constant('dispose' as const), which: fc.nat() }),
      fc.record({ kind: fc.constant('restore' as const), which: fc.nat() }),
      fc.record({
        kind: fc.constant('cancel' as const),
        which: fc.nat(),
        count: fc.integer({ min: 1, max: 9 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 40 }), async (operations) => {
        const { cache, append, content } = setUp(4096);
        const pairs: { real: KvSequence; naive: number[] }[] = [{ real: cache.newSequence(), naive: [] }];
        let next = 1;
        for (const op of operations) {
          const pair = pairs[op.which % pairs.length];
          if (pair === undefined) {
            pairs.push({ real: cache.newSequence(), naive: [] });
          } else if (op.kind === 'append') {
            const values = Array.from({ length: op.count }, () => next++);
            append(pair.real, values);
            pair.naive.push(...values);
          } else if (op.kind === 'cancel') {
            cache.reserve([pair.real], [op.count])[0].cancel();
          } else if (op.kind === 'fork') {
            pairs.push({ real: pair.real.fork(), naive: [...pair.naive] });
          } else if (op.kind === 'truncate') {
            pair.naive.length = op.keep % (pair.naive.length + 1);
            pair.real.truncate(pair.naive.length);
          } else if (op.kind === 'restore') {
            pairs.push({ real: cache.restore(await pair.real.snapshot()), naive: [...pair.naive] });
          } else {
            pair.real.dispose();
            pairs.splice(pairs.indexOf(pair), 1);
          }
          for (const { real, naive } of pairs) {
            expect([...real.ids]).toEqual(naive);
            expect([...content(real).entries()]).toEqual(naive.map((value, i) => [i, value]));
          }
        }
        for (const { real } of pairs) real.dispose();
        expect(held(cache)).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  test('forks share full pages and copy the last one only when one of them writes', () => {
    const { cache, append } = setUp();
    const parent = cache.newSequence();
    append(parent, [1, 2, 3, 4, 5]);
    const child = parent.fork();
    expect(held(cache)).toBe(2);
    append(child, [6]);
    expect(held(cache)).toBe(3);
    expect(child.blocks[0].page).toBe(parent.blocks[0].page);
    expect(child.blocks[1].page).not.toBe(parent.blocks[1].page);
    parent.dispose();
    expect(held(cache)).toBe(2);
    child.dispose();
    expect(held(cache)).toBe(0);
  });

  test('a full cache throws before anything is changed', () => {
    const { cache, append } = setUp(2);
    const one = cache.newSequence();
    const two = cache.newSequence();
    append(one, [1, 2, 3, 4, 5]);
    expect(() => cache.reserve([one, two], [3, 1])).toThrow(KvCacheFullError);
    expect(() => append(two, [1])).toThrow(
      'kv cache: expected 1 free pages, got 0 of 2; dispose or truncate a sequence, or raise cacheTokens',
    );
    append(one, [6, 7, 8]);
    expect(one.length).toBe(8);
    one.truncate(4);
    append(two, [1]);
  });

  test('a window gives back pages that no query sees any more, sinks stay', () => {
    const { cache, append, content } = setUp(64, { window: 6, sinks: 2 });
    const sequence = cache.newSequence();
    for (let i = 0; i < 40; i++) append(sequence, [i]);
    const kept = [...content(sequence).keys()];
    expect(kept.slice(0, 4)).toEqual([0, 1, 2, 3]);
    for (let at = 35; at < 40; at++) expect(kept).toContain(at);
    expect(held(cache)).toBeLessThanOrEqual(4);
    expect(() => sequence.truncate(20)).toThrow('length: expected one whose window is still stored');
    sequence.truncate(39);
    sequence.truncate(0);
    append(sequence, [7]);
    expect([...content(sequence).values()]).toEqual([7]);
  });

  test('a sequence that has ended, or is of another cache, is refused', () => {
    const { cache } = setUp();
    const sequence = cache.newSequence();
    sequence.dispose();
    sequence.dispose();
    expect(() => sequence.fork()).toThrow('sequence: expected a live one');
    expect(() => setUp().cache.reserve([cache.newSequence()], [1])).toThrow(
      'sequence: expected one of this model',
    );
    const twice = cache.newSequence();
    expect(() => cache.reserve([twice, twice], [1, 1])).toThrow('expected each once');
  });

  test('dispose of the cache gives back every page', () => {
    const { cache, append } = setUp();
    for (let i = 0; i < 3; i++) append(cache.newSequence(), [1, 2, 3, 4, 5]);
    cache.dispose();
    expect(held(cache)).toBe(0);
  });
});

describe('snapshot', () => {
  test('of another model or another page size is refused by name', async () => {
    const { cache, append } = setUp();
    const sequence = cache.newSequence();
    append(sequence, [1, 2, 3, 4, 5]);
    const bytes = await sequence.snapshot();
    const other = createKvCache(numberStore(), { capacity: 8, modelHash: 'other' });
    expect(() => other.restore(bytes)).toThrow('snapshot model: expected other, got m');
    const wide = numberStore();
    Object.assign(wide.shape, { pageSize: 8 });
    expect(() => createKvCache(wide, { capacity: 8, modelHash: 'm' }).restore(bytes)).toThrow(
      'snapshot pageSize: expected 8, got 4',
    );
  });

  test('damaged bytes give a KvSnapshotError or a sequence of the same length, never anything else', async () => {
    const { cache, append } = setUp(4096);
    const sequence = cache.newSequence();
    append(sequence, [1, 2, 3, 4, 5, 6]);
    const good = await sequence.snapshot();
    fc.assert(
      fc.property(
        fc.nat({ max: good.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        (at, flip, cut) => {
          const bad = good.slice(0, cut ? at : good.length);
          if (!cut) bad[at] ^= flip;
          try {
            const restored = cache.restore(bad);
            expect(restored.length).toBeLessThanOrEqual(6);
            restored.dispose();
          } catch (error) {
            expect(error instanceof KvSnapshotError || error instanceof KvCacheFullError).toBe(true);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
