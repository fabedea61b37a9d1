// Room for sequences as the scheduler counts it: free pages of the model's cache, or no bound for models whose state does not grow (recurrent ones).
import type { LanguageModel, Sequence } from '../../generate/language-model.ts';
import type { KvCache, KvSequence } from '../../kv-cache/kv-cache.ts';

/** A model to schedule on; one with a paged cache is served within its pages. */
export interface ServedModel<S extends Sequence = Sequence> extends LanguageModel<S> {
  /** Pages of its sequences; absent where a sequence's state does not grow. */
  readonly cache?: KvCache;
}

/** Pages there are and pages it takes. */
export interface PageRoom<S extends Sequence> {
  readonly capacity: number;
  readonly free: number;
  /** Free pages that `count` more ids take; an empty sequence when there is none yet. */
  pagesFor(sequence: S | undefined, count: number): number;
  /** The most pages a sequence of `length` ids holds at a time. */
  mostPages(length: number): number;
}

/** The room of a model whose passes have at most `perPass` ids. */
export function pageRoom<S extends Sequence>({ cache }: ServedModel<S>, perPass: number): PageRoom<S> {
  if (cache === undefined) {
    const none = Number.POSITIVE_INFINITY;
    return { capacity: none, free: none, pagesFor: () => 0, mostPages: () => 0 };
  }
  const { pageSize } = cache.store.shape;
  return {
    capacity: cache.pool.capacity,
    get free() {
      return cache.pool.free;
    },
    pagesFor: (sequence, count) =>
      sequence === undefined
        ? Math.ceil(count / pageSize)
        : cache.pagesFor(sequence as unknown as KvSequence, count),
    mostPages: (length) => cache.mostPages(length, perPass),
  };
}
