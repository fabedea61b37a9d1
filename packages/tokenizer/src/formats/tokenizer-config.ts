// The files beside tokenizer.json: tokenizer_config.json, special_tokens_map.json, generation_config.json, config.json and the chat templates.
import type { TokenizerParts } from '../tokenizer.ts';
import { chatTemplatesOf, type TextFiles } from './chat-templates.ts';
import { withConfigTokens } from './config-tokens.ts';
import { asObject, type JsonObject } from './json-value.ts';
import type { TokenizerExtras } from './tokenizer-json.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Ids and chat templates from the config files that exist. */
export async function extrasFromConfigs(
  files: TextFiles,
  parts: TokenizerParts,
): Promise<TokenizerExtras & Pick<TokenizerParts, 'addedTokens'>> {
  const read = async (name: string): Promise<JsonObject> => {
    const source = await files.text(name);
    return source === undefined ? {} : asObject(JSON.parse(source), name);
  };
  const config = await read('tokenizer_config.json');
  const specials = await read('special_tokens_map.json');
  const model = await read('config.json');
  const generation = await read('generation_config.json');
  const older = config.added_tokens_decoder === undefined ? await read('added_tokens.json') : {};
  const named = specialTokens(config, specials);
  const addedTokens = withConfigTokens(parts.addedTokens, parts.model, { config, older, named });

  const idOf = (key: string): number | undefined => {
    const content = named[key];
    if (content === undefined || content === null) return undefined;
    return addedTokens.find((t) => t.content === content)?.id ?? parts.model.tokenToId(content);
  };
  const extras: Mutable<TokenizerExtras> = {};
  const set = <K extends keyof TokenizerExtras>(key: K, value: TokenizerExtras[K] | undefined) => {
    if (value !== undefined) extras[key] = value;
  };
  set('bosTokenId', idOf('bos_token') ?? numberOf(generation.bos_token_id) ?? numberOf(model.bos_token_id));
  set('unkTokenId', idOf('unk_token'));
  set('padTokenId', idOf('pad_token') ?? parts.padTokenId);
  const ends = new Set<number>();
  for (const value of [idOf('eos_token'), generation.eos_token_id, model.eos_token_id]) {
    for (const id of Array.isArray(value) ? value : [value]) if (typeof id === 'number') ends.add(id);
  }
  set('eosTokenIds', [...ends]);

  set('specialTokens', named);

  return { addedTokens, ...extras, ...(await chatTemplatesOf(files, config)) };
}

const NAMES = ['bos', 'eos', 'unk', 'sep', 'pad', 'cls', 'mask'].map((name) => `${name}_token`);

/**
 * The special tokens by name as transformers hands them to templates: the seven usual ones, every other `..._token`, and those of `extra_special_tokens` and
 * `model_specific_special_tokens` where these have names. The older special_tokens_map.json counts where the config lists no added tokens.
 */
function specialTokens(config: JsonObject, specials: JsonObject): Record<string, string | null> {
  const merged: JsonObject = config.added_tokens_decoder === undefined ? { ...config, ...specials } : config;
  const names: Record<string, string | null> = {};
  for (const [name, value] of Object.entries(merged)) {
    const content = contentOf(value);
    if (name.endsWith('_token') && content !== undefined) names[name] = content;
    else if (NAMES.includes(name) && value === null) names[name] = null;
  }
  for (const key of ['extra_special_tokens', 'model_specific_special_tokens']) {
    const named = merged[key];
    if (typeof named !== 'object' || named === null || Array.isArray(named)) continue;
    for (const [name, value] of Object.entries(named)) {
      const content = contentOf(value);
      if (content === undefined) throw new TypeError(`${key}.${name}: expected a token`);
      names[name] = content;
    }
  }
  return names;
}

function contentOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'object' && value !== null && 'content' in value && typeof value.content === 'string')
    return value.content;
  return undefined;
}

const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
