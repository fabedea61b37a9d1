// Only the listed ids may be drawn.
import { checkIds, checkKnown } from '../check.ts';
import type { Processor } from '../processor.ts';
import { checkInVocabulary, keepSelected, slotOf } from '../row.ts';

/** Options of {@link allowedIds}. */
export interface AllowedIdsOptions {
  /** The ids that may be drawn, at least one. */
  readonly ids: ArrayLike<number>;
}

/**
 * Keeps the listed ids.
 *
 * @throws RangeError for an empty list, and while sampling for an id outside the vocabulary.
 */
export function allowedIds(options: AllowedIdsOptions): Processor {
  checkKnown('allowedIds', options, ['ids']);
  const ids = Int32Array.from(new Set(checkIds('allowedIds', options.ids))).sort();
  if (ids.length === 0) throw new RangeError('allowedIds: expected at least one id, got none');
  return {
    name: 'allowedIds',
    options: { ids },
    argmaxInvariant: false,
    onlyLowers: true,
    forbids: true,
    process(row) {
      checkInVocabulary('allowedIds', ids[ids.length - 1], row);
      let m = 0;
      for (let i = 0; i < ids.length; i++) {
        const slot = slotOf(row, ids[i]);
        if (slot >= 0) row.order[m++] = slot;
      }
      keepSelected(row, m, row.dense);
    },
  };
}
