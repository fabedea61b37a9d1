// SentencePiece's word model: a word begins at every visible space; neighbouring unknown words are one unknown piece.
import { utf8ByteLength } from '../unicode/utf8.ts';
import type { Model, ModelToken } from './model.ts';
import type { Vocabulary } from './vocabulary.ts';

export function sentencePieceWords(vocabulary: Vocabulary, unkId: number): Model {
  return {
    size: vocabulary.size,
    limit: vocabulary.limit,
    tokenize: (text, { excluded } = {}) => {
      const tokens: ModelToken[] = [];
      let at = 0;
      for (const word of text.match(/^[^\u2581]+|\u2581[^\u2581]*/gu) ?? []) {
        const known = vocabulary.id(word);
        const id = known !== undefined && !excluded?.has(known) ? known : unkId;
        const start = at;
        at += utf8ByteLength(word);
        const last = tokens.at(-1);
        if (id === unkId && last?.id === unkId) tokens[tokens.length - 1] = { ...last, end: at };
        else tokens.push({ id, start, end: at });
      }
      return tokens;
    },
    tokenToId: (token) => vocabulary.id(token),
    idToToken: (id) => vocabulary.token(id),
    config: () => {
      throw new TypeError('tokenizer.json: it has no form for a SentencePiece model of words');
    },
  };
}
