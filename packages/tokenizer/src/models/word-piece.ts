// WordPiece (Schuster & Nakajima 2012; BERT): the longest prefix in the vocabulary, then the longest continuation, and so on; a word that cannot be
// covered, or is too long, is one unknown token.
import { UnitTrie } from '../engine/unit-trie.ts';
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
  const trie = new UnitTrie();
  for (let id = 0; id < vocabulary.limit; id++) trie.insert(vocabulary.token(id) ?? '', id);
  const inside = trie.nodeOf(continuingSubwordPrefix); // where continuations begin, -1 when there are none

  const unknownId = (): number => {
    const id = vocabulary.id(unkToken);
    if (id === undefined) throw new RangeError(`unk_token: ${unkToken} is not in the vocabulary`);
    return id;
  };
  const isTooLong = (piece: string): boolean =>
    piece.length > maxInputCharsPerWord && countCharacters(piece) > maxInputCharsPerWord;

  const isPassedOver = (piece: string, i: number, excluded: ReadonlySet<number> | undefined): boolean =>
    isInsidePair(piece, trie.ends[i]) || excluded?.has(trie.values[i]) === true;

  /** Pushes ids, and on demand where each ends in UTF-16 units; a word that is not covered is one unknown token. */
  const put = (
    piece: string,
    excluded: ReadonlySet<number> | undefined,
    out: number[],
    ends?: number[],
  ): void => {
    const from = out.length;
    const size = piece.length;
    for (let start = isTooLong(piece) ? -1 : 0; start < size; ) {
      const node = start > 0 ? inside : 0;
      let found = start < 0 || node < 0 ? 0 : trie.walk(piece, start, node);
      while (found > 0 && isPassedOver(piece, found - 1, excluded)) found--;
      if (found === 0) {
        out.length = from;
        out.push(unknownId());
        if (ends !== undefined) ends.splice(0, ends.length, size);
        return;
      }
      out.push(trie.values[found - 1]);
      start = trie.ends[found - 1];
      ends?.push(start);
    }
  };

  return {
    size: vocabulary.size,
    limit: vocabulary.limit,
    tokenize: (piece, { excluded } = {}) => {
      const ids: number[] = [];
      const ends: number[] = [];
      put(piece, excluded, ids, ends);
      let at = 0; // in bytes
      return ids.map((id, i): ModelToken => {
        const start = at;
        at += utf8ByteLength(piece.slice(i === 0 ? 0 : ends[i - 1], ends[i]));
        return { id, start, end: at };
      });
    },
    putIds: (piece, excluded, out) => put(piece, excluded, out),
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

function countCharacters(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i += isInsidePair(text, i + 1) ? 2 : 1) count++;
  return count;
}
