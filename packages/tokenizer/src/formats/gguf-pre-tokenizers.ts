// What `tokenizer.ggml.pre` names: the splits of byte-level vocabularies in GGUF files, written as their models' own tokenizer.json has them. The names
// are llama.cpp's (src/llama-vocab.cpp); the expressions are the models'.
import type { StageConfig } from '../normalizers/normalizer.ts';
import {
  CL100K_PATTERN,
  GPT2_PATTERN,
  O200K_PATTERN,
  QWEN2_PATTERN,
  TEKKEN_PATTERN,
} from '../scanners/known-scanners.ts';

/** How a byte-level GGUF vocabulary cuts text, and what else its name implies. */
export interface GgufPreTokenizer {
  readonly preTokenizer: readonly StageConfig[];
  readonly normalizer?: StageConfig;
  readonly ignoreMerges?: boolean;
  readonly addBos?: boolean;
  /** The text is not written in the byte alphabet: SentencePiece-like merges on characters. */
  readonly characters?: boolean;
}

const isolated = (Regex: string): StageConfig => ({
  type: 'Split',
  pattern: { Regex },
  behavior: 'Isolated',
  invert: false,
});
const byteLevel = (useRegex: boolean): StageConfig => ({
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: useRegex,
});
const splits = (...patterns: string[]): StageConfig[] => [...patterns.map(isolated), byteLevel(false)];
const digits = (individual: boolean): StageConfig => ({ type: 'Digits', individual_digits: individual });
const NFC: StageConfig = { type: 'NFC' };

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const CJK = '[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+';
const ASCII_PUNCTUATION = '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~]';
const DEEPSEEK3 = `${ASCII_PUNCTUATION}[A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;
const BLOOM = ' ?[^(\\s|.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c)]+';
const KIMI =
  "[\\p{Han}]+|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const QWEN35 = `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;
const BAILING =
  "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+";
const SEED_CODER = `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\\r\\n]+|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;
const EXAONE_MOE = `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?(?:\\p{L}\\p{M}*(?: \\p{L}\\p{M}*)*)+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]?|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+`;
const MINICPM5 = `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}+| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;
const JAIS2 = CL100K_PATTERN.replace(
  '\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+',
  '\\s*[\\r\\n]+|\\s{512}(?!\\S)|\\s{256}(?!\\S)|\\s{128}(?!\\S)|\\s{64}(?!\\S)|\\s{32}(?!\\S)|\\s{16}(?!\\S)|\\s{8}(?!\\S)|\\s{4}(?!\\S)|\\s{1,2}(?!\\S)|\\s{1}',
);
const AFMOE_CJK =
  '[\u4e00-\u9fff\u3400-\u4dbf\uf900-\ufaff\u3040-\u309f\u30a0-\u30ff\uff65-\uff9f\u2f00-\u2fdf\u0e00-\u0e7f\u0e80-\u0eff\u1780-\u17ff\u1000-\u109f\uaa60-\uaa7f\ua9e0-\ua9ff\uac00-\ud7af\u1100-\u11ff]+';
const CYRILLIC_AND_LATIN =
  '\\s?[A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba\u01bc-\u01bf\u01c4-\u0293\u0295-\u02af\u0370-\u0373\u0376\u0377\u037b-\u037d\u037f\u0386\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u03f5\u03f7-\u0481\u048a-\u052f\u0531-\u0556\u10a0-\u10c5\u13a0-\u13f5\u13f8-\u13fd\u1c90-\u1cba\u1cbd-\u1cbf\u1d00-\u1d2b\u1d6b-\u1d77\u1d79-\u1d9a\u1e00-\u1f15\u1f18-\u1f1d\u1f20-\u1f45\u1f48-\u1f4d\u1f50-\u1f57\u1f59\u1f5b\u1f5d\u1f5f-\u1f7d\u1f80-\u1fb4\u1fb6-\u1fbc\u1fbe\u1fc2-\u1fc4\u1fc6-\u1fcc\u1fd0-\u1fd3\u1fd6-\u1fdb\u1fe0-\u1fec\u1ff2-\u1ff4\u1ff6-\u1ffc\u2102\u2107\u210a-\u2113\u2115\u2119-\u211d\u2124\u2126\u2128\u212a-\u212d\u212f-\u2134\u2139\u213c-\u213f\u2145-\u2149\u214e\u2183\u2184\u2c00-\u2c7b\u2c7e-\u2ce4\u2ceb-\u2cee\u2cf2\u2cf3\ua640-\ua66d\ua680-\ua69b\ua722-\ua76f\ua771-\ua787\ua78b-\ua78e\uab70-\uabbf\ufb00-\ufb06\ufb13-\ufb17\uff21-\uff3a\uff41-\uff5a\u{10400}-\u{1044f}\u{104b0}-\u{104d3}\u{104d8}-\u{104fb}\u{10c80}-\u{10cb2}\u{10cc0}-\u{10cf2}\u{118a0}-\u{118df}\u{1e900}-\u{1e943}]+';

const gpt2: GgufPreTokenizer = { preTokenizer: [byteLevel(true)] };
const llama3: GgufPreTokenizer = { preTokenizer: splits(CL100K_PATTERN), ignoreMerges: true, addBos: true };
const qwen2: GgufPreTokenizer = { preTokenizer: splits(QWEN2_PATTERN), normalizer: NFC };
const starcoder: GgufPreTokenizer = { preTokenizer: [digits(true), byteLevel(true)] };
const deepseek3: GgufPreTokenizer = { preTokenizer: splits('\\p{N}{1,3}', CJK, DEEPSEEK3) };
const bloom: GgufPreTokenizer = { preTokenizer: splits(BLOOM) };
const gpt4o: GgufPreTokenizer = { preTokenizer: splits(O200K_PATTERN) };
const cl100k: GgufPreTokenizer = { preTokenizer: splits(CL100K_PATTERN) };
const bailing: GgufPreTokenizer = { preTokenizer: splits(BAILING) };
const lines: GgufPreTokenizer = { preTokenizer: [isolated('[^\\n]+|[\\n]+')], characters: true };
const falcon: GgufPreTokenizer = {
  preTokenizer: [
    { type: 'Punctuation', behavior: 'Contiguous' },
    byteLevel(true),
    digits(false),
    isolated('[0-9][0-9][0-9]'),
  ],
};
const tinyAya: GgufPreTokenizer = { preTokenizer: splits('\\d{1,3}(?=(?:\\d{3})*\\b)', O200K_PATTERN) };

const TABLE: Readonly<Record<string, GgufPreTokenizer>> = {
  default: { preTokenizer: splits('[\\p{P}\\$\\+<=>\\^~\\|]+', GPT2_PATTERN, '\\p{N}+', '[0-9][0-9][0-9]') },
  llama3,
  'llama-v3': llama3,
  'llama-bpe': llama3,
  falcon3: llama3,
  'falcon-h1': llama3,
  pixtral: llama3,
  'midm-2.0': llama3,
  lfm2: llama3,
  'jina-v5-nano': llama3,
  dbrx: cl100k,
  'smaug-bpe': cl100k,
  glm4: cl100k,
  'chatglm-bpe': cl100k,
  'deepseek-llm': {
    preTokenizer: [
      ...[
        '[\\r\\n]',
        CYRILLIC_AND_LATIN,
        '\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+',
        '\\s+$',
        '[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+',
      ].map(isolated),
      digits(true),
      byteLevel(false),
    ],
  },
  'deepseek-coder': {
    preTokenizer: [
      ...['[\\r\\n]', '\\s?\\p{L}+', '\\s?\\p{P}+', '[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+'].map(
        isolated,
      ),
      digits(true),
      byteLevel(false),
    ],
  },
  'deepseek-v3': deepseek3,
  step35: deepseek3,
  'hunyuan-dense': deepseek3,
  'joyai-llm': deepseek3,
  hy_v4: deepseek3,
  spark2_5: {
    preTokenizer: splits(
      '\\p{N}{1,3}',
      CJK,
      DEEPSEEK3.replace('[\\r\\n]*|\\s*[\\r\\n]+', '|[\\r\\n]'),
      '\\p{N}',
    ),
  },
  youtu: {
    preTokenizer: splits(
      '[\uac00-\ud7a3\u3131-\u318e]+|[\uff01\u2026\u201c\u201d\u2018\u2019\u2014\uff1a\uff1b\uff0c\u3001-\u303f\ufe30-\ufe4f]+|[\u3105-\u312f]+|[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+',
      O200K_PATTERN.replace('\\p{N}{1,3}', '\\p{N}'),
    ),
    ignoreMerges: true,
  },
  falcon,
  mpt: { ...gpt2, normalizer: NFC },
  starcoder,
  refact: starcoder,
  'command-r': { ...starcoder, normalizer: NFC },
  smollm: starcoder,
  codeshell: starcoder,
  exaone: { ...starcoder, normalizer: NFC },
  'minerva-7b': starcoder,
  mellum2: starcoder,
  'gpt-2': gpt2,
  gpt2,
  'phi-2': gpt2,
  'jina-es': gpt2,
  'jina-de': gpt2,
  gigachat: gpt2,
  'jina-v1-en': gpt2,
  'jina-v2-es': gpt2,
  'jina-v2-de': gpt2,
  'jina-v2-code': gpt2,
  'roberta-bpe': gpt2,
  'a.x-4.0': gpt2,
  mellum: gpt2,
  'modern-bert': { ...gpt2, normalizer: NFC },
  olmo: { ...gpt2, normalizer: NFC },
  jais: gpt2,
  'jais-2': { preTokenizer: splits(JAIS2) },
  exaone4: { ...gpt2, normalizer: NFC },
  trillion: gpt2,
  'granite-docling': gpt2,
  whitespace: { preTokenizer: [isolated('\\S+')], characters: true },
  qwen2,
  'deepseek-r1-qwen': qwen2,
  kormo: qwen2,
  f2llmv2: qwen2,
  megrez: qwen2,
  stablelm2: { ...qwen2 },
  hunyuan: { preTokenizer: splits(QWEN2_PATTERN) },
  'solar-open': { preTokenizer: splits(QWEN2_PATTERN) },
  'grok-2': { preTokenizer: splits(QWEN2_PATTERN) },
  qwen35: { preTokenizer: splits(QWEN35) },
  'poro-chat': bloom,
  bloom,
  'gpt3-finnish': bloom,
  viking: { preTokenizer: splits(BLOOM, '\\p{N}') },
  tekken: { preTokenizer: splits(TEKKEN_PATTERN), ignoreMerges: true, addBos: true },
  chameleon: {
    preTokenizer: [
      ...[
        '<sentinel:[0-9]+>',
        '(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z',
        '([\\t\\n]|    |  )',
        '\\p{N}',
        '[\\p{P}!-/:-@\\[-`{-~]',
      ].map(isolated),
      byteLevel(true),
    ],
    addBos: true,
  },
  'gpt-4o': gpt4o,
  llama4: gpt4o,
  kanana2: gpt4o,
  talkie: gpt4o,
  'granite-embed-multi-97m': { ...gpt4o, ignoreMerges: true },
  'minimax-m2': gpt4o,
  tiny_aya: tinyAya,
  cohere2moe: tinyAya,
  superbpe: { preTokenizer: splits('\\p{N}+', '(?=(\\d{3})+(?!\\d))') },
  'kimi-k2': { preTokenizer: splits(KIMI) },
  bailingmoe: bailing,
  bailingmoe2: bailing,
  'llada-moe': bailing,
  'seed-coder': { preTokenizer: splits(SEED_CODER) },
  'exaone-moe': { preTokenizer: splits(EXAONE_MOE) },
  minicpm5: { preTokenizer: splits('\\p{N}{1,3}', MINICPM5), ignoreMerges: true },
  ufakzeka: { preTokenizer: splits(QWEN2_PATTERN.replace(`${CONTRACTIONS}|`, '')) },
  laguna: { preTokenizer: splits('[^\\n]+|[\\n]+', QWEN2_PATTERN) },
  afmoe: { preTokenizer: splits('\\p{Nd}{1,3}(?=(?:\\p{Nd}{3})*(?!\\p{Nd}))', AFMOE_CJK, DEEPSEEK3) },
  gemma4: lines,
  'granite-embed-multi-311m': lines,
  'sarvam-moe': lines,
};

/** Every name that is known. */
export const ggufPreTokenizerNames = (): string[] => Object.keys(TABLE);

/** The entry of a name. Throws a RangeError naming a name that is not known. */
export function ggufPreTokenizer(name: string): GgufPreTokenizer {
  if (!Object.hasOwn(TABLE, name))
    throw new RangeError(`tokenizer.ggml.pre: the pre-tokenizer ${JSON.stringify(name)} is not known`);
  return TABLE[name];
}
