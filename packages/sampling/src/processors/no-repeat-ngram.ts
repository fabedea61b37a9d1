// No n-gram twice (Paulus, Xiong, Socher 2017, arXiv 1705.04304): bans every token that would complete an n-gram of
// the sequence, prompt included.
import { checkInteger, checkKnown } from '../check.ts';
import type { Processor } from '../processor.ts';
import { setValue, slotOf } from '../row.ts';

/** Options of {@link noRepeatNgram}. */
export interface NoRepeatNgramOptions {
  /** n >= 1; 1 bans every token that was seen. */
  readonly size: number;
}

/**
 * `l = -Infinity` for each token that followed an earlier occurrence of the last n - 1 ids.
 *
 * @throws RangeError when size is not an integer >= 1.
 */
export function noRepeatNgram(options: NoRepeatNgramOptions): Processor {
  checkKnown('noRepeatNgram', options, ['size']);
  const size = checkInteger('noRepeatNgram', options.size, 1);
  return {
    name: 'noRepeatNgram',
    options: { size },
    argmaxInvariant: false,
    onlyLowers: true,
    forbids: true,
    process(row, { history: { tokens, length } }) {
      const tail = length - size + 1; // where the last n - 1 ids begin
      for (let start = 0; start < tail; start++) {
        let i = 0;
        while (i < size - 1 && tokens[start + i] === tokens[tail + i]) i++;
        if (i < size - 1) continue;
        const slot = slotOf(row, tokens[start + size - 1]);
        if (slot >= 0) setValue(row, slot, -Infinity);
      }
    },
  };
}
