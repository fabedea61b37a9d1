// No n-gram twice (Paulus, Xiong, Socher 2017, arXiv 1705.04304): bans every token that would complete an n-gram of
// the sequence, prompt included.
import { checkIds, checkInteger, checkKnown } from '../check.ts';
import type { Processor } from '../processor.ts';
import { setValue, slotOf } from '../row.ts';

/** Options of {@link noRepeatNgram}. */
export interface NoRepeatNgramOptions {
  /** n >= 1; 1 bans every token that was seen. */
  readonly size: number;
  /** Ban the n-grams of this text instead of those of the sequence: of the prompt, or of an encoder's input. */
  readonly of?: 'prompt' | ArrayLike<number>;
}

/**
 * `l = -Infinity` for each token that followed an earlier occurrence of the last n - 1 ids, in the sequence or in `of`.
 *
 * @throws RangeError when size is not an integer >= 1.
 */
export function noRepeatNgram(options: NoRepeatNgramOptions): Processor {
  checkKnown('noRepeatNgram', options, ['size', 'of']);
  const size = checkInteger('noRepeatNgram', options.size, 1);
  const of = typeof options.of === 'object' ? checkIds('of', options.of) : options.of;
  if (typeof of === 'string' && of !== 'prompt')
    throw new RangeError(`of: expected 'prompt' or ids, got ${String(of)}`);
  return {
    name: 'noRepeatNgram',
    options: { size, of },
    argmaxInvariant: false,
    onlyLowers: true,
    forbids: true,
    process(row, { history: { tokens, length, promptLength } }) {
      const tail = length - size + 1; // where the last n - 1 ids begin
      if (tail < 0) return;
      const text = typeof of === 'object' ? of : tokens;
      const starts = typeof of === 'object' ? of.length - size + 1 : of ? promptLength - size + 1 : tail;
      for (let start = 0; start < starts; start++) {
        let i = 0;
        while (i < size - 1 && text[start + i] === tokens[tail + i]) i++;
        if (i < size - 1) continue;
        const slot = slotOf(row, text[start + size - 1]);
        if (slot >= 0) setValue(row, slot, -Infinity);
      }
    },
  };
}
