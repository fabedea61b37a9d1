// One id a word; words outside the vocabulary are the unknown token.
import { utf8ByteLength } from '../unicode/utf8.ts';
import type { Model } from './model.ts';
import type { Vocabulary } from './vocabulary.ts';

export function wordLevel(vocabulary: Vocabulary, unkToken: string): Model {
  return {
    size: vocabulary.size,
    limit: vocabulary.limit,
    tokenize: (piece, { excluded } = {}) => {
      const known = vocabulary.id(piece);
      const id = known !== undefined && !excluded?.has(known) ? known : vocabulary.id(unkToken);
      if (id === undefined)
        throw new RangeError(
          `unk_token: ${unkToken} is not in the vocabulary and ${JSON.stringify(piece)} neither`,
        );
      return [{ id, start: 0, end: utf8ByteLength(piece) }];
    },
    tokenToId: (token) => vocabulary.id(token),
    idToToken: (id) => vocabulary.token(id),
    config: () => ({ type: 'WordLevel', vocab: vocabulary.toRecord(), unk_token: unkToken }),
  };
}
