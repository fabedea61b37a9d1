// tokenizer.json's `model` object to a model. Files older than the `type` field are told by their fields.
import { BpeModel } from '../models/bpe.ts';
import type { Model } from '../models/model.ts';
import { PairTable } from '../models/pair-table.ts';
import { unigram } from '../models/unigram.ts';
import { Vocabulary } from '../models/vocabulary.ts';
import { wordLevel } from '../models/word-level.ts';
import { wordPiece } from '../models/word-piece.ts';
import {
  arrayField,
  asObject,
  booleanField,
  type JsonObject,
  numberField,
  stringField,
} from './json-value.ts';

/** The model that a config describes. */
export function modelFromJson(o: JsonObject): Model {
  const type = typeof o.type === 'string' ? o.type : guessType(o);
  switch (type) {
    case 'BPE': {
      const vocabulary = vocabularyOf(o);
      const prefix = (o.continuing_subword_prefix ?? null) as string | null;
      return new BpeModel({
        vocabulary,
        merges: mergesFromList(arrayField(o, 'merges', 'model'), vocabulary, prefix ?? ''),
        dropout: (o.dropout ?? null) as number | null,
        unkToken: (o.unk_token ?? null) as string | null,
        continuingSubwordPrefix: prefix,
        endOfWordSuffix: (o.end_of_word_suffix ?? null) as string | null,
        fuseUnk: booleanField(o, 'fuse_unk', 'model', false),
        byteFallback: booleanField(o, 'byte_fallback', 'model', false),
        ignoreMerges: booleanField(o, 'ignore_merges', 'model', false),
      });
    }
    case 'WordPiece':
      return wordPiece({
        vocabulary: vocabularyOf(o),
        unkToken: stringField(o, 'unk_token', 'model', '[UNK]'),
        continuingSubwordPrefix: stringField(o, 'continuing_subword_prefix', 'model', '##'),
        maxInputCharsPerWord: numberField(o, 'max_input_chars_per_word', 'model', 100),
      });
    case 'WordLevel':
      return wordLevel(vocabularyOf(o), stringField(o, 'unk_token', 'model', '<unk>'));
    case 'Unigram':
      return unigram({
        pieces: arrayField(o, 'vocab', 'model') as [string, number][],
        unkId: (o.unk_id ?? null) as number | null,
        byteFallback: booleanField(o, 'byte_fallback', 'model', false),
      });
    default:
      throw new TypeError(`model: the type ${JSON.stringify(type)} is not known`);
  }
}

function guessType(o: JsonObject): string {
  if (Array.isArray(o.vocab)) return 'Unigram';
  if (o.merges !== undefined) return 'BPE';
  if (o.max_input_chars_per_word !== undefined || o.continuing_subword_prefix !== undefined)
    return 'WordPiece';
  return 'WordLevel';
}

const vocabularyOf = (o: JsonObject): Vocabulary =>
  new Vocabulary(Object.entries(asObject(o.vocab, 'model.vocab')) as [string, number][]);

/** Merge rules from a list of 'left right' or [left, right]; the result is left + right without the continuing prefix. */
export function mergesFromList(list: readonly unknown[], vocabulary: Vocabulary, prefix = ''): PairTable {
  const table = new PairTable(list.length);
  list.forEach((item, rank) => {
    const [left, right] = typeof item === 'string' ? splitMerge(item) : (item as [string, string]);
    const a = vocabulary.id(left);
    const b = vocabulary.id(right);
    const result = vocabulary.id(left + right.slice(prefix.length));
    if (a === undefined || b === undefined || result === undefined) {
      throw new RangeError(
        `merges[${rank}]: ${JSON.stringify(item)} uses a token that is not in the vocabulary`,
      );
    }
    table.set(a, b, rank, result);
  });
  return table;
}

function splitMerge(text: string): [string, string] {
  const at = text.indexOf(' ', 1);
  if (at < 0) throw new TypeError(`merges: expected "left right", got ${JSON.stringify(text)}`);
  return [text.slice(0, at), text.slice(at + 1)];
}
