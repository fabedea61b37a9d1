// tokenizer.json's stage objects to stages. Every type that occurs in Hugging Face tokenizers is known; another one is an error naming it.
import type { SplitBehavior } from '../aligned-text.ts';
import { bpeDecoder } from '../decoders/bpe.ts';
import { byteFallback } from '../decoders/byte-fallback.ts';
import { byteLevelDecoder } from '../decoders/byte-level.ts';
import { ctc } from '../decoders/ctc.ts';
import type { Decoder } from '../decoders/decoder.ts';
import { fuse } from '../decoders/fuse.ts';
import { metaspaceDecoder } from '../decoders/metaspace.ts';
import { replaceDecoder } from '../decoders/replace.ts';
import { decoderSequence } from '../decoders/sequence.ts';
import { stripDecoder } from '../decoders/strip.ts';
import { wordPieceDecoder } from '../decoders/word-piece.ts';
import { bertNormalizer } from '../normalizers/bert.ts';
import { byteLevelNormalizer } from '../normalizers/byte-level.ts';
import { lowercase } from '../normalizers/lowercase.ts';
import { nmt } from '../normalizers/nmt.ts';
import type { Normalizer } from '../normalizers/normalizer.ts';
import { precompiled } from '../normalizers/precompiled.ts';
import { prepend } from '../normalizers/prepend.ts';
import { replace } from '../normalizers/replace.ts';
import { normalizerSequence } from '../normalizers/sequence.ts';
import { strip } from '../normalizers/strip.ts';
import { stripAccents } from '../normalizers/strip-accents.ts';
import { unicodeForm } from '../normalizers/unicode-form.ts';
import { byteLevelProcessor } from '../post-processors/byte-level.ts';
import type { LayoutPiece, PostProcessor } from '../post-processors/post-processor.ts';
import { postProcessorSequence } from '../post-processors/sequence.ts';
import { bertProcessing, robertaProcessing, template } from '../post-processors/template.ts';
import { type ByteLevelOptions, byteLevel } from '../pre-tokenizers/byte-level.ts';
import { charDelimiterSplit } from '../pre-tokenizers/char-delimiter.ts';
import { digits } from '../pre-tokenizers/digits.ts';
import { fixedLength } from '../pre-tokenizers/fixed-length.ts';
import { metaspace, type PrependScheme } from '../pre-tokenizers/metaspace.ts';
import type { PreTokenizer } from '../pre-tokenizers/pre-tokenizer.ts';
import { bertPreTokenizer, punctuation } from '../pre-tokenizers/punctuation.ts';
import { preTokenizerSequence } from '../pre-tokenizers/sequence.ts';
import { split } from '../pre-tokenizers/split.ts';
import { unicodeScripts } from '../pre-tokenizers/unicode-scripts.ts';
import { whitespace, whitespaceSplit } from '../pre-tokenizers/whitespace.ts';
import type { PatternConfig } from '../unicode/pattern-config.ts';
import { decodeBase64 } from './base64.ts';
import {
  arrayField,
  asObject,
  booleanField,
  type JsonObject,
  numberField,
  stringField,
} from './json-value.ts';

const BEHAVIORS = ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'];
const SCHEMES = ['always', 'first', 'never'];

function unknownType(stage: string, type: string): never {
  throw new TypeError(`${stage}: the type ${JSON.stringify(type)} is not known`);
}

function oneOf<T extends string>(value: string, allowed: readonly string[], name: string): T {
  // Rust writes behaviours in CamelCase, Python's helpers in snake_case.
  const found = allowed.find((a) => a.toLowerCase() === value.replaceAll('_', '').toLowerCase());
  if (found === undefined)
    throw new TypeError(`${name}: expected one of ${allowed.join(', ')}, got ${JSON.stringify(value)}`);
  return found as T;
}

const children = (o: JsonObject, key: string, name: string): JsonObject[] =>
  arrayField(o, key, name).map((item, i) => asObject(item, `${name}.${key}[${i}]`));

const patternOf = (o: JsonObject, name: string): PatternConfig =>
  typeof o.pattern === 'string'
    ? { String: o.pattern }
    : (asObject(o.pattern, `${name}.pattern`) as PatternConfig);

const byteLevelOptions = (o: JsonObject): ByteLevelOptions => ({
  addPrefixSpace: booleanField(o, 'add_prefix_space', 'ByteLevel', true),
  trimOffsets: booleanField(o, 'trim_offsets', 'ByteLevel', true),
  useRegex: booleanField(o, 'use_regex', 'ByteLevel', true),
});

function metaspaceOptions(o: JsonObject): [string, PrependScheme, boolean] {
  const scheme: PrependScheme =
    o.add_prefix_space === false
      ? 'never'
      : oneOf(stringField(o, 'prepend_scheme', 'Metaspace', 'always'), SCHEMES, 'prepend_scheme');
  return [
    stringField(o, 'replacement', 'Metaspace', '\u2581'),
    scheme,
    booleanField(o, 'split', 'Metaspace', true),
  ];
}

/** The normaliser that a config describes. */
export function normalizerFromJson(o: JsonObject): Normalizer {
  const type = stringField(o, 'type', 'normalizer');
  switch (type) {
    case 'Sequence':
      return normalizerSequence(children(o, 'normalizers', type).map(normalizerFromJson));
    case 'BertNormalizer':
      return bertNormalizer({
        cleanText: booleanField(o, 'clean_text', type, true),
        handleChineseChars: booleanField(o, 'handle_chinese_chars', type, true),
        stripAccents: (o.strip_accents ?? null) as boolean | null,
        lowercase: booleanField(o, 'lowercase', type, true),
      });
    case 'Strip':
    case 'StripNormalizer':
      return strip(booleanField(o, 'strip_left', type, true), booleanField(o, 'strip_right', type, true));
    case 'StripAccents':
      return stripAccents();
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
      return unicodeForm(type);
    case 'Lowercase':
      return lowercase();
    case 'Nmt':
      return nmt();
    case 'Precompiled': {
      const map = stringField(o, 'precompiled_charsmap', type, '');
      return map === '' ? normalizerSequence([]) : precompiled(decodeBase64(map), map);
    }
    case 'Replace':
      return replace(patternOf(o, type), stringField(o, 'content', type));
    case 'Prepend':
      return prepend(stringField(o, 'prepend', type));
    case 'ByteLevel':
      return byteLevelNormalizer();
    default:
      return unknownType('normalizer', type);
  }
}

/** The pre-tokenizer that a config describes. */
export function preTokenizerFromJson(o: JsonObject): PreTokenizer {
  const type = stringField(o, 'type', 'pre_tokenizer');
  switch (type) {
    case 'Sequence':
      return preTokenizerSequence(children(o, 'pretokenizers', type).map(preTokenizerFromJson));
    case 'BertPreTokenizer':
      return bertPreTokenizer();
    case 'ByteLevel':
      return byteLevel(byteLevelOptions(o));
    case 'CharDelimiterSplit':
      return charDelimiterSplit(stringField(o, 'delimiter', type));
    case 'Metaspace':
      return metaspace(...metaspaceOptions(o));
    case 'Whitespace':
      return whitespace();
    case 'WhitespaceSplit':
      return whitespaceSplit();
    case 'Split':
      return split(
        patternOf(o, type),
        oneOf<SplitBehavior>(stringField(o, 'behavior', type), BEHAVIORS, 'Split.behavior'),
        booleanField(o, 'invert', type, false),
      );
    case 'Punctuation':
      return punctuation(
        oneOf<SplitBehavior>(stringField(o, 'behavior', type, 'Isolated'), BEHAVIORS, 'Punctuation.behavior'),
      );
    case 'Digits':
      return digits(booleanField(o, 'individual_digits', type, false));
    case 'UnicodeScripts':
      return unicodeScripts();
    case 'FixedLength':
      return fixedLength(numberField(o, 'length', type, 5));
    default:
      return unknownType('pre_tokenizer', type);
  }
}

/** The decoder that a config describes. */
export function decoderFromJson(o: JsonObject): Decoder {
  const type = stringField(o, 'type', 'decoder');
  switch (type) {
    case 'Sequence':
      return decoderSequence(children(o, 'decoders', type).map(decoderFromJson));
    case 'ByteLevel':
      return byteLevelDecoder(byteLevelOptions(o));
    case 'WordPiece':
      return wordPieceDecoder(stringField(o, 'prefix', type, '##'), booleanField(o, 'cleanup', type, true));
    case 'Metaspace':
      return metaspaceDecoder(...metaspaceOptions(o));
    case 'BPEDecoder':
      return bpeDecoder(stringField(o, 'suffix', type, '</w>'));
    case 'CTC':
      return ctc(
        stringField(o, 'pad_token', type, '<pad>'),
        stringField(o, 'word_delimiter_token', type, '|'),
        booleanField(o, 'cleanup', type, true),
      );
    case 'Replace':
      return replaceDecoder(patternOf(o, type), stringField(o, 'content', type));
    case 'ByteFallback':
      return byteFallback();
    case 'Fuse':
      return fuse();
    case 'Strip':
      return stripDecoder(
        stringField(o, 'content', type),
        numberField(o, 'start', type),
        numberField(o, 'stop', type),
      );
    default:
      return unknownType('decoder', type);
  }
}

/** The post-processor that a config describes. */
export function postProcessorFromJson(o: JsonObject): PostProcessor {
  const type = stringField(o, 'type', 'post_processor');
  switch (type) {
    case 'Sequence':
      return postProcessorSequence(children(o, 'processors', type).map(postProcessorFromJson));
    case 'BertProcessing':
      return bertProcessing(specialOf(o, 'sep', type), specialOf(o, 'cls', type));
    case 'RobertaProcessing':
      return robertaProcessing(
        specialOf(o, 'sep', type),
        specialOf(o, 'cls', type),
        booleanField(o, 'trim_offsets', type, true),
        booleanField(o, 'add_prefix_space', type, true),
      );
    case 'ByteLevel':
      return byteLevelProcessor(byteLevelOptions(o));
    case 'TemplateProcessing': {
      const specials = asObject(o.special_tokens ?? {}, `${type}.special_tokens`);
      return template({ ...o, type }, layoutOf(o, 'single', specials), layoutOf(o, 'pair', specials));
    }
    default:
      return unknownType('post_processor', type);
  }
}

function specialOf(o: JsonObject, key: string, name: string): [string, number] {
  const [token, id] = arrayField(o, key, name);
  if (typeof token !== 'string' || typeof id !== 'number')
    throw new TypeError(`${name}.${key}: expected [token, id]`);
  return [token, id];
}

function layoutOf(o: JsonObject, key: string, specials: JsonObject): LayoutPiece[] {
  // A template may leave the pair out: the texts then stand one after the other.
  const bare = [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }];
  return arrayField(o, key, 'TemplateProcessing', key === 'pair' ? bare : undefined).map(
    (item, i): LayoutPiece => {
      const name = `TemplateProcessing.${key}[${i}]`;
      const piece = asObject(item, name);
      if (piece.Sequence !== undefined) {
        const sequence = asObject(piece.Sequence, name);
        const typeId = numberField(sequence, 'type_id', name, 0);
        return { sequence: sequence.id === 'B' ? 1 : 0, typeId, isTypedOnce: true };
      }
      const special = asObject(piece.SpecialToken, name);
      const id = stringField(special, 'id', name);
      const token = asObject(specials[id], `TemplateProcessing.special_tokens.${id}`);
      return {
        ids: arrayField(token, 'ids', id) as number[],
        tokens: arrayField(token, 'tokens', id) as string[],
        typeId: numberField(special, 'type_id', name, 0),
      };
    },
  );
}
