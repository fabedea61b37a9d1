// The listed ids may not be drawn; with `atBegin` only as the first generated id (Hugging Face's begin-suppress).
import { checkIds, checkKnown } from '../check.ts';
import type { Processor } from '../processor.ts';
import { checkInVocabulary, setValue, slotOf } from '../row.ts';

/** Options of {@link suppressIds}. */
export interface SuppressIdsOptions {
  /** The ids that may not be drawn. */
  readonly ids: ArrayLike<number>;
  /** Only at the first generated position; default false. */
  readonly atBegin?: boolean;
}

/**
 * `l[id] = -Infinity` for the listed ids.
 *
 * @throws RangeError while sampling for an id outside the vocabulary.
 */
export function suppressIds(options: SuppressIdsOptions): Processor {
  checkKnown('suppressIds', options, ['ids', 'atBegin']);
  const ids = checkIds('suppressIds', options.ids);
  const atBegin = options.atBegin ?? false;
  return {
    name: 'suppressIds',
    options: { ids, atBegin },
    argmaxInvariant: false,
    onlyLowers: true,
    forbids: true,
    process(row, { history }) {
      if (atBegin && history.length > history.promptLength) return;
      for (let i = 0; i < ids.length; i++) {
        checkInVocabulary('suppressIds', ids[i], row);
        const slot = slotOf(row, ids[i]);
        if (slot >= 0) setValue(row, slot, -Infinity);
      }
    },
  };
}
