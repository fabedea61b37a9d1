// WordPiece (Schuster & Nakajima 2012; BERT): the longest prefix in the vocabulary, then the longest continuation, and so on; a word that cannot be
// covered, or is too long, is one unknown token.
import { utf8ByteLength } from '../unicode/utf8.ts';
import type { Model, ModelToken } from './model.ts';
import type { Vocabulary } from './vocabulary.ts';

export interface WordPieceOptions {
  readonly vocabulary: Vocabulary;
  readonly unkToken: string;
  readonly continuingSubwordPrefix: string;
  readonly maxInputCharsPerWord: number;
}

export function wordPiece(options: WordPieceOptions): Model {
  const { vocabulary, unkToken, continuingSubwordPrefix, maxInputCharsPerWord } = options;
  let longest = 0; // in UTF-16 units; bounds the search on long words
  for (let id = 0; id < vocabulary.limit; id++)
    longest = Math.max(longest, vocabulary.token(id)?.length ?? 0);

  const unknown = (piece: string): ModelToken[] => {
    const id = vocabulary.id(unkToken);
    if (id === undefined) throw new RangeError(`unk_token: ${unkToken} is not in the vocabulary`);
    return [{ id, start: 0, end: utf8ByteLength(piece) }];
  };

  return {
    size: vocabulary.size,
    limit: vocabulary.limit,
    tokenize: (piece, { excluded } = {}) => {
      if (piece.length > maxInputCharsPerWord && Array.from(piece).length > maxInputCharsPerWord)
        return unknown(piece);
      const tokens: ModelToken[] = [];
      let start = 0;
      let at = 0;
      while (start < piece.length) {
        const prefix = start > 0 ? continuingSubwordPrefix : '';
        let end = Math.min(piece.length, start + longest);
        let id: number | undefined;
        for (; end > start; end--) {
          if (isInsidePair(piece, end)) continue;
          id = vocabulary.id(prefix + piece.slice(start, end));
          if (id !== undefined && !excluded?.has(id)) break;
          id = undefined;
        }
        if (id === undefined) return unknown(piece);
        const bytes = utf8ByteLength(piece.slice(start, end));
        tokens.push({ id, start: at, end: at + bytes });
        at += bytes;
        start = end;
      }
      return tokens;
    },
    tokenToId: (token) => vocabulary.id(token),
    idToToken: (id) => vocabulary.token(id),
    config: () => ({
      type: 'WordPiece',
      unk_token: unkToken,
      continuing_subword_prefix: continuingSubwordPrefix,
      max_input_chars_per_word: maxInputCharsPerWord,
      vocab: vocabulary.toRecord(),
    }),
  };
}

const isInsidePair = (text: string, at: number): boolean =>
  at < text.length && (text.codePointAt(at - 1) ?? 0) > 0xffff;
