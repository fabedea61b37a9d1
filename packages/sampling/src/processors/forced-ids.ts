// Given ids at given generated positions (a forced first id, a forced end at the last position).
import { checkInteger, checkKnown } from '../check.ts';
import { EmptySupportError } from '../errors.ts';
import type { Processor } from '../processor.ts';
import { checkInVocabulary, keepOne, setValue, slotOf } from '../row.ts';

/** Options of {@link forcedIds}. */
export interface ForcedIdsOptions {
  /** Pairs of a generated position (0 is the first) and the id that must stand there. */
  readonly ids: readonly (readonly [position: number, id: number])[];
}

/**
 * Keeps the one forced id at its position, with logit 0 (as Hugging Face's forced BOS and EOS).
 *
 * @throws RangeError for a position given twice, and while sampling for an id outside the vocabulary;
 *   EmptySupportError when an earlier step
 *   removed the id.
 */
export function forcedIds(options: ForcedIdsOptions): Processor {
  checkKnown('forcedIds', options, ['ids']);
  const forced = new Map<number, number>();
  for (const [position, id] of options.ids) {
    if (forced.has(checkInteger('forcedIds', position, 0)))
      throw new RangeError(`forcedIds: expected one id a position, got two at ${position}`);
    forced.set(position, checkInteger('forcedIds', id, 0));
  }
  return {
    name: 'forcedIds',
    options: { ids: options.ids },
    argmaxInvariant: false,
    forbids: true,
    process(row, { history }) {
      const id = forced.get(history.length - history.promptLength);
      if (id === undefined) return;
      checkInVocabulary('forcedIds', id, row);
      const slot = slotOf(row, id);
      if (slot < 0) throw new EmptySupportError('forcedIds');
      setValue(row, slot, 0);
      keepOne(row, slot);
    },
  };
}
