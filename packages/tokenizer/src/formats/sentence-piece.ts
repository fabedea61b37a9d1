// SentencePiece's tokenizer.model (src/sentencepiece_model.proto): pieces with scores, how they were trained (Unigram, BPE, word, char) and how text is
// normalised before.
import type { AddedToken } from '../added-tokens.ts';
import { sentencePieceDecoder } from '../decoders/sentence-piece.ts';
import type { Model } from '../models/model.ts';
import { type PieceKind, ScoreBpeModel, type ScorePiece } from '../models/score-bpe.ts';
import { sentencePieceWords } from '../models/sentence-piece-words.ts';
import { unigram } from '../models/unigram.ts';
import { Vocabulary } from '../models/vocabulary.ts';
import type { StageConfig } from '../normalizers/normalizer.ts';
import { sentencePieceNormalizer } from '../normalizers/sentence-piece.ts';
import type { LayoutPiece } from '../post-processors/post-processor.ts';
import { Tokenizer } from '../tokenizer.ts';
import { decodeUtf8 } from '../unicode/utf8.ts';
import { refuseUnknownOptions } from '../unknown-options.ts';
import { frame } from './frame.ts';
import { readProtobuf } from './read-protobuf.ts';
import type { TokenizerExtras } from './tokenizer-json.ts';

/** What `readSentencePiece` may be told. */
export interface SentencePieceOptions extends TokenizerExtras {
  /** Put the BOS token before the text, as Llama, Mistral and Gemma do; default false, as SentencePiece itself. */
  readonly addBos?: boolean;
  /** Put the EOS token behind the text, as T5 does; default false. */
  readonly addEos?: boolean;
}

const OPTIONS = [
  'addBos',
  'addEos',
  'bosTokenId',
  'eosTokenIds',
  'unkTokenId',
  'padTokenId',
  'specialTokens',
  'chatTemplate',
  'chatTemplates',
];
const KINDS: readonly PieceKind[] = [
  'normal',
  'normal',
  'unknown',
  'control',
  'user-defined',
  'unused',
  'byte',
];
const UNIGRAM = 1;
const BPE = 2;
const WORD = 3;

interface ModelFile {
  readonly pieces: readonly ScorePiece[];
  readonly trainer: { readonly [field: number]: number };
  readonly normalizer: { readonly [field: number]: number };
  readonly charsmap: Uint8Array;
  /** What decoding writes for the unknown token. */
  readonly unkSurface: string;
}

/** A tokenizer from the bytes of a SentencePiece model. */
export function readSentencePiece(bytes: Uint8Array, options: SentencePieceOptions = {}): Tokenizer {
  refuseUnknownOptions('readSentencePiece', options, OPTIONS);
  const { addBos = false, addEos = false, ...extras } = options;
  const file = parse(bytes);
  const { pieces } = file;
  const id = (field: number, otherwise: number): number | undefined => {
    const value = file.trainer[field] ?? otherwise;
    return value < pieces.length ? value : undefined; // -1 is a varint beyond any vocabulary
  };
  const unk = id(40, 0);
  const bos = id(41, 1);
  const eos = id(42, 2);
  const pad = id(43, Number.POSITIVE_INFINITY);
  const prefixed = (file.normalizer[3] ?? 1) !== 0;
  const escaped = (file.normalizer[5] ?? 1) !== 0;
  const isSuffix = (file.trainer[24] ?? 0) !== 0;
  const userDefined = pieces.flatMap((p) => (p.kind === 'user-defined' ? [p.text] : []));
  const layout: LayoutPiece[] = [{ sequence: 0, typeId: 0 }];
  const special = (token: number): LayoutPiece => ({ ids: [token], tokens: [pieces[token].text], typeId: 0 });
  if (addBos && bos !== undefined) layout.unshift(special(bos));
  if (addEos && eos !== undefined) layout.push(special(eos));
  const decoders: StageConfig[] = [
    ...(unk === undefined
      ? []
      : [{ type: 'Replace', pattern: { String: pieces[unk].text }, content: file.unkSurface }]),
    ...(escaped ? [{ type: 'Replace', pattern: { String: '\u2581' }, content: ' ' }] : []),
    { type: 'ByteFallback' },
    { type: 'Fuse' },
    ...(prefixed ? [{ type: 'Strip', content: ' ', start: isSuffix ? 0 : 1, stop: isSuffix ? 1 : 0 }] : []),
  ];
  return new Tokenizer({
    model: modelOf(file, unk),
    normalizer: sentencePieceNormalizer({
      charsmap: file.charsmap,
      addDummyPrefix: prefixed,
      removeExtraWhitespaces: (file.normalizer[4] ?? 1) !== 0,
      escapeWhitespaces: escaped,
      whitespaceAsSuffix: isSuffix,
      untouched: userDefined,
    }),
    ...(layout.length > 1 && { postProcessor: frame(layout) }),
    decoder: sentencePieceDecoder({
      addDummyPrefix: prefixed,
      removeExtraWhitespaces: (file.normalizer[4] ?? 1) !== 0,
      config: { type: 'Sequence', decoders },
      ...(unk !== undefined && { unknown: [pieces[unk].text, file.unkSurface] as const }),
    }),
    addedTokens: pieces.flatMap(({ text, kind }, i): AddedToken[] =>
      kind === 'control' || kind === 'unknown' ? [{ id: i, content: text, special: true }] : [],
    ),
    ...(bos !== undefined && { bosTokenId: bos }),
    eosTokenIds: eos === undefined ? [] : [eos],
    ...(unk !== undefined && { unkTokenId: unk }),
    ...(pad !== undefined && { padTokenId: pad }),
    ...extras,
  });
}

function modelOf(file: ModelFile, unkId: number | undefined): Model {
  const { pieces, trainer } = file;
  const kind = trainer[3] ?? UNIGRAM;
  const byteFallback = pieces.some((p) => p.kind === 'byte');
  if (kind === BPE)
    return new ScoreBpeModel({
      pieces,
      byteFallback,
      fuseUnk: true,
      freezeUserDefined: true,
      ...(unkId !== undefined && { unkId }),
    });
  if (kind === WORD) {
    return sentencePieceWords(new Vocabulary(pieces.map((p, id) => [p.text, id])), unkId ?? 0);
  }
  if (kind !== UNIGRAM) {
    // Characters: no piece merges, and user-defined ones are cut out first.
    const alone = pieces.map((p) =>
      Array.from(p.text).length === 1 || p.kind === 'user-defined' ? p : { ...p, kind: 'unused' as const },
    );
    return new ScoreBpeModel({
      pieces: alone,
      byteFallback,
      fuseUnk: true,
      freezeUserDefined: true,
      ...(unkId !== undefined && { unkId }),
    });
  }
  let least = Number.POSITIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  for (const p of pieces) {
    if (p.kind !== 'normal') continue;
    least = Math.min(least, p.score);
    greatest = Math.max(greatest, p.score);
  }
  return unigram({
    pieces: pieces.map((p) => [p.text, p.kind === 'normal' ? p.score : Math.max(p.score, least)]),
    unkId: unkId ?? null,
    byteFallback,
    excluded: new Set(
      pieces.flatMap((p, id) => (p.kind === 'normal' || p.kind === 'user-defined' ? [] : [id])),
    ),
    singlePrecision: true,
    namesUnknown: false,
    // A user-defined piece beats any segmentation of its characters.
    scoreOf: (id) =>
      pieces[id].kind === 'user-defined'
        ? Math.fround(new TextEncoder().encode(pieces[id].text).length * greatest) - 0.1
        : pieces[id].score,
  });
}

function parse(bytes: Uint8Array): ModelFile {
  const pieces: ScorePiece[] = [];
  const trainer: Record<number, number> = {};
  const normalizer: Record<number, number> = {};
  let charsmap: Uint8Array = new Uint8Array(0);
  let unkSurface = ' \u2047 ';
  for (const field of readProtobuf(bytes)) {
    if (field.bytes === undefined) continue;
    if (field.number === 1) pieces.push(pieceOf(field.bytes));
    else if (field.number === 2 || field.number === 3) {
      const into = field.number === 2 ? trainer : normalizer;
      for (const inner of readProtobuf(field.bytes)) {
        if (inner.integer !== undefined) into[inner.number] = inner.integer;
        else if (field.number === 3 && inner.number === 2 && inner.bytes !== undefined)
          charsmap = inner.bytes;
        else if (field.number === 2 && inner.number === 44 && inner.bytes !== undefined)
          unkSurface = decodeUtf8(inner.bytes);
      }
    }
  }
  if (pieces.length === 0)
    throw new TypeError('tokenizer.model: expected a SentencePiece model, found no piece');
  return { pieces, trainer, normalizer, charsmap, unkSurface };
}

function pieceOf(bytes: Uint8Array): ScorePiece {
  let text = '';
  let score = 0;
  let kind: PieceKind = 'normal';
  for (const field of readProtobuf(bytes)) {
    if (field.number === 1 && field.bytes !== undefined) text = decodeUtf8(field.bytes);
    else if (field.number === 2 && field.float !== undefined) score = field.float;
    else if (field.number === 3 && field.integer !== undefined) kind = KINDS[field.integer] ?? 'normal';
  }
  return { text, score, kind };
}
