// tokenizer.json -> the tokenizer.ggml.* key-values, as llama.cpp's converter writes them: byte-level BPE ('gpt2', with the name of its split) and BPE with byte
// fallback ('llama', SentencePiece's; a token's score is minus the rank of its first merge, which keeps the order of merges). What llama.cpp has no
// word for is refused, so that a written file does not split text another way. One difference stays, which llama.cpp's own conversion has too: Metaspace puts
// no second space in front of a text that begins with one, add_space_prefix does.
import { isObject } from '../read-json.ts';
import type { GgufValue } from './write-gguf.ts';

type Json = Record<string, unknown>;

const gpt2Words = "'s|'t|'re|'ve|'m|'ll|'d";
const cl100k = `(?i:${gpt2Words})|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;
const upper = '[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]';
const lower = '[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]';
const o200k = (words: string, digits: string) =>
  `[^\\r\\n\\p{L}\\p{N}]?${upper}*${lower}+${words}|[^\\r\\n\\p{L}\\p{N}]?${upper}+${lower}*${words}|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

/** llama.cpp's names of splits (llama-vocab.cpp), by the steps of the pre-tokenizer. */
const splits: ReadonlyMap<string, string> = new Map([
  ['bytes with words', 'gpt-2'],
  ['digits, bytes with words', 'smollm'],
  [`${cl100k}, bytes`, 'llama-bpe'],
  [`${cl100k.replace('{1,3}', '')}, bytes`, 'qwen2'],
  [`${o200k(`(?i:${gpt2Words})?`, '\\p{N}{1,3}')}, bytes`, 'gpt-4o'],
  [`${o200k('', '\\p{N}')}, bytes`, 'tekken'],
]);

const tokenTypes = { normal: 1, unknown: 2, control: 3, user: 4, unused: 5, byte: 6 };

/**
 * The vocabulary of a parsed `tokenizer.json` for a model with `vocabSize` rows of embeddings; rows without a token become unused ones. Throws `TypeError` for a
 * tokenizer that GGUF cannot say: give its key-values in `metadata` then.
 */
export function ggufVocabulary(tokenizer: Json, vocabSize: number): Map<string, GgufValue> {
  const model = object(tokenizer.model);
  if (model.type !== 'BPE') throw unsupported('model.type', 'BPE', model.type);
  const byteLevel = steps(tokenizer.decoder, 'decoders').some(({ type }) => type === 'ByteLevel');
  if (!byteLevel && model.byte_fallback !== true)
    throw unsupported('decoder', 'ByteLevel, or byte_fallback', model.byte_fallback);
  const pieces = readPieces(tokenizer, vocabSize);
  const metadata = new Map<string, GgufValue>();
  const put = (key: string, value: GgufValue) => metadata.set(`tokenizer.ggml.${key}`, value);
  const merges = readMerges(model.merges);
  put('model', byteLevel ? 'gpt2' : 'llama');
  if (byteLevel) put('pre', splitName(tokenizer));
  else put('add_space_prefix', spacePrefix(tokenizer));
  put(
    'tokens',
    pieces.map(({ text }) => text),
  );
  put(
    'token_type',
    Int32Array.from(pieces, ({ type }) => (byteLevel && type === tokenTypes.byte ? tokenTypes.normal : type)),
  );
  if (byteLevel)
    put(
      'merges',
      merges.map(([a, b]) => `${a} ${b}`),
    );
  else put('scores', scores(pieces, merges));
  const unknown = pieces.findIndex(({ text }) => text === model.unk_token);
  if (unknown >= 0) put('unknown_token_id', unknown);
  const { before, after } = frame(tokenizer.post_processor);
  put('add_bos_token', before !== undefined);
  put('add_eos_token', after !== undefined);
  if (before !== undefined) put('bos_token_id', before);
  if (after !== undefined) put('eos_token_id', after);
  return metadata;
}

interface Piece {
  readonly text: string;
  readonly type: number;
}

function readPieces(tokenizer: Json, vocabSize: number): Piece[] {
  const model = object(tokenizer.model);
  const pieces: (Piece | undefined)[] = Array.from({ length: vocabSize });
  const place = (id: unknown, piece: Piece) => {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= vocabSize)
      throw unsupported(`id of ${piece.text}`, `an integer below ${vocabSize}`, id);
    pieces[id] = piece;
  };
  for (const [text, id] of Object.entries(object(model.vocab))) {
    const byte = model.byte_fallback === true && /^<0x[0-9A-F]{2}>$/.test(text);
    const type = text === model.unk_token ? tokenTypes.unknown : byte ? tokenTypes.byte : tokenTypes.normal;
    place(id, { text, type });
  }
  const added = Array.isArray(tokenizer.added_tokens) ? tokenizer.added_tokens : [];
  for (const token of added.map(object)) {
    const text = String(token.content);
    const type =
      text === model.unk_token
        ? tokenTypes.unknown
        : token.special === true
          ? tokenTypes.control
          : tokenTypes.user;
    place(token.id, { text, type });
  }
  return pieces.map((piece, id) => piece ?? { text: `[PAD${id}]`, type: tokenTypes.unused });
}

/** Both spellings: 'a b' and ['a', 'b']. */
function readMerges(merges: unknown): [string, string][] {
  if (!Array.isArray(merges)) throw unsupported('model.merges', 'a list', merges);
  return merges.map((merge: unknown) => {
    const pair = typeof merge === 'string' ? merge.split(' ') : merge;
    if (!Array.isArray(pair) || pair.length !== 2 || pair.some((part) => typeof part !== 'string'))
      throw unsupported('model.merges', 'pairs of strings', merge);
    if (pair.some((part) => part.includes(' ')))
      throw unsupported('model.merges', 'parts without spaces', merge);
    return pair as [string, string];
  });
}

function scores(pieces: readonly Piece[], merges: readonly (readonly [string, string])[]): Float32Array {
  const rank = new Map<string, number>();
  for (const [i, [a, b]] of merges.entries()) if (!rank.has(a + b)) rank.set(a + b, i);
  return Float32Array.from(pieces, ({ text }) => -(rank.get(text) ?? merges.length));
}

function splitName(tokenizer: Json): string {
  const normalizers = steps(tokenizer.normalizer, 'normalizers').map(({ type }) => type);
  const parts = steps(tokenizer.pre_tokenizer, 'pretokenizers').map((step) => {
    if (step.type === 'ByteLevel' && step.add_prefix_space !== true)
      return step.use_regex === false ? 'bytes' : 'bytes with words';
    if (step.type === 'Digits' && step.individual_digits === true) return 'digits';
    const pattern = object(step.pattern ?? {}).Regex;
    return step.type === 'Split' &&
      step.behavior === 'Isolated' &&
      step.invert !== true &&
      typeof pattern === 'string'
      ? pattern
      : '?';
  });
  const name = splits.get(parts.join(', '));
  if (name === undefined)
    throw unsupported(
      'pre_tokenizer',
      `one that llama.cpp has a name for (${[...splits.values()].join(', ')})`,
      parts.join(', '),
    );
  const wanted = name === 'qwen2' ? ['NFC'] : [];
  if (normalizers.length > 0 && String(normalizers) !== String(wanted))
    throw unsupported('normalizer', wanted.length > 0 ? 'NFC or none' : 'none', normalizers);
  return name;
}

/** True when a text gets a space in front, as SentencePiece's dummy prefix. */
function spacePrefix(tokenizer: Json): boolean {
  const normalizers = steps(tokenizer.normalizer, 'normalizers');
  const before = steps(tokenizer.pre_tokenizer, 'pretokenizers');
  const known = [...normalizers, ...before].every(
    ({ type, content, prepend, replacement, split, behavior, pattern }) =>
      (type === 'Prepend' && prepend === '\u2581') ||
      (type === 'Replace' && content === '\u2581' && object(pattern).String === ' ') ||
      (type === 'Metaspace' && replacement === '\u2581' && split === false) ||
      (type === 'Split' && object(pattern).String === ' ' && behavior === 'MergedWithPrevious'),
  );
  if (!known)
    throw unsupported(
      'normalizer and pre_tokenizer',
      "SentencePiece's",
      [...normalizers, ...before].map(({ type }) => type),
    );
  const scheme = before.find(({ type }) => type === 'Metaspace')?.prepend_scheme;
  return normalizers.some(({ type }) => type === 'Prepend') || scheme === 'first' || scheme === 'always';
}

/** The special tokens that the post-processor puts in front of a text and behind it, at most one each. */
function frame(processor: unknown): { before?: number; after?: number } {
  const template = steps(processor, 'processors').find(({ type }) => type === 'TemplateProcessing');
  if (template === undefined || !Array.isArray(template.single)) return {};
  const pieces = template.single.map(object);
  const text = pieces.findIndex((piece) => 'Sequence' in piece);
  const [before, after] = [pieces.slice(0, text), pieces.slice(text + 1)];
  if (before.length > 1 || after.length > 1)
    throw unsupported(
      'post_processor',
      'at most one token in front of a text and behind it',
      template.single,
    );
  const id = ([piece]: Json[]): number | undefined => {
    if (piece === undefined) return undefined;
    const named = object(object(template.special_tokens)[String(object(piece.SpecialToken).id)]);
    return Array.isArray(named.ids) && typeof named.ids[0] === 'number' ? named.ids[0] : undefined;
  };
  return { before: id(before), after: id(after) };
}

/** A step or the steps of a sequence; none for null. */
function steps(value: unknown, list: string): Json[] {
  if (value === null || value === undefined) return [];
  const step = object(value);
  return step.type === 'Sequence' && Array.isArray(step[list]) ? step[list].map(object) : [step];
}

function object(value: unknown): Json {
  if (!isObject(value)) throw unsupported('tokenizer.json', 'an object', value);
  return value;
}

function unsupported(field: string, expected: string, actual: unknown): TypeError {
  const found = JSON.stringify(actual) ?? 'nothing';
  return new TypeError(
    `tokenizer.json: ${field}: expected ${expected} for GGUF (or tokenizer.ggml.* in metadata), got ${found.slice(0, 200)}`,
  );
}
