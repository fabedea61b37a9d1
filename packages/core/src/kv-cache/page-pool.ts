// Which pages are in use and by how many sequences: bookkeeping only, so that every backend's page store shares it. Pages as in
// PagedAttention (Kwon et al. 2023, arXiv:2309.06180).
import { KvCacheFullError } from './kv-cache-error.ts';

/** Page numbers 0..capacity-1 with counts of references. */
export interface PagePool {
  readonly capacity: number;
  readonly free: number;
  /** Takes a free page with one reference. Throws `KvCacheFullError`. */
  take(): number;
  /** One more holder of a page in use. */
  retain(page: number): void;
  /** One holder less; true when that was the last one and the page is free again. */
  release(page: number): boolean;
  /** Holders of a page; 0 when it is free. */
  references(page: number): number;
}

/** A pool of `capacity` pages, all free. */
export function createPagePool(capacity: number): PagePool {
  if (!Number.isInteger(capacity) || capacity < 1) {
    throw new RangeError(`capacity: expected an integer >= 1, got ${capacity}`);
  }
  const counts = new Map<number, number>();
  const freed: number[] = [];
  // Pages never used so far start here: a large pool costs nothing until it is used.
  let untouched = 0;
  const count = (page: number): number => {
    const found = counts.get(page);
    if (found === undefined) throw new RangeError(`page: expected one in use, got ${page}`);
    return found;
  };
  return {
    capacity,
    get free() {
      return capacity - counts.size;
    },
    take() {
      const page = freed.pop() ?? (untouched < capacity ? untouched++ : undefined);
      if (page === undefined) throw new KvCacheFullError(1, 0, capacity);
      counts.set(page, 1);
      return page;
    },
    retain: (page) => void counts.set(page, count(page) + 1),
    release(page) {
      const left = count(page) - 1;
      if (left > 0) {
        counts.set(page, left);
        return false;
      }
      counts.delete(page);
      freed.push(page);
      return true;
    },
    references: (page) => counts.get(page) ?? 0,
  };
}
