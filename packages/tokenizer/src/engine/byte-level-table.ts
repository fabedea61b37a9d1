// The bytes of a byte-level vocabulary, whose tokens are written in GPT-2's alphabet.
import type { AddedToken } from '../added-tokens.ts';
import { alphabetToBytes, charToByte } from '../byte-alphabet.ts';
import type { Vocabulary } from '../models/vocabulary.ts';
import { TokenTable } from './token-table.ts';

/**
 * The table of a vocabulary without its control tokens, or undefined when a byte is missing or a token is not written in the alphabet (added tokens need
 * not be: they are cut out of the text before).
 */
export function byteLevelTable(
  vocabulary: Vocabulary,
  addedToken: (id: number) => AddedToken | undefined,
): TokenTable | undefined {
  const size = vocabulary.limit;
  const offsets = new Int32Array(size + 1);
  let total = 0;
  for (let id = 0; id < size; id++) total += vocabulary.token(id)?.length ?? 0;
  const bytes = new Uint8Array(total + 8); // as TokenTable wants them, so that it need not copy
  let at = 0;
  for (let id = 0; id < size; id++) {
    offsets[id] = at;
    const token = vocabulary.token(id);
    const added = addedToken(id);
    if (token === undefined || added?.special) continue;
    if (added !== undefined && alphabetToBytes(token) === undefined) continue;
    for (let i = 0; i < token.length; i++) {
      const byte = charToByte(token.charCodeAt(i));
      if (byte < 0) return undefined;
      bytes[at++] = byte;
    }
  }
  offsets[size] = at;
  const table = new TokenTable(bytes, offsets);
  return table.byteId.includes(-1) ? undefined : table;
}
