// Batches of stories, one a row, as a pure function of the batch's number: the stories of `window` batches are sorted by length, so that a batch holds stories of like length and little is
// padding, and the batches of a window come in an order of their own.
import type { TokenBatch } from '@ashlar/core';
import { padRows } from '@ashlar/core';
import type { Random } from '@ashlar/sampling';
import type { Tokenizer } from '@ashlar/tokenizer';
import { storyOf } from '../../examples/story-world/story-of.ts';

export interface StoryBatchOptions {
  /** Stories a batch. */
  readonly rows: number;
  /** Batches whose stories are sorted together; default 16. */
  readonly window?: number;
  /** Rows are padded to a multiple of this, so that few shapes occur; default 32. */
  readonly multiple?: number;
  /** Number of the first story. */
  readonly from?: number;
}

/** The stories of `random`, each END + story + END, in batches. END is id 0, and what lies behind it is not learned. */
export function storyBatches(
  tokenizer: Tokenizer,
  random: Random,
  options: StoryBatchOptions,
): (index: number) => TokenBatch {
  const { rows, window = 16, multiple = 32, from = 0 } = options;
  let known: { window: number; sorted: number[][]; order: number[] } | undefined;
  return (index) => {
    const number = Math.floor(index / window);
    if (known?.window !== number) {
      const first = from + number * window * rows;
      const sorted = Array.from({ length: window * rows }, (_, i) => [
        0,
        ...tokenizer.encode(storyOf(random, first + i).text, { addSpecialTokens: false }),
        0,
      ]).sort((a, b) => a.length - b.length);
      known = { window: number, sorted, order: shuffled(random, number, window) };
    }
    const at = known.order[index % window] * rows;
    const batch = known.sorted.slice(at, at + rows);
    const longest = batch[batch.length - 1].length;
    return padRows(
      batch.map((ids) => ({ ids })),
      Math.ceil(longest / multiple) * multiple,
    );
  };
}

function shuffled(random: Random, position: number, length: number): number[] {
  const order = Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = Math.floor(random.uniform('batch order', position, 0, i) * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
