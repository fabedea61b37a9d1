// Vocabularies inside GGUF files: 'gpt2' (byte-level BPE), 'llama' (SentencePiece BPE), 'bert' (WordPiece), 't5' (Unigram), 'rwkv' (longest match), 'gemma4' (BPE on characters).
// The keys are tokenizer.ggml.*; what they leave open (BOS by default, ends of turn) follows llama.cpp.
import type { AddedToken } from '../added-tokens.ts';
import { BpeModel } from '../models/bpe.ts';
import { longestMatch, unescapeBytes } from '../models/longest-match.ts';
import { type PieceKind, ScoreBpeModel, type ScorePiece } from '../models/score-bpe.ts';
import { unigram } from '../models/unigram.ts';
import { Vocabulary } from '../models/vocabulary.ts';
import { wordPiece } from '../models/word-piece.ts';
import type { StageConfig } from '../normalizers/normalizer.ts';
import { sentencePieceNormalizer } from '../normalizers/sentence-piece.ts';
import type { Stages } from '../pipeline.ts';
import type { LayoutPiece } from '../post-processors/post-processor.ts';
import { Tokenizer } from '../tokenizer.ts';
import { type ChatTemplates, templatesByName } from './chat-templates.ts';
import { frame } from './frame.ts';
import { ggufPreTokenizer } from './gguf-pre-tokenizers.ts';
import { controlTexts, ggufSpecialTokens } from './gguf-special-tokens.ts';
import { mergesFromList } from './model-from-json.ts';
import { decoderFromJson, normalizerFromJson, preTokenizerFromJson } from './stages-from-json.ts';

type Metadata = ReadonlyMap<string, unknown>;

const KINDS: readonly PieceKind[] = [
  'normal',
  'normal',
  'unknown',
  'control',
  'user-defined',
  'unused',
  'byte',
];

/**
 * The tokenizer of a GGUF file from its key-values (see `readGgufMetadata`; `@ashlar/core` hands the same map out). Throws a TypeError or RangeError that
 * names a missing key, an unknown model or an unknown pre-tokenizer.
 */
export function ggufTokenizer(metadata: Metadata): Tokenizer {
  const kind = metadata.get('tokenizer.ggml.model');
  const tokens = metadata.get('tokenizer.ggml.tokens') as string[] | undefined;
  if (typeof kind !== 'string')
    throw new TypeError('tokenizer.ggml.model: expected a string, the file has no vocabulary');
  if (!Array.isArray(tokens)) throw new TypeError('tokenizer.ggml.tokens: expected an array of strings');
  const types = metadata.get('tokenizer.ggml.token_type') as ArrayLike<number> | undefined;
  const scores = metadata.get('tokenizer.ggml.scores') as ArrayLike<number> | undefined;
  const pieces = tokens.map(
    (text, id): ScorePiece => ({ text, score: scores?.[id] ?? 0, kind: KINDS[types?.[id] ?? 1] ?? 'normal' }),
  );
  const read = READERS[kind];
  if (read === undefined)
    throw new RangeError(
      `tokenizer.ggml.model: expected one of ${Object.keys(READERS).join(', ')}, got ${kind}`,
    );

  const { stages, addBos, addEos, addedTokens } = read(metadata, pieces);
  const { ids, ends, named } = ggufSpecialTokens(metadata, kind, pieces);
  const flag = (name: string, otherwise: boolean): boolean =>
    (metadata.get(`tokenizer.ggml.${name}`) as boolean | undefined) ?? otherwise;
  const before = kind === 'bert' ? ids.cls : ids.bos;
  const after = kind === 'bert' ? (ids.sep ?? ids.eos) : ids.eos;
  const layout: LayoutPiece[] = [{ sequence: 0, typeId: 0 }];
  const special = (token: number): LayoutPiece => ({ ids: [token], tokens: [tokens[token]], typeId: 0 });
  if (before !== undefined && flag('add_bos_token', addBos)) layout.unshift(special(before));
  if (after !== undefined && flag(kind === 'bert' ? 'add_sep_token' : 'add_eos_token', addEos))
    layout.push(special(after));
  return new Tokenizer({
    ...stages,
    ...(layout.length > 1 && { postProcessor: frame(layout) }),
    addedTokens: addedTokens ?? controlTokens(pieces, metadata),
    ...(ids.bos !== undefined && { bosTokenId: ids.bos }),
    eosTokenIds: ends,
    ...(ids.unk !== undefined && { unkTokenId: ids.unk }),
    ...(ids.pad !== undefined && { padTokenId: ids.pad }),
    specialTokens: named,
    ...templatesOf(metadata),
  });
}

/** `tokenizer.chat_template` and the named ones behind it; as in llama.cpp that for tools stands in for a missing default. */
function templatesOf(metadata: Metadata): ChatTemplates {
  const prefix = 'tokenizer.chat_template';
  const found = new Map<string, string>();
  const main = metadata.get(prefix);
  if (typeof main === 'string') found.set('default', main);
  for (const [key, value] of metadata)
    if (key.startsWith(`${prefix}.`) && typeof value === 'string')
      found.set(key.slice(prefix.length + 1), value);
  const toolUse = found.get('tool_use');
  if (!found.has('default') && toolUse !== undefined) found.set('default', toolUse);
  return templatesByName(found);
}

interface Read {
  readonly stages: Stages;
  readonly addBos: boolean;
  readonly addEos: boolean;
  readonly addedTokens?: readonly AddedToken[];
}

const READERS: Readonly<Record<string, (metadata: Metadata, pieces: readonly ScorePiece[]) => Read>> = {
  rwkv: longestMatchVocabulary,
  gpt2: (metadata, pieces) =>
    byteLevelVocabulary(metadata, pieces, String(metadata.get('tokenizer.ggml.pre') ?? 'default')),
  gemma4: (metadata, pieces) => byteLevelVocabulary(metadata, pieces, 'gemma4'),
  llama: (metadata, pieces) => ({
    stages: {
      model: new ScoreBpeModel({
        pieces,
        unkId: pieces.findIndex((p) => p.kind === 'unknown'),
        byteFallback: true,
      }),
      normalizer: normalizerFromJson({
        type: 'Sequence',
        normalizers: [...dummyPrefix(metadata, true), ESCAPE],
      }),
      decoder: decoderFromJson({
        type: 'Sequence',
        decoders: [...CHARACTERS, ...(hasPrefix(metadata, true) ? [STRIP] : [])],
      }),
    },
    addBos: true,
    addEos: false,
  }),
  bert: (metadata, pieces) => ({
    stages: {
      model: wordPiece({
        vocabulary: new Vocabulary(pieces.map(({ text, kind }, id) => [bertToken(text, kind), id])),
        unkToken: pieces.find((p) => p.kind === 'unknown')?.text ?? '[UNK]',
        continuingSubwordPrefix: '##',
        maxInputCharsPerWord: 100,
      }),
      normalizer: normalizerFromJson({
        type: 'BertNormalizer',
        clean_text: true,
        handle_chinese_chars: true,
        strip_accents: metadata.get('tokenizer.ggml.normalizer.strip_accents') ?? null,
        lowercase: metadata.get('tokenizer.ggml.normalizer.lowercase') ?? true,
      }),
      preTokenizer: preTokenizerFromJson({ type: 'BertPreTokenizer' }),
      decoder: decoderFromJson({ type: 'WordPiece', prefix: '##', cleanup: true }),
    },
    addBos: true,
    addEos: true,
  }),
  t5: (metadata, pieces) => ({
    stages: {
      model: unigram({
        pieces: pieces.map((p) => [p.text, p.score]),
        unkId: ggufSpecialTokens(metadata, 't5', pieces).ids.unk ?? null,
        byteFallback: pieces.some((p) => p.kind === 'byte'),
        namesUnknown: false,
        excluded: new Set(
          pieces.flatMap((p, id) => (p.kind === 'normal' || p.kind === 'user-defined' ? [] : [id])),
        ),
      }),
      normalizer: sentencePieceNormalizer({
        charsmap: charsmapOf(metadata),
        // llama.cpp puts a space before every word where it merges spaces, with or without the other key.
        addDummyPrefix: hasPrefix(metadata, mergesSpaces(metadata)),
        removeExtraWhitespaces: mergesSpaces(metadata),
        escapeWhitespaces: true,
      }),
      decoder: decoderFromJson({ type: 'Sequence', decoders: [...CHARACTERS, STRIP] }),
    },
    addBos: false,
    addEos: true,
  }),
};

// Reader of RWKV's vocabulary, whose ids begin at 0 with a control token.
function longestMatchVocabulary(_: Metadata, pieces: readonly ScorePiece[]): Read {
  const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };
  const tokens = pieces.map((p) => (p.kind === 'normal' ? unescapeBytes(p.text) : new Uint8Array(0)));
  return {
    stages: {
      model: longestMatch(tokens, 0),
      preTokenizer: preTokenizerFromJson(bytes),
      decoder: decoderFromJson({ ...bytes, use_regex: true }),
    },
    addBos: false,
    addEos: false,
  };
}

const ESCAPE: StageConfig = { type: 'Replace', pattern: { String: ' ' }, content: '\u2581' };
const STRIP: StageConfig = { type: 'Strip', content: ' ', start: 1, stop: 0 };
const CHARACTERS: readonly StageConfig[] = [
  { type: 'Replace', pattern: { String: '\u2581' }, content: ' ' },
  { type: 'ByteFallback' },
  { type: 'Fuse' },
];

const hasPrefix = (metadata: Metadata, otherwise: boolean): boolean =>
  (metadata.get('tokenizer.ggml.add_space_prefix') as boolean | undefined) ?? otherwise;

const mergesSpaces = (metadata: Metadata): boolean =>
  metadata.get('tokenizer.ggml.remove_extra_whitespaces') === true;

const dummyPrefix = (metadata: Metadata, otherwise: boolean): StageConfig[] =>
  hasPrefix(metadata, otherwise) ? [{ type: 'Prepend', prepend: '\u2581' }] : [];

const charsmapOf = (metadata: Metadata): Uint8Array => {
  const map = metadata.get('tokenizer.ggml.precompiled_charsmap') as ArrayLike<number> | undefined;
  return map === undefined ? new Uint8Array(0) : Uint8Array.from(map as ArrayLike<number>, (x) => x & 255);
};

/** GGUF writes words as "\u2581word" and continuations bare; bracketed control tokens stay. */
function bertToken(text: string, kind: PieceKind): string {
  if (kind !== 'normal' || /^\[.*\]$/.test(text)) return text;
  return text.startsWith('\u2581') ? text.slice(1) : `##${text}`;
}

function byteLevelVocabulary(metadata: Metadata, pieces: readonly ScorePiece[], pre: string): Read {
  const entry = ggufPreTokenizer(pre);
  const merges = metadata.get('tokenizer.ggml.merges');
  if (!Array.isArray(merges)) throw new TypeError('tokenizer.ggml.merges: expected an array of strings');
  const vocabulary = new Vocabulary(pieces.map((p, id) => [p.text, id]));
  const normalizers = [
    ...(entry.normalizer ? [entry.normalizer] : []),
    ...(entry.characters && pre !== 'whitespace' ? [ESCAPE] : []),
  ];
  return {
    stages: {
      model: new BpeModel({
        vocabulary,
        merges: mergesFromList(merges, vocabulary),
        ignoreMerges: entry.ignoreMerges ?? false,
        byteFallback: entry.characters ?? false,
        ...(entry.characters && {
          unkToken: pieces.find((p) => p.kind === 'unknown')?.text ?? null,
          fuseUnk: true,
        }),
      }),
      ...(normalizers.length > 0 && { normalizer: normalizerFromJson({ type: 'Sequence', normalizers }) }),
      preTokenizer: preTokenizerFromJson({ type: 'Sequence', pretokenizers: entry.preTokenizer }),
      decoder: entry.characters
        ? decoderFromJson({ type: 'Sequence', decoders: CHARACTERS })
        : decoderFromJson({ type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true }),
    },
    addBos: entry.addBos ?? pre === 'gemma4',
    addEos: false,
  };
}

/** Control and user-defined pieces are matched as wholes; Phi-3's take the white space behind them along. */
function controlTokens(pieces: readonly ScorePiece[], metadata: Metadata): AddedToken[] {
  const name = String(metadata.get('general.name') ?? '').toLowerCase();
  const isPhi3 = name.includes('phi-3') || name.includes('phi3');
  const plain = new Set(['<unk>', '<s>', '<|endoftext|>']);
  return pieces.flatMap(({ text, kind }, id) => {
    const isControl = kind === 'control' || kind === 'unknown' || controlTexts.has(text);
    if (!isControl && kind !== 'user-defined') return [];
    return [
      {
        id,
        content: text,
        special: isControl,
        rstrip: isPhi3 && kind !== 'unknown' && !plain.has(text),
      },
    ];
  });
}
