/** Too many requests wait: submit again when some have been served, or raise `maxWaiting`. */
export class QueueFullError extends Error {
  override readonly name = 'QueueFullError';
  /** Requests that may wait. */
  readonly limit: number;
  constructor(limit: number) {
    super(`scheduler: expected fewer than ${limit} waiting requests, got one more; submit it again later`);
    this.limit = limit;
  }
}

/** A request that the cache could not hold even alone. */
export class RequestTooLargeError extends RangeError {
  override readonly name = 'RequestTooLargeError';
  /** Pages for the prompt and all of `maxNewTokens`. */
  readonly needed: number;
  /** Pages of the whole cache. */
  readonly room: number;
  constructor(ids: number, needed: number, room: number) {
    super(
      `request: expected at most ${room} pages, needed ${needed} for ${ids} ids of prompt and answer; lower maxNewTokens or raise cacheTokens`,
    );
    this.needed = needed;
    this.room = room;
  }
}
