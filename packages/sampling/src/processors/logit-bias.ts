// A constant added to some logits (OpenAI's `logit_bias`); -Infinity bans.
import { checkIds, checkKnown, checkNumber } from '../check.ts';
import type { Processor } from '../processor.ts';
import { checkInVocabulary, setValue, slotOf } from '../row.ts';

/** Options of {@link logitBias}. */
export interface LogitBiasOptions {
  /** What is added, by id: a map, or an object with the ids as keys. */
  readonly bias: ReadonlyMap<number, number> | Readonly<Record<number, number>>;
}

/**
 * `l[id] += bias[id]`.
 *
 * @throws RangeError for a bias that is NaN or +Infinity, and while sampling for an id outside the vocabulary.
 */
export function logitBias(options: LogitBiasOptions): Processor {
  checkKnown('logitBias', options, ['bias']);
  const pairs: [number, number][] =
    options.bias instanceof Map
      ? [...options.bias]
      : Object.entries(options.bias as Readonly<Record<number, number>>).map(([id, bias]) => [
          Number(id),
          bias,
        ]);
  const ids = checkIds(
    'logitBias',
    pairs.map(([id]) => id),
  );
  const biases = pairs.map(([, bias]) =>
    checkNumber('logitBias', bias, 'a number below Infinity', (x) => x < Infinity),
  );
  return {
    name: 'logitBias',
    options: { bias: Object.fromEntries(pairs) },
    argmaxInvariant: false,
    onlyLowers: biases.every((bias) => bias <= 0),
    forbids: biases.includes(-Infinity),
    process(row) {
      for (let i = 0; i < ids.length; i++) {
        checkInVocabulary('logitBias', ids[i], row);
        const slot = slotOf(row, ids[i]);
        if (slot >= 0) setValue(row, slot, row.values[slot] + biases[i]);
      }
    },
  };
}
