// The older pairs of files: vocab.json with merges.txt (GPT-2, RoBERTa, CLIP, Qwen 2), and vocab.txt (BERT). What they leave open is told by the class name
// in tokenizer_config.json.

import type { AddedToken } from '../added-tokens.ts';
import type { StageConfig } from '../normalizers/normalizer.ts';
import { QWEN2_PATTERN } from '../scanners/known-scanners.ts';
import { Tokenizer } from '../tokenizer.ts';
import { refuseUnknownOptions } from '../unknown-options.ts';
import { asObject, type JsonObject } from './json-value.ts';
import { partsFromJson, type TokenizerExtras, tokenizerExtras } from './tokenizer-json.ts';

const BYTE_LEVEL: StageConfig = {
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: true,
};
const CLIP_PATTERN =
  "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";

interface FileOptions extends TokenizerExtras {
  /** The parsed tokenizer_config.json. */
  readonly config?: JsonObject;
}

/** A tokenizer from vocab.json and merges.txt; byte-level as GPT-2's unless `config.tokenizer_class` says otherwise. */
export function readVocabAndMerges(
  vocabJson: string,
  mergesTxt: string,
  options: FileOptions = {},
): Tokenizer {
  refuseUnknownOptions('readVocabAndMerges', options, ['config', ...tokenizerExtras]);
  const { config = {}, ...extras } = options;
  const vocab = asObject(JSON.parse(vocabJson), 'vocab.json') as Record<string, number>;
  const merges = mergesTxt.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#version'));
  const kind = String(config.tokenizer_class ?? '').replace(/Fast$/, '');
  const isClip = kind === 'CLIPTokenizer';
  const model: JsonObject = {
    type: 'BPE',
    vocab,
    merges,
    ...(isClip && { end_of_word_suffix: '</w>', unk_token: '<|endoftext|>' }),
  };
  let stages: JsonObject = {
    pre_tokenizer: { ...BYTE_LEVEL, add_prefix_space: config.add_prefix_space === true },
  };
  if (kind === 'Qwen2Tokenizer') {
    stages = {
      normalizer: { type: 'NFC' },
      pre_tokenizer: {
        type: 'Sequence',
        pretokenizers: [splitBy(QWEN2_PATTERN, 'Isolated', false), { ...BYTE_LEVEL, use_regex: false }],
      },
    };
  } else if (isClip) {
    stages = {
      normalizer: {
        type: 'Sequence',
        normalizers: [
          { type: 'NFC' },
          { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
          { type: 'Lowercase' },
        ],
      },
      pre_tokenizer: {
        type: 'Sequence',
        pretokenizers: [splitBy(CLIP_PATTERN, 'Removed', true), BYTE_LEVEL],
      },
    };
  }
  const around = (cls: string, sep: string): JsonObject => ({
    type: 'RobertaProcessing',
    sep: [sep, vocab[sep]],
    cls: [cls, vocab[cls]],
    trim_offsets: !isClip,
    add_prefix_space: false,
  });
  if (kind === 'RobertaTokenizer' || kind === 'LongformerTokenizer' || kind === 'BartTokenizer') {
    stages = { ...stages, post_processor: around('<s>', '</s>') };
  } else if (isClip) stages = { ...stages, post_processor: around('<|startoftext|>', '<|endoftext|>') };
  const added = controlTokens(vocab, config, ['<|endoftext|>']);
  return new Tokenizer({
    ...partsFromJson({ ...stages, model, decoder: BYTE_LEVEL, added_tokens: added }),
    ...extras,
  });
}

/** A BERT tokenizer from vocab.txt: one token a line. */
export function readVocabTxt(vocabTxt: string, options: FileOptions = {}): Tokenizer {
  refuseUnknownOptions('readVocabTxt', options, ['config', ...tokenizerExtras]);
  const { config = {}, ...extras } = options;
  const lines = vocabTxt.split('\n').map((line) => line.trimEnd());
  while (lines.at(-1) === '') lines.pop();
  const vocab = Object.fromEntries(lines.map((token, id) => [token, id]));
  const special = (token: string): JsonObject => ({ SpecialToken: { id: token, type_id: 0 } });
  const sequence = (id: string, type: number): JsonObject => ({ Sequence: { id, type_id: type } });
  const parts = partsFromJson({
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: config.tokenize_chinese_chars ?? true,
      strip_accents: config.strip_accents ?? null,
      lowercase: config.do_lower_case ?? true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [special('[CLS]'), sequence('A', 0), special('[SEP]')],
      pair: [
        ...[special('[CLS]'), sequence('A', 0), special('[SEP]'), sequence('B', 1)],
        { SpecialToken: { id: '[SEP]', type_id: 1 } },
      ],
      special_tokens: Object.fromEntries(
        ['[CLS]', '[SEP]'].map((t) => [t, { id: t, ids: [vocab[t]], tokens: [t] }]),
      ),
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      vocab,
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
    },
    added_tokens: controlTokens(vocab, config, ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']),
  });
  return new Tokenizer({ ...parts, ...extras });
}

const splitBy = (Regex: string, behavior: string, invert: boolean): StageConfig => ({
  type: 'Split',
  pattern: { Regex },
  behavior,
  invert,
});

/** The control tokens that the config names, and those of `usual` that the vocabulary has. */
function controlTokens(
  vocab: Record<string, number>,
  config: JsonObject,
  usual: readonly string[],
): AddedToken[] {
  const found = new Map<number, AddedToken>();
  const add = (content: string, id: number | undefined, more: JsonObject = {}) => {
    if (id !== undefined) found.set(id, { id, content, special: true, normalized: false, ...more });
  };
  for (const token of usual) add(token, vocab[token]);
  for (const [key, value] of Object.entries(config)) {
    const content = typeof value === 'string' ? value : (value as { content?: string } | null)?.content;
    if (key.endsWith('_token') && content !== undefined) add(content, vocab[content]);
  }
  const decoder = (config.added_tokens_decoder ?? {}) as Record<string, JsonObject>;
  for (const [id, token] of Object.entries(decoder)) add(String(token.content), Number(id), token);
  return [...found.values()].map((t) => ({ ...t, single_word: t.singleWord ?? false }));
}
