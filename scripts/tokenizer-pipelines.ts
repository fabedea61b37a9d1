// Random pipelines of normalisers, pre-tokenizers, models, post-processors, decoders and added tokens against native `tokenizers` (a dependency of peers/):
// (every option of each; of models small ones with holes) ids by both paths, offsets, type ids, tokens, masks and decodings on strings of nasty atoms, single texts and pairs. Run:
// `node --conditions=@ashlar/source --import tsx scripts/tokenizer-pipelines.ts [SECONDS] [SEED]`. A difference is printed with its pipeline; exit status 1.
// With WRITE=FILE in the environment our answers go to a file instead, for tokenizer-pipelines-check.py, truncation and overflow among them.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  type EncodeOptions,
  type Encoding,
  offsetsInCodePoints,
  readTokenizerJson,
  trainTokenizer,
  writeTokenizerJson,
} from '@ashlar/tokenizer';
import { randomModel, randomPostProcessor } from './tokenizer-random-models.ts';

interface NativeEncoding {
  getIds(): number[];
  getOffsets(): [number, number][];
  getTypeIds(): number[];
  getTokens(): string[];
  getAttentionMask(): number[];
  getSpecialTokensMask(): number[];
}
interface NativeTokenizer {
  encode(text: string, pair: string | null, options: { addSpecialTokens: boolean }): Promise<NativeEncoding>;
  decode(ids: number[], skip: boolean): Promise<string>;
}
interface Native {
  Tokenizer: { fromString(json: string): NativeTokenizer };
}
type Json = Record<string, unknown>;

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const require = createRequire(join(root, 'peers', 'package.json'));
const out = process.env.WRITE;
const native =
  out === undefined
    ? ((await import(pathToFileURL(require.resolve('tokenizers')).href)) as { default: Native }).default
    : undefined;
// A file with the base64 of a precompiled_charsmap, if there is one.
const charsmap = process.env.CHARSMAP && readFileSync(process.env.CHARSMAP, 'utf8').trim();

const until = Date.now() + Number(process.argv[2] ?? 20) * 1000;
let state = Number(process.argv[3] ?? 1) >>> 0;
function next(below: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}
const pick = <T>(all: readonly T[]): T => all[next(all.length)] as T;
const flip = (): boolean => next(2) === 1;

const normalizer = (): Json =>
  pick<() => Json>([
    () => ({ type: pick(['NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase', 'StripAccents', 'Nmt', 'ByteLevel']) }),
    () => ({ type: 'Strip', strip_left: flip(), strip_right: flip() }),
    () => ({ type: 'Prepend', prepend: pick(['\u2581', '\u2581', ' ', 'ab', '\u00e9']) }),
    () => (charsmap ? { type: 'Precompiled', precompiled_charsmap: charsmap } : { type: 'StripAccents' }),
    () => ({
      type: 'Sequence',
      normalizers: [{ type: 'NFD' }, { type: 'StripAccents' }, { type: 'Lowercase' }],
    }),
    () => ({
      type: 'Replace',
      pattern: {
        // An insertion before the text by an empty match is doubled by the reference's next change, so there is none here
        Regex: pick([
          '\\s+',
          '[0-9]',
          '(a|e)b?',
          '\\p{L}{2}',
          ' {2,}',
          '^\\s+',
          '\\s+$',
          "''|``",
          '[^\\x00-\\x7f]',
        ]),
      },
      content: pick(['', ' ', 'x', '\u2581\u2581']),
    }),
    () => ({
      type: 'Replace',
      pattern: { String: pick([' ', 'e', 'll']) },
      content: pick(['\u2581', '', 'zz']),
    }),
    () => ({
      type: 'BertNormalizer',
      clean_text: flip(),
      handle_chinese_chars: flip(),
      strip_accents: pick([null, true, false]),
      lowercase: flip(),
    }),
  ])();
const behavior = (): string =>
  pick(['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous']);
/** What Oniguruma's syntax has beyond the usual, and splits of published vocabularies. */
const PATTERNS = [
  ...[
    '\\A\\s|\\s\\z|\\d\\Z',
    '(?<=[a-z])\\d|e(?!l)|(?<!l)l',
    '\\h+|\\R',
    '[[:alpha:]]+|[[:punct:]]',
    '[\\p{L}&&[^a-m]]+',
  ],
  ...[
    '(?>e|el)l',
    'l++|o?+',
    '(?i)THE|hello',
    '(?i:\u03c3|\u00e9|s\u00e9)',
    '\\p{Han}+|\\p{Hiragana}|\\p{thai}+|\\p{Hangul}',
  ],
  ...[
    '\\p{^L}+',
    '[^\\S\\n]+',
    '\\b',
    '\\B\\w',
    '.',
    '(?m:.)+',
    '(?x: a | e # comment\n )',
    '(a)|(?<n>e)\\k<n>?',
    '[\\w-]+',
    '[]a]|[a-]',
  ],
  ...[
    '\\p{Lu}\\p{Ll}*|\\p{Lt}|\\p{M}+|\\p{Nd}|\\p{No}|\\p{So}',
    '\\u0065|\\x{65e5}|\\x6c',
    '\\p{Alphabetic}+|\\p{White_Space}',
  ],
  "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+",
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+',
  '[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+',
];
const splitPattern = (): Json =>
  pick<Json>([
    ...[' ', 'e', '', '.', '$', '\u65e5'].map((text) => ({ String: text })),
    ...['\\s', '\\d+|[aeiou]', '\\w+', "(?i:'s|'t)|\\p{L}+", '\\s+$', '^\\S+', ...PATTERNS].map((text) => ({
      Regex: text,
    })),
  ]);
const preTokenizer = (): Json =>
  pick<() => Json>([
    () => ({ type: pick(['Whitespace', 'WhitespaceSplit', 'BertPreTokenizer', 'UnicodeScripts']) }),
    () => ({ type: 'ByteLevel', add_prefix_space: flip(), trim_offsets: flip(), use_regex: flip() }),
    () => ({ type: 'Punctuation', behavior: behavior() }),
    () => ({ type: 'Digits', individual_digits: flip() }),
    () => ({
      type: 'Metaspace',
      replacement: '\u2581',
      prepend_scheme: pick(['always', 'first', 'never']),
      split: flip(),
    }),
    () => ({ type: 'Metaspace', replacement: pick(['\u2581', '_', '\u00b7']), add_prefix_space: true }),
    () => ({
      type: 'Sequence',
      pretokenizers: [
        { type: 'WhitespaceSplit' },
        { type: 'Split', pattern: splitPattern(), behavior: behavior(), invert: flip() },
      ],
    }),
    () => ({ type: 'CharDelimiterSplit', delimiter: pick([' ', 'e', '.']) }),
    () => ({ type: 'FixedLength', length: 1 + next(6) }),
    () => ({ type: 'Split', pattern: splitPattern(), behavior: behavior(), invert: flip() }),
  ])();
const decoder = (): Json =>
  pick<() => Json>([
    () => ({ type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true }),
    () => ({ type: 'WordPiece', prefix: pick(['##', '##', '', '_']), cleanup: flip() }),
    () => ({
      type: 'Metaspace',
      replacement: '\u2581',
      prepend_scheme: pick(['always', 'first', 'never']),
      split: true,
    }),
    () => ({ type: 'BPEDecoder', suffix: '</w>' }),
    () => ({ type: 'CTC', pad_token: '<pad>', word_delimiter_token: '|', cleanup: flip() }),
    () => ({ type: pick(['Fuse', 'ByteFallback']) }),
    // It panics where a token is shorter than what it takes away, and the node binding then aborts
    () => ({
      type: 'Strip',
      content: pick([' ', 'e']),
      start: next(3),
      stop: out === undefined ? 0 : next(3),
    }),
    () => ({
      type: 'Replace',
      pattern: pick<Json>([{ String: '\u2581' }, { Regex: 'e+' }]),
      content: pick([' ', '', 'q']),
    }),
  ])();
function several(key: string, make: () => Json): Json | null {
  const count = next(4);
  if (count === 0) return null;
  return count === 1 ? make() : { type: 'Sequence', [key]: Array.from({ length: count }, make) };
}

// Two added tokens whose normalised forms coincide have no order in the reference, so only the first may be matched after normalisation.
const ATOMS = [
  ...[
    'Hello',
    ' world',
    'the',
    'e',
    'll',
    'ing',
    ' ',
    '  ',
    '\n',
    '\t',
    '\r\n',
    '0',
    '12',
    '3.14',
    "'s",
    "'T",
    '_',
    '-',
    '...',
    '$',
    '+',
    '\u00ab',
  ],
  ...[
    '\u00e9',
    'e\u0301',
    '\u0301',
    '\u00df',
    '\u0130',
    '\u03a3',
    '\u0391\u03a3',
    '\u65e5',
    '\u672c\u8a9e',
    '\uff76\uff9e',
    '\ufb01',
    '\u00bd',
    '\ud55c\uad6d',
    '\u1100\u1161',
  ],
  ...[
    '\u0e44\u0e17\u0e22',
    '\u0928\u092e\u0938\u094d',
    '\ud83d\ude00',
    '\ud83d\udc68\u200d\ud83d\udc69',
    '\u00a0',
    '\u3000',
    '\u200b',
    '\ufeff',
    '\u0085',
    '\u00ad',
    '\0',
  ],
  ...[
    'A\u030a\u0323',
    '\u0323\u030a',
    '\u1e0d\u0307',
    'qthe0',
    'r<m>1',
    's x2',
    'q\u65e50',
    'ring 1',
    '[CLS]',
    '<unk>',
  ],
];
const corpus = [
  'the quick brown fox jumps over the lazy dog',
  'Hello world, the thing is 12 or 3.14',
  'na\u00efve caf\u00e9 \u65e5\u672c\u8a9e',
];
const bases: Json[] = [];
for (const kind of ['bpe', 'unigram', 'word-piece'] as const) {
  bases.push(
    writeTokenizerJson(
      await trainTokenizer(corpus, { kind, vocabSize: 340, specialTokens: ['<s>'] }),
    ) as Json,
  );
}

/** What our side says of a text, for tokenizer-pipelines-check.py. */
function written(
  tokenizer: ReturnType<typeof readTokenizerJson>,
  text: string,
  options: EncodeOptions,
): object {
  const detailed = tokenizer.encodeDetailed(text, options);
  const columns = ({
    ids,
    typeIds,
    tokens,
    attentionMask,
    specialTokensMask,
    wordIds,
    offsets,
  }: Encoding) => ({
    ids,
    typeIds,
    tokens,
    attentionMask,
    specialTokensMask,
    wordIds,
    ...(options.pair === undefined ? { offsets: offsetsInCodePoints(text, offsets) } : {}),
  });
  return {
    ...columns(detailed),
    fast: tokenizer.encode(text, options),
    overflowing: detailed.overflowing.map(columns),
    decoded: tokenizer.decode(detailed.ids),
    skipped: tokenizer.decode(detailed.ids, { skipSpecialTokens: true }),
  };
}

let compared = 0;
while (Date.now() < until) {
  const draw = { next };
  const isRandom = next(3) > 0;
  const trained = pick(bases);
  const base: Json = isRandom ? { ...trained, added_tokens: [], model: randomModel(draw, ATOMS) } : trained;
  const present = base.added_tokens as Json[];
  const vocab = (base.model as { vocab: object }).vocab;
  const words: [string, number][] = Array.isArray(vocab)
    ? vocab.map(([text], id) => [text as string, id])
    : Object.entries(vocab as Record<string, number>);
  const size = words.length;
  const added = Array.from({ length: next(4) }, (_, i) => {
    // One that becomes nothing when it is normalised matches everywhere in the reference: only the words below are normalised
    const isWord = next(5) > 0;
    const content = isWord
      ? `${'qrst'[i]}${pick(['the', '<m>', ' x', '\u65e5', 'ing '])}${i}`
      : pick(words.filter(([text]) => text !== ''))[0];
    const flags = { single_word: !next(3), lstrip: !next(3), rstrip: !next(3), special: flip() };
    return { id: size + i, content, ...flags, normalized: i === 0 && isWord && flip() };
  });
  const json = {
    ...base,
    added_tokens: [...present, ...added],
    normalizer: several('normalizers', normalizer),
    pre_tokenizer: several('pretokenizers', preTokenizer),
    decoder: next(4) === 0 ? base.decoder : several('decoders', decoder),
    post_processor: pick([null, base.post_processor, randomPostProcessor(draw, words.slice(0, 40))]),
    // The node binding of 0.23.2 truncates otherwise than the reference, and aborts the process where a stride does not fit.
    truncation:
      out === undefined || next(3) > 0
        ? null
        : {
            direction: pick(['Left', 'Right']),
            max_length: 4 + next(20),
            strategy: pick(['LongestFirst', 'OnlyFirst', 'OnlySecond']),
            stride: next(3),
          },
    padding:
      next(4) > 0
        ? null
        : {
            strategy: pick<unknown>(['BatchLongest', { Fixed: next(20) }]),
            direction: pick(['Left', 'Right']),
            pad_to_multiple_of: pick([null, 4]),
            pad_id: next(size),
            pad_type_id: next(3),
            pad_token: '[PAD]',
          },
  };
  const reference = native?.Tokenizer.fromString(JSON.stringify(json));
  const cases: object[] = [];
  const ours = readTokenizerJson(json);
  for (let i = 0; i < 12; i++) {
    const text = Array.from({ length: 1 + next(9) }, () => pick(ATOMS)).join('');
    const pair = next(3) === 0 ? pick(ATOMS) + pick(ATOMS) : undefined;
    const addSpecialTokens = next(4) > 0;
    const options = {
      allowedSpecial: 'all',
      addSpecialTokens,
      ...(pair === undefined ? {} : { pair }),
    } as const;
    if (reference === undefined) {
      try {
        const row = written(ours, text, options);
        cases.push({ text, pair: pair ?? null, addSpecialTokens, ...row });
      } catch (error) {
        cases.push({ text, pair: pair ?? null, addSpecialTokens, error: String(error) });
      }
      compared++;
      continue;
    }
    let theirs: NativeEncoding;
    try {
      theirs = await reference.encode(text, pair ?? null, { addSpecialTokens });
    } catch {
      continue; // no unknown token, or nothing left to truncate: neither side can encode this
    }
    const detailed = ours.encodeDetailed(text, options);
    const ids = theirs.getIds();
    const checks: [string, unknown, unknown][] = [
      ['ids', ids, detailed.ids],
      ['ids of the fast path', ids, ours.encode(text, options)],
      ['type ids', theirs.getTypeIds(), detailed.typeIds],
      ['tokens', theirs.getTokens(), detailed.tokens],
      ['attention mask', theirs.getAttentionMask(), detailed.attentionMask],
      ['special tokens mask', theirs.getSpecialTokensMask(), detailed.specialTokensMask],
      ['text', await reference.decode(ids, false), ours.decode(ids)],
      [
        'text without control tokens',
        await reference.decode(ids, true),
        ours.decode(ids, { skipSpecialTokens: true }),
      ],
    ];
    if (pair === undefined)
      checks.push(['offsets', theirs.getOffsets(), offsetsInCodePoints(text, detailed.offsets)]);
    for (const [what, expected, got] of checks) {
      if (JSON.stringify(expected) === JSON.stringify(got)) continue;
      const { model, ...stages } = json as Json;
      const { vocab: _vocab, merges: _merges, ...settings } = model as Json;
      const seen = isRandom && JSON.stringify(json);
      if (process.env.DUMP && seen) writeFileSync(process.env.DUMP, seen);
      console.log(
        `${what} of ${JSON.stringify(text)} ${JSON.stringify(pair)}\n native ${JSON.stringify(expected)}\n ours   ${JSON.stringify(got)}\n ${JSON.stringify({ ...stages, model: settings })}`,
      );
      process.exit(1);
    }
    compared++;
  }
  const texts = Array.from({ length: 4 }, () => Array.from({ length: next(6) }, () => pick(ATOMS)).join(''));
  let batch: object | null = null;
  if (out !== undefined)
    try {
      batch = { texts, ids: ours.encodeBatch(texts, { allowedSpecial: 'all' }).map((e) => e.ids) };
    } catch {} // what cannot be encoded is compared text by text
  if (out !== undefined) appendFileSync(out, `${JSON.stringify({ json, cases, batch })}\n`);
}
if (out !== undefined) process.exit(0);
console.log(`random pipelines = tokenizers: ${compared} strings, 0 differences`);
