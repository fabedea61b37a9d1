// Hugging Face's tokenizer.json, read and written.

import type { AddedToken } from '../added-tokens.ts';
import type { Padding, Truncation } from '../encoding.ts';
import type { Model, ModelConfig } from '../models/model.ts';
import { Tokenizer, type TokenizerParts } from '../tokenizer.ts';
import { refuseUnknownOptions } from '../unknown-options.ts';
import {
  arrayField,
  asObject,
  booleanField,
  type JsonObject,
  numberField,
  stringField,
} from './json-value.ts';
import { modelFromJson } from './model-from-json.ts';
import {
  decoderFromJson,
  normalizerFromJson,
  postProcessorFromJson,
  preTokenizerFromJson,
} from './stages-from-json.ts';

/** What stands beside tokenizer.json: the ids and templates that it does not hold. */
export type TokenizerExtras = Partial<
  Pick<
    TokenizerParts,
    | 'bosTokenId'
    | 'eosTokenIds'
    | 'unkTokenId'
    | 'padTokenId'
    | 'specialTokens'
    | 'chatTemplate'
    | 'chatTemplates'
  >
>;

/** The names of `TokenizerExtras`. */
export const tokenizerExtras: readonly string[] = [
  'bosTokenId',
  'eosTokenIds',
  'unkTokenId',
  'padTokenId',
  'specialTokens',
  'chatTemplate',
  'chatTemplates',
];

/**
 * A tokenizer from the text (or parsed value) of a tokenizer.json. Throws a TypeError that names an unknown stage or a field of the wrong type.
 */
export function readTokenizerJson(source: string | object, extras: TokenizerExtras = {}): Tokenizer {
  refuseUnknownOptions('readTokenizerJson', extras, tokenizerExtras);
  return new Tokenizer({ ...partsFromJson(source), ...extras });
}

/** The parts that a tokenizer.json describes. */
export function partsFromJson(source: string | object): TokenizerParts {
  const o = asObject(typeof source === 'string' ? JSON.parse(source) : source, 'tokenizer.json');
  const stage = <T>(key: string, read: (config: JsonObject) => T): T | undefined =>
    o[key] == null ? undefined : read(asObject(o[key], key));
  const normalizer = stage('normalizer', normalizerFromJson);
  const preTokenizer = stage('pre_tokenizer', preTokenizerFromJson);
  const postProcessor = stage('post_processor', postProcessorFromJson);
  const decoder = stage('decoder', decoderFromJson);
  const truncation = stage('truncation', truncationFromJson);
  const padding = stage('padding', paddingFromJson);
  const model = modelFromJson(asObject(o.model, 'model'));
  return {
    model,
    addedTokens: withReferenceIds(
      arrayField(o, 'added_tokens', 'tokenizer.json', []).map(addedTokenFromJson),
      model,
    ),
    ...(normalizer && { normalizer }),
    ...(preTokenizer && { preTokenizer }),
    ...(postProcessor && { postProcessor }),
    ...(decoder && { decoder }),
    ...(truncation && { truncation }),
    ...(padding && { padding, padTokenId: padding.padId as number }),
  };
}

/**
 * The ids that the reference gives when it reads a file, whatever the file says: the model's own for a token that it has, else the first free one behind
 * the model and the tokens before. In a sound file they are those of the file.
 */
function withReferenceIds(tokens: readonly AddedToken[], model: Model): AddedToken[] {
  const ids = new Map<string, number>();
  let greatest = -1;
  return tokens.map((token) => {
    const free = greatest >= model.size ? greatest + 1 : model.size;
    const id = ids.get(token.content) ?? model.tokenToId(token.content) ?? free;
    ids.set(token.content, id);
    greatest = Math.max(greatest, id);
    return { ...token, id };
  });
}

/** One entry of `added_tokens`. */
export function addedTokenFromJson(item: unknown, index = 0): AddedToken {
  const name = `added_tokens[${index}]`;
  const o = asObject(item, name);
  return {
    id: numberField(o, 'id', name),
    content: stringField(o, 'content', name),
    special: booleanField(o, 'special', name, false),
    singleWord: booleanField(o, 'single_word', name, false),
    lstrip: booleanField(o, 'lstrip', name, false),
    rstrip: booleanField(o, 'rstrip', name, false),
    normalized: booleanField(o, 'normalized', name, true),
  };
}

const STRATEGIES = {
  LongestFirst: 'longest-first',
  OnlyFirst: 'only-first',
  OnlySecond: 'only-second',
} as const;

function truncationFromJson(o: JsonObject): Truncation {
  const strategy =
    STRATEGIES[stringField(o, 'strategy', 'truncation', 'LongestFirst') as keyof typeof STRATEGIES];
  if (strategy === undefined)
    throw new TypeError(
      `truncation.strategy: expected ${Object.keys(STRATEGIES).join(', ')}, got ${o.strategy}`,
    );
  return {
    maxLength: numberField(o, 'max_length', 'truncation'),
    stride: numberField(o, 'stride', 'truncation', 0),
    direction: stringField(o, 'direction', 'truncation', 'Right') === 'Left' ? 'left' : 'right',
    strategy,
  };
}

function paddingFromJson(o: JsonObject): Padding {
  const strategy = o.strategy as string | { Fixed?: number };
  return {
    length:
      typeof strategy === 'object' && strategy !== null && strategy.Fixed !== undefined
        ? strategy.Fixed
        : 'longest',
    padToMultipleOf: numberField(o, 'pad_to_multiple_of', 'padding', 0),
    direction: stringField(o, 'direction', 'padding', 'Right') === 'Left' ? 'left' : 'right',
    padId: numberField(o, 'pad_id', 'padding', 0),
    padTypeId: numberField(o, 'pad_type_id', 'padding', 0),
    padToken: stringField(o, 'pad_token', 'padding', '[PAD]'),
  };
}

/** The tokenizer.json of a tokenizer, as an object for `JSON.stringify`. */
export function writeTokenizerJson(tokenizer: Tokenizer): object {
  const { normalizer, preTokenizer, postProcessor, decoder, model, truncation, padding } = tokenizer.parts;
  const strategies = Object.fromEntries(Object.entries(STRATEGIES).map(([rust, ours]) => [ours, rust]));
  return {
    version: '1.0',
    truncation: truncation
      ? {
          direction: truncation.direction === 'left' ? 'Left' : 'Right',
          max_length: truncation.maxLength,
          strategy: strategies[truncation.strategy ?? 'longest-first'],
          stride: truncation.stride ?? 0,
        }
      : null,
    padding: padding
      ? {
          strategy: typeof padding.length === 'number' ? { Fixed: padding.length } : 'BatchLongest',
          direction: padding.direction === 'left' ? 'Left' : 'Right',
          pad_to_multiple_of: padding.padToMultipleOf || null,
          pad_id: padding.padId ?? tokenizer.padTokenId ?? 0,
          pad_type_id: padding.padTypeId ?? 0,
          pad_token: padding.padToken ?? '[PAD]',
        }
      : null,
    added_tokens: tokenizer.addedTokens.map((t) => ({
      id: t.id,
      content: t.content,
      single_word: t.singleWord ?? false,
      lstrip: t.lstrip ?? false,
      rstrip: t.rstrip ?? false,
      normalized: t.normalized ?? false,
      special: t.special,
    })),
    normalizer: normalizer?.config ?? null,
    pre_tokenizer: preTokenizer?.config ?? null,
    post_processor: postProcessor?.config ?? null,
    decoder: decoder?.config ?? null,
    model: withAddedNames(model, tokenizer.addedTokens),
  };
}

/**
 * The model's config with its tokens named as the added tokens of their ids: a reader looks those up by name (llama2.c's files write "\n<s>\n" for what is
 * `<s>`).
 */
function withAddedNames(model: Model, added: readonly AddedToken[]): ModelConfig {
  const config = model.config();
  const names = new Map<number, string>();
  for (const { id, content } of added)
    if (model.tokenToId(content) === undefined && model.idToToken(id) !== undefined) names.set(id, content);
  if (names.size === 0) return config;
  const { vocab } = config;
  return {
    ...config,
    vocab: Array.isArray(vocab)
      ? vocab.map(([text, score], id) => [names.get(id) ?? text, score])
      : Object.fromEntries(
          Object.entries(vocab as Record<string, number>).map(([text, id]) => [names.get(id) ?? text, id]),
        ),
  };
}
