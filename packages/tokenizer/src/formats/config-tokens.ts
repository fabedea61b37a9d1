// Tokens that stand in tokenizer_config.json and not, or otherwise, in tokenizer.json: transformers adds them when it loads a tokenizer, and so do we. Ids
// are those of the model, else the next free ones, whatever the config says. They may lie beyond a model's table of embeddings, as there.
import type { AddedToken } from '../added-tokens.ts';
import type { Model } from '../models/model.ts';
import { type JsonObject, stringField } from './json-value.ts';
import { addedTokenFromJson } from './tokenizer-json.ts';

/** What the config files say of tokens. */
export interface ConfigTokens {
  readonly config: JsonObject;
  /** `added_tokens.json`: the older list, of a config without `added_tokens_decoder`. */
  readonly older: JsonObject;
  /** The special tokens by name. */
  readonly named: Readonly<Record<string, string | null>>;
}

type Token = Omit<AddedToken, 'id'>;

/** The added tokens of a tokenizer with those of its config files. */
export function withConfigTokens(
  tokens: readonly AddedToken[],
  model: Pick<Model, 'size' | 'tokenToId'>,
  { config, older, named }: ConfigTokens,
): AddedToken[] {
  const added = new Map(tokens.map((token) => [token.content, token]));
  const names = new Set([...USUAL, ...Object.keys(named)].map((name) => named[name] ?? ''));
  const extra = listOf(config.extra_special_tokens);
  const special = new Set([
    ...names,
    ...(extra.length > 0 ? extra : listOf(config.additional_special_tokens)),
  ]);
  const listed = listedTokens(config.added_tokens_decoder, older, tokens, (content) => special.has(content))
    // What a file lists and has a name is a control token.
    .map((token) => (names.has(token.content) ? { ...token, special: true } : token));
  const news: Token[] = listed.filter((token) => !isSame(token, added.get(token.content)));
  const known = new Set([...added.keys(), ...news.map((token) => token.content)]);
  for (const content of special)
    if (content !== '' && !known.has(content)) {
      known.add(content);
      news.push({ content, special: true });
    }
  let free = model.size;
  for (const { id } of tokens) if (id >= free) free = id + 1;
  for (const token of news) {
    if (token.content === '') continue;
    const old = added.get(token.content);
    const id = old?.id ?? model.tokenToId(token.content) ?? free++;
    // What was a control token stays one.
    added.set(token.content, { ...token, id, special: token.special || old?.special === true });
  }
  return [...added.values()];
}

/** `added_tokens_decoder` in the order of its ids, else the older list and what the tokenizer has. */
function listedTokens(
  decoder: unknown,
  older: JsonObject,
  tokens: readonly AddedToken[],
  isSpecial: (content: string) => boolean,
): Token[] {
  if (typeof decoder === 'object' && decoder !== null)
    return Object.entries(decoder)
      .sort(([a], [b]) => Number(a) - Number(b))
      .map(([id, token], i) => addedTokenFromJson({ ...defaults(token), id: Number(id) }, i));
  const known = new Set(tokens.map((token) => token.content));
  const more = Object.entries(older)
    .filter(([content]) => !known.has(content))
    .sort(([, a], [, b]) => Number(a) - Number(b));
  return [
    ...tokens,
    ...more.map(([content]) => ({ content, special: isSpecial(content), normalized: !isSpecial(content) })),
  ];
}

/** A token without the flag is matched after normalisation, unless it is special. */
function defaults(token: unknown): JsonObject {
  const given = token as JsonObject;
  return {
    ...given,
    content: stringField(given, 'content', 'added_tokens_decoder'),
    normalized: given.normalized ?? given.special !== true,
  };
}

/** The order in which named tokens that are new get their ids. */
const USUAL = ['bos', 'eos', 'unk', 'sep', 'pad', 'cls', 'mask'].map((name) => `${name}_token`);
const FLAGS = ['special', 'singleWord', 'lstrip', 'rstrip', 'normalized'] as const;

const isSame = (token: Token, old: AddedToken | undefined): boolean =>
  old !== undefined && FLAGS.every((flag) => (token[flag] ?? false) === (old[flag] ?? false));

function listOf(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: unknown) => {
    const content = typeof item === 'object' && item !== null ? (item as JsonObject).content : item;
    return typeof content === 'string' ? [content] : [];
  });
}
