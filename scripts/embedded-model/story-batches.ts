// Batches of stories, one a row, as a pure function of the batch's number: the stories of `window` batches are sorted by length, so that a batch holds stories of like length and little is
// padding, and the batches of a window come in an order of their own.
import type { TokenBatch, TokenRow } from '@ashlar/core';
import { padRows } from '@ashlar/core';
import type { Random } from '@ashlar/sampling';
import type { Tokenizer } from '@ashlar/tokenizer';
import type { Plot } from '../../examples/story-world/plots/plot.ts';
import { storyOf } from '../../examples/story-world/story-of.ts';
import { plots, tellStory } from '../../examples/story-world/tell-story.ts';

export interface StoryBatchOptions {
  /** Stories a batch. */
  readonly rows: number;
  /** Batches whose stories are sorted together; default 16. */
  readonly window?: number;
  /** Rows are padded to a multiple of this, so that few shapes occur; default 32. */
  readonly multiple?: number;
  /** Number of the first story. */
  readonly from?: number;
  /** This share of the stories is of these plots (by name), and only what follows their first paragraph is learned: how such a story goes on, not that it is told more often. */
  readonly focus?: { readonly share: number; readonly plots: readonly string[] };
}

/** The stories of `random`, each END + story + END, in batches. END is id 0, and what lies behind it is not learned. */
export function storyBatches(
  tokenizer: Tokenizer,
  random: Random,
  options: StoryBatchOptions,
): (index: number) => TokenBatch {
  const { rows, window = 16, multiple = 32, from = 0 } = options;
  const chosen = options.focus?.plots.map((name): Plot => {
    const plot = plots.find((own) => own.name === name);
    if (plot === undefined)
      throw new RangeError(`focus: expected one of ${plots.map((own) => own.name).join(', ')}, got ${name}`);
    return plot;
  });
  const encode = (text: string): number[] => tokenizer.encode(text, { addSpecialTokens: false });
  const rowOf = (index: number): Required<TokenRow> => {
    if (chosen !== undefined && random.uniform('focus', index, 0) < options.focus!.share) {
      const plot = chosen[Math.floor(random.uniform('focus', index, 1) * chosen.length)];
      let used = 0;
      const { text } = tellStory(() => random.uniform('focused story', index, 0, used++), plot);
      const ids = [0, ...encode(text), 0];
      const opening = 1 + encode(text.slice(0, text.indexOf('\n\n'))).length;
      return { ids, mask: ids.map((_, t) => (t < opening ? 0 : 1)) };
    }
    const ids = [0, ...encode(storyOf(random, index).text), 0];
    return { ids, mask: ids.map(() => 1) };
  };
  let known: { window: number; sorted: Required<TokenRow>[]; order: number[] } | undefined;
  return (index) => {
    const number = Math.floor(index / window);
    if (known?.window !== number) {
      const first = from + number * window * rows;
      const sorted = Array.from({ length: window * rows }, (_, i) => rowOf(first + i)).sort(
        (p, q) => p.ids.length - q.ids.length,
      );
      known = { window: number, sorted, order: shuffled(random, number, window) };
    }
    const at = known.order[index % window] * rows;
    const batch = known.sorted.slice(at, at + rows);
    const longest = batch[batch.length - 1].ids.length;
    return padRows(batch, Math.ceil(longest / multiple) * multiple);
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
