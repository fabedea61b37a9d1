// Encoder repetition penalty (Hugging Face): the ids of a text to keep to, an encoder's input or the prompt, are made
// likelier, against inventions; the inverse of the repetition penalty.
import { checkIds, checkKnown, checkNumber } from '../check.ts';
import type { Processor } from '../processor.ts';
import { setValue, slotOf } from '../row.ts';

/** Options of {@link encoderRepetition}. */
export interface EncoderRepetitionOptions {
  /** p > 0: above 1 the text's ids become likelier, below 1 less likely. */
  readonly penalty: number;
  /** The text's ids; default the prompt. */
  readonly of?: ArrayLike<number>;
}

/**
 * Once for each id of the text: `l = l > 0 ? l p : l / p`.
 *
 * @throws RangeError when penalty is not > 0.
 */
export function encoderRepetition(options: EncoderRepetitionOptions): Processor {
  checkKnown('encoderRepetition', options, ['penalty', 'of']);
  const penalty = checkNumber(
    'encoderRepetitionPenalty',
    options.penalty,
    '0 < penalty < Infinity',
    (x) => x > 0 && x < Infinity,
  );
  const of = options.of === undefined ? undefined : checkIds('of', options.of);
  let seen = new Uint8Array(0); // scratch by id, all zero between calls
  return {
    name: 'encoderRepetition',
    options: { penalty, of },
    argmaxInvariant: false,
    process(row, { history }) {
      if (seen.length < row.vocabSize) seen = new Uint8Array(row.vocabSize);
      const ids = of ?? history.tokens;
      const length = of?.length ?? history.promptLength;
      for (let i = 0; i < length; i++) {
        const slot = seen[ids[i]] === 1 ? -1 : slotOf(row, ids[i]);
        if (slot < 0) continue;
        seen[ids[i]] = 1;
        const value = row.values[slot];
        setValue(row, slot, value > 0 ? value * penalty : value / penalty);
      }
      for (let i = 0; i < length; i++) if (ids[i] < seen.length) seen[ids[i]] = 0;
    },
  };
}
