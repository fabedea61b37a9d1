// The steps between a scheduler and one consumer: an async iterator over a short buffer. The producer looks at `full` before it makes more, so a consumer that
// does not read pauses its own sequence and nobody else's.

/** A buffer with its two ends. */
export interface StepBuffer<T> {
  /** True from `limit` unread items on until half of them have been read. */
  readonly full: boolean;
  push(item: T): void;
  /** No more items; with `dropUnread` not even those that are there. */
  end(dropUnread?: boolean): void;
  /** The consumer's next read rejects; with `dropUnread` at once, else behind what is there already. */
  fail(reason: unknown, dropUnread: boolean): void;
  next(): Promise<IteratorResult<T, undefined>>;
}

/** An empty buffer; `onRoom` is told when it stops being full. */
export function createStepBuffer<T>(limit: number, onRoom: () => void): StepBuffer<T> {
  const unread: T[] = [];
  const waiting: {
    resolve: (result: IteratorResult<T, undefined>) => void;
    reject: (reason: unknown) => void;
  }[] = [];
  let full = false;
  let ended = false;
  let failure: { readonly reason: unknown } | undefined;

  const settle = () => {
    while (waiting.length > 0) {
      if (unread.length > 0) waiting.shift()?.resolve({ done: false, value: unread.shift() as T });
      else if (failure !== undefined) {
        const { reason } = failure;
        failure = undefined;
        waiting.shift()?.reject(reason);
      } else if (ended) waiting.shift()?.resolve({ done: true, value: undefined });
      else break;
    }
    if (full && unread.length <= limit / 2) {
      full = false;
      onRoom();
    }
  };

  return {
    get full() {
      return full;
    },
    push(item) {
      unread.push(item);
      if (unread.length >= limit && waiting.length === 0) full = true;
      settle();
    },
    end(dropUnread = false) {
      ended = true;
      if (dropUnread) unread.length = 0;
      settle();
    },
    fail(reason, dropUnread) {
      // What has ended can still be dropped as long as somebody has it to read.
      if (ended && !(dropUnread && unread.length > 0)) return;
      ended = true;
      failure = { reason };
      if (dropUnread) unread.length = 0;
      settle();
    },
    next() {
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        settle();
      });
    },
  };
}
