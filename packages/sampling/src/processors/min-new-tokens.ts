// The text may not end before it has so many new ids.
import { checkIds, checkInteger, checkKnown } from '../check.ts';
import type { Processor } from '../processor.ts';
import { checkInVocabulary, setValue, slotOf } from '../row.ts';

/** Options of {@link minNewTokens}. */
export interface MinNewTokensOptions {
  /** How many ids must be generated before an end, >= 0. */
  readonly count: number;
  /** The ids that end a text, at least one. */
  readonly eosTokenIds: ArrayLike<number>;
}

/**
 * `l[eos] = -Infinity` while fewer than `count` ids have been generated.
 *
 * @throws RangeError when count is negative or no end id is given.
 */
export function minNewTokens(options: MinNewTokensOptions): Processor {
  checkKnown('minNewTokens', options, ['count', 'eosTokenIds']);
  const count = checkInteger('minNewTokens', options.count, 0);
  const ids = checkIds('eosTokenIds', options.eosTokenIds);
  if (ids.length === 0) throw new RangeError('eosTokenIds: expected at least one id, got none');
  return {
    name: 'minNewTokens',
    options: { count, eosTokenIds: ids },
    argmaxInvariant: false,
    onlyLowers: true,
    process(row, { history }) {
      if (history.length - history.promptLength >= count) return;
      for (let i = 0; i < ids.length; i++) {
        checkInVocabulary('minNewTokens', ids[i], row);
        const slot = slotOf(row, ids[i]);
        if (slot >= 0) setValue(row, slot, -Infinity);
      }
    },
  };
}
