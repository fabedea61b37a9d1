/** No page is free: end or truncate a sequence, or load the model with more pages. */
export class KvCacheFullError extends Error {
  override readonly name = 'KvCacheFullError';
  readonly needed: number;
  readonly free: number;
  readonly capacity: number;
  constructor(needed: number, free: number, capacity: number) {
    super(
      `kv cache: expected ${needed} free pages, got ${free} of ${capacity}; dispose or truncate a sequence, or raise cacheTokens`,
    );
    this.needed = needed;
    this.free = free;
    this.capacity = capacity;
  }
}

/** A snapshot that belongs to another model or is damaged. */
export class KvSnapshotError extends Error {
  override readonly name = 'KvSnapshotError';
}
