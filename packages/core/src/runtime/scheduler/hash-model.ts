// A tiny deterministic model for the scheduler's tests: each token leaves one number in its page of a real paged cache, and the logits are a hash of all numbers
// read back through the block table, so that a page shared, copied or recomputed wrongly changes the answer.
import type { LanguageModel, StepRequest } from '../../generate/language-model.ts';
import { createKvCache, type KvCache, type KvSequence } from '../../kv-cache/kv-cache.ts';
import type { PageStore } from '../../kv-cache/page-store.ts';

/** The model, and what was asked of it. */
export interface HashModel extends LanguageModel<KvSequence> {
  readonly cache: KvCache;
  /** Requests and ids of each pass. */
  readonly passes: { readonly lanes: number; readonly ids: number }[];
}

/** A model of 32 ids over a cache of `capacity` pages of four tokens; id 0 ends. */
export function hashModel(
  capacity: number,
  { maxPositions = 200, window }: { maxPositions?: number; window?: number } = {},
): HashModel {
  const pageSize = 4;
  const vocabSize = 32;
  const pages = new Map<number, number[]>();
  const store: PageStore = {
    shape: { layers: 1, groups: 1, pageSize, headDim: 1 },
    copy: (from, to, tokens) => void pages.set(to, (pages.get(from) ?? []).slice(0, tokens)),
    clear: (id) => void pages.delete(id),
    read: async (id) => Float32Array.from({ length: 2 * pageSize }, (_, i) => pages.get(id)?.[i] ?? 0),
    write: (id, values) => void pages.set(id, [...values].slice(0, pageSize)),
    dispose: () => pages.clear(),
  };
  const cache = createKvCache(store, { capacity, modelHash: 'hash', ...(window ? { window } : {}) });
  const passes: { lanes: number; ids: number }[] = [];
  const one = ({ sequence, ids }: StepRequest<KvSequence>, row: Float32Array) => {
    const [reservation] = cache.reserve([sequence], [ids.length]);
    const { blocks, start } = reservation;
    Array.from(ids).forEach((id, i) => {
      const at = start + i;
      const { page, start: from } = blocks.find((b) => b.start <= at && at < b.start + pageSize) ?? {
        page: -1,
        start: 0,
      };
      pages.set(page, Object.assign(pages.get(page) ?? [], { [at - from]: id + 1 }));
    });
    reservation.commit(ids);
    const { length } = sequence;
    let hash = 0x811c9dc5;
    for (const block of sequence.blocks) {
      for (let i = 0; i < pageSize && block.start + i < length; i++) {
        if (window !== undefined && block.start + i <= length - window) continue;
        hash = Math.imul(hash ^ (pages.get(block.page)?.[i] ?? -1), 0x01000193) >>> 0;
      }
    }
    for (let id = 0; id < vocabSize; id++) {
      hash = Math.imul(hash ^ id, 0x01000193) >>> 0;
      row[id] = (hash >>> 8) / 2 ** 22;
    }
    row[0] -= 2.5;
  };
  return {
    vocabSize,
    maxPositions,
    eosTokenIds: [0],
    cache,
    passes,
    newSequence: () => cache.newSequence(),
    async step(requests) {
      // All or none, as a real model.
      const all = cache.reserve(
        requests.map(({ sequence }) => sequence),
        requests.map(({ ids }) => ids.length),
      );
      for (const reservation of all) reservation.cancel();
      passes.push({ lanes: requests.length, ids: requests.reduce((sum, { ids }) => sum + ids.length, 0) });
      await Promise.resolve();
      return requests.map((request) => {
        const row = new Float32Array(vocabSize);
        one(request, row);
        return row;
      });
    },
  };
}
