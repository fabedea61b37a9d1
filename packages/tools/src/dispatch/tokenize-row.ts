// A training row as ids with a mask: the prompt by the chat template (0), then each piece, ordinary text encoded with specials off. A mark that the
// model sampled as a special token is that token again.
import { checkOptions } from '../check-options.ts';
import type { SplicingCodec } from '../engines/inline-engine.ts';
import { pieceIds } from '../engines/special-tokens.ts';
import { wireMessage } from '../engines/wire-message.ts';
import type { JsonObject } from '../json.ts';
import type { TrainingRow } from './training-rows.ts';

/** A row for a trainer. */
export interface TokenizedRow {
  readonly ids: Int32Array;
  /** 1 where the loss counts. */
  readonly mask: Uint8Array;
}

/**
 * ids and mask of a row; `endId`, if given, is the end of the turn, trained on as well.
 *
 * @throws RangeError when a row has nothing to train on, or a special token that the tokenizer has not.
 */
export function tokenizeRow(
  row: TrainingRow,
  codec: SplicingCodec,
  options: { readonly tools?: readonly JsonObject[]; readonly endId?: number } = {},
): TokenizedRow {
  checkOptions(options, ['tools', 'endId'], 'tokenizeRow');
  const messages = row.messages.map((m) => wireMessage(m, 'object')) as never;
  const prompt = Array.from(
    codec.encodeChat(messages, options.tools?.length ? { tools: options.tools } : {}),
  );
  const ids = [...prompt];
  const mask = prompt.map(() => 0);
  for (const { text, train, special } of row.pieces)
    for (const id of pieceIds(codec, text, special === true)) {
      ids.push(id);
      mask.push(train);
    }
  if (options.endId !== undefined) {
    ids.push(options.endId);
    mask.push(1);
  }
  if (!mask.includes(1)) throw new RangeError('row: expected at least one token to train on');
  return { ids: Int32Array.from(ids), mask: Uint8Array.from(mask) };
}
