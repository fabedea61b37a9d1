// From documents to a ready tokenizer in one call: the common recipe of each kind. Whoever wants another puts `countPieces`, a trainer and the stages together.
import { decoderFromJson, normalizerFromJson, preTokenizerFromJson } from '../formats/stages-from-json.ts';
import { readTokenizerJson } from '../formats/tokenizer-json.ts';
import { CL100K_PATTERN, GPT2_PATTERN, knownScanner, O200K_PATTERN } from '../scanners/known-scanners.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { refuseUnknownOptions } from '../unknown-options.ts';
import { trainBpe } from './bpe-trainer.ts';
import { countPieces, type Documents } from './count-pieces.ts';
import type { TrainingOptions } from './training-options.ts';
import { trainUnigram } from './unigram-trainer.ts';
import { trainWordPiece } from './word-piece-trainer.ts';

/** What `trainTokenizer` must be told. */
export interface TrainTokenizerOptions extends TrainingOptions {
  /** 'bpe': byte-level byte-pair encoding; 'unigram': SentencePiece-like with bytes as fallback; 'word-piece': BERT-like, lower case. */
  readonly kind: 'bpe' | 'unigram' | 'word-piece';
  /** For 'bpe': 'gpt2' (default), 'cl100k', 'o200k' or a regular expression. */
  readonly pattern?: string;
  /** Least count of a merge, for 'bpe' and 'word-piece'. */
  readonly minFrequency?: number;
}

const PATTERNS: Readonly<Record<string, string>> = {
  gpt2: GPT2_PATTERN,
  cl100k: CL100K_PATTERN,
  o200k: O200K_PATTERN,
};

/**
 * Trains a tokenizer on documents, which are read once and not kept. For more than one machine count shards with `countPieces` and merge them.
 *
 * @example
 * ```ts
 * import { trainTokenizer } from '@ashlar/tokenizer';
 *
 * const tokenizer = await trainTokenizer(['the cat', 'the dog'], { kind: 'bpe', vocabSize: 260, specialTokens: ['<|end|>'] });
 * tokenizer.decode(tokenizer.encode('the dog')) // => 'the dog'
 * tokenizer.vocabSize // => 260
 * ```
 */
export async function trainTokenizer(
  documents: Documents,
  options: TrainTokenizerOptions,
): Promise<Tokenizer> {
  refuseUnknownOptions('trainTokenizer', options, [
    ...['kind', 'pattern', 'minFrequency', 'vocabSize', 'specialTokens', 'onProgress', 'signal'],
  ]);
  if (options.kind === 'bpe') return trainByteLevel(documents, options);
  if (options.kind === 'unigram') return trainSentencePiece(documents, options);
  if (options.kind === 'word-piece') return trainBert(documents, options);
  throw new RangeError(`kind: expected bpe, unigram or word-piece, got ${String(options.kind)}`);
}

const added = (tokens: readonly string[]) =>
  tokens.map((content, id) => ({ id, content, special: true, normalized: false }));

const shared = ({ vocabSize, onProgress, signal }: TrainTokenizerOptions): TrainingOptions => ({
  vocabSize,
  ...(onProgress && { onProgress }),
  ...(signal && { signal }),
});

const watch = ({ onProgress, signal }: TrainTokenizerOptions) => ({
  ...(onProgress && { onProgress }),
  ...(signal && { signal }),
});

async function trainByteLevel(documents: Documents, options: TrainTokenizerOptions): Promise<Tokenizer> {
  const { specialTokens = [], pattern = 'gpt2', minFrequency } = options;
  const source = PATTERNS[pattern] ?? pattern;
  const counts = await countPieces(documents, { pattern: source, specialTokens, ...watch(options) });
  const { tokens, merges } = trainBpe(counts, {
    ...shared(options),
    specialTokens,
    ...(minFrequency !== undefined && { minFrequency }),
  });
  const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true };
  const split = { type: 'Split', pattern: { Regex: source }, behavior: 'Isolated', invert: false };
  const isGpt2 = source === GPT2_PATTERN && knownScanner(source) !== undefined;
  return readTokenizerJson({
    added_tokens: added(specialTokens),
    pre_tokenizer: isGpt2
      ? { ...bytes, use_regex: true }
      : { type: 'Sequence', pretokenizers: [split, { ...bytes, use_regex: false }] },
    decoder: { ...bytes, use_regex: true },
    model: { type: 'BPE', vocab: vocabOf(tokens), merges },
  });
}

async function trainSentencePiece(documents: Documents, options: TrainTokenizerOptions): Promise<Tokenizer> {
  const { specialTokens = [] } = options;
  const bytes = Array.from({ length: 256 }, (_, b) => `<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`);
  const controls = ['<unk>', ...specialTokens.filter((t) => t !== '<unk>')];
  const pre = { type: 'Metaspace', replacement: '\u2581', prepend_scheme: 'always', split: true };
  const normalizer = { type: 'NFKC' };
  const counts = await countPieces(documents, {
    normalizer: normalizerFromJson(normalizer),
    preTokenizer: preTokenizerFromJson(pre),
    specialTokens,
    ...watch(options),
  });
  const { pieces, unkId } = trainUnigram(counts, {
    ...shared(options),
    specialTokens: [...controls, ...bytes],
  });
  return readTokenizerJson({
    added_tokens: added(controls),
    normalizer,
    pre_tokenizer: pre,
    decoder: {
      type: 'Sequence',
      decoders: [decoderFromJson(pre).config, { type: 'ByteFallback' }, { type: 'Fuse' }],
    },
    model: { type: 'Unigram', unk_id: unkId, vocab: pieces, byte_fallback: true },
  });
}

async function trainBert(documents: Documents, options: TrainTokenizerOptions): Promise<Tokenizer> {
  const { specialTokens = [], minFrequency } = options;
  const usual = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
  const controls = [...usual, ...specialTokens.filter((t) => !usual.includes(t))];
  const normalizer = {
    type: 'BertNormalizer',
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  };
  const counts = await countPieces(documents, {
    normalizer: normalizerFromJson(normalizer),
    preTokenizer: preTokenizerFromJson({ type: 'BertPreTokenizer' }),
    specialTokens,
    ...watch(options),
  });
  const tokens = trainWordPiece(counts, {
    ...shared(options),
    specialTokens: controls,
    ...(minFrequency !== undefined && { minFrequency }),
  });
  return readTokenizerJson({
    added_tokens: added(controls),
    normalizer,
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: { type: 'BertProcessing', sep: ['[SEP]', 3], cls: ['[CLS]', 2] },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: { type: 'WordPiece', vocab: vocabOf(tokens), unk_token: '[UNK]', continuing_subword_prefix: '##' },
  });
}

const vocabOf = (tokens: readonly string[]): Record<string, number> =>
  Object.fromEntries(tokens.map((token, id) => [token, id]));
