// config.json -> GGUF key-values, the other direction of `gguf-config.ts`, for the writer.
import { findFamily } from '../../../models/families.ts';
import type { Checkpoint } from '../../checkpoint.ts';
import { readJsonObject } from '../read-json.ts';
import { type ConfigTable, configTables } from './config-tables.ts';
import { ggufVocabulary } from './gguf-vocabulary.ts';
import { templateMetadata } from './template-metadata.ts';
import type { GgufValue } from './write-gguf.ts';

type Config = Readonly<Record<string, unknown>>;

/** Keys beyond the common ones, by table: [GGUF key, key of config.json, type]. */
const own: Readonly<Record<string, readonly (readonly [string, string, 'f32' | 'u32' | 'bool'])[]>> = {
  mistral: [['attention.sliding_window', 'sliding_window', 'u32']],
  mixtral: [
    ['expert_count', 'num_local_experts', 'u32'],
    ['expert_used_count', 'num_experts_per_tok', 'u32'],
  ],
  granite: [
    ['attention.scale', 'attention_multiplier', 'f32'],
    ['embedding_scale', 'embedding_multiplier', 'f32'],
    ['residual_scale', 'residual_multiplier', 'f32'],
    ['logit_scale', 'logits_scaling', 'f32'],
  ],
  qwen3moe: [
    ['expert_count', 'num_experts', 'u32'],
    ['expert_count', 'num_local_experts', 'u32'],
    ['expert_used_count', 'num_experts_per_tok', 'u32'],
    ['expert_feed_forward_length', 'moe_intermediate_size', 'u32'],
  ],
  gemma2: [
    ['attn_logit_softcapping', 'attn_logit_softcapping', 'f32'],
    ['final_logit_softcapping', 'final_logit_softcapping', 'f32'],
    ['attention.sliding_window', 'sliding_window', 'u32'],
  ],
  gemma3: [['attention.sliding_window', 'sliding_window', 'u32']],
  phi3: [
    ['attention.sliding_window', 'sliding_window', 'u32'],
    ['rope.scaling.original_context_length', 'original_max_position_embeddings', 'u32'],
  ],
  stablelm: [['use_parallel_residual', 'use_parallel_residual', 'bool']],
  starcoder2: [['attention.sliding_window', 'sliding_window', 'u32']],
  'command-r': [['logit_scale', 'logit_scale', 'f32']],
  cohere2: [
    ['logit_scale', 'logit_scale', 'f32'],
    ['attention.sliding_window', 'sliding_window', 'u32'],
  ],
  olmo: [['attention.clamp_kqv', 'clip_qkv', 'f32']],
  olmo3: [['attention.sliding_window', 'sliding_window', 'u32']],
  gptneox: [['use_parallel_residual', 'use_parallel_residual', 'bool']],
};

const epsilons = ['rms_norm_eps', 'layer_norm_eps', 'layer_norm_epsilon', 'norm_epsilon', 'norm_eps'];
/** Families with LayerNorm; the others have RMSNorm. */
const withLayerNorm = new Set(
  'phi2 stablelm starcoder2 command-r cohere2 olmo nemotron gpt2 gptneox bloom'.split(' '),
);
/** Families whose files say of each layer whether it is windowed. */
const withPattern = new Set(['cohere2', 'olmo3']);
/** ggml's architecture of a table, where experts or windows have made one architecture into several. */
const architectureOf: Readonly<Record<string, string | undefined>> = {
  mixtral: 'llama',
  mistral: 'llama',
  olmo3: 'olmo2',
};

/** The table of a config's `model_type`. Throws `TypeError` for a family that GGUF files are not written for. */
export function ggufTableOf(config: Config): { name: string; table: ConfigTable } {
  for (const [name, table] of Object.entries(configTables))
    if (table !== undefined && table.modelType === config.model_type) return { name, table };
  const known = Object.values(configTables).map((table) => table?.modelType);
  throw new TypeError(`model_type: expected one of ${known.join(', ')} for GGUF, got ${config.model_type}`);
}

/** A config with what its family implies where it states nothing (older files leave out epsilons and rope's theta). */
function stated(config: Config): Config {
  const family = findFamily(String(config.model_type));
  const { theta, localTheta, partial } = family?.rope ?? {};
  const implied = {
    rope_theta: theta,
    rope_local_base_freq: localTheta,
    partial_rotary_factor: config.rotary_pct ?? partial,
    ...family?.defaults,
  };
  const given = Object.entries(config).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    [...Object.entries(implied), ...given].filter(([, value]) => value !== undefined),
  );
}

/** The architecture's key-values, with sizes that the config states or implies. */
export function ggufMetadata(given: Config, vocabSize: number): Map<string, GgufValue> {
  const config = stated(given);
  const { name, table } = ggufTableOf(config);
  const arch = architectureOf[name] ?? name;
  const get = (key: string): unknown =>
    config[(table.rename && key in table.rename && table.rename[key]) || key];
  const size = (key: string): number => {
    const value = get(key);
    if (typeof value !== 'number' || !(value >= 1))
      throw new RangeError(`${key}: expected a number >= 1, got ${value}`);
    return value;
  };
  const hidden = size('hidden_size');
  const heads = size('num_attention_heads');
  const headSize = typeof config.head_dim === 'number' ? config.head_dim : hidden / heads;
  const rope = ropeOf(config);
  const metadata = new Map<string, GgufValue>([['general.architecture', arch]]);
  const put = (key: string, value: GgufValue) => metadata.set(`${arch}.${key}`, value);
  put('block_count', size('num_hidden_layers'));
  put('context_length', Number(get('max_position_embeddings') ?? 2048)); // bloom (alibi) states none
  put('embedding_length', hidden);
  put('feed_forward_length', Number(get('intermediate_size') ?? hidden * 4));
  put('attention.head_count', heads);
  put('attention.head_count_kv', Number(config.num_key_value_heads ?? heads));
  put('vocab_size', vocabSize);
  const epsilon = epsilons.map((key) => config[key]).find((value) => typeof value === 'number') ?? 1e-5;
  put(`attention.layer_norm_${withLayerNorm.has(name) ? '' : 'rms_'}epsilon`, float(epsilon));
  if (name !== 'gpt2' && name !== 'bloom') {
    put('attention.key_length', headSize);
    put('attention.value_length', headSize);
    put('rope.dimension_count', Math.floor(headSize * rope.partial));
    put('rope.freq_base', float(rope.theta));
    if (rope.windowedTheta !== undefined) put('rope.freq_base_swa', float(rope.windowedTheta));
    putScaling(put, rope.scaling);
  }
  for (const [key, from, type] of own[name] ?? []) {
    const value = config[from];
    if (value === undefined || value === null) continue;
    put(key, type === 'f32' ? float(value) : type === 'bool' ? value === true : Number(value));
  }
  if (withPattern.has(name))
    put('attention.sliding_window_pattern', windowed(config, size('num_hidden_layers')));
  const ends = Array.isArray(config.eos_token_id) ? config.eos_token_id : [config.eos_token_id];
  const ids = { bos: config.bos_token_id, eos: ends[0], eot: ends[1], padding: config.pad_token_id };
  for (const [key, id] of Object.entries(ids))
    if (typeof id === 'number') metadata.set(`tokenizer.ggml.${key}_token_id`, id);
  return metadata;
}

/** Which layers are windowed: as listed, or all but every fourth. */
function windowed(config: Config, layers: number): boolean[] {
  const { layer_types: types, sliding_window_pattern: period } = config;
  if (Array.isArray(types)) return types.map((type) => type === 'sliding_attention');
  return Array.from({ length: layers }, (_, n) => (n + 1) % (typeof period === 'number' ? period : 4) !== 0);
}

/**
 * The tokenizer's key-values: those of a checkpoint that came from GGUF, else from its tokenizer.json with the chat template, else a vocabulary
 * of `none`, which has ids only.
 */
export async function tokenizerMetadata(
  assets: Checkpoint['assets'] | undefined,
  vocabSize: number,
): Promise<Map<string, GgufValue>> {
  const copied = new Map<string, GgufValue>();
  for (const [key, value] of assets?.metadata ?? [])
    if (key.startsWith('tokenizer.')) copied.set(key, value as GgufValue);
  if (copied.has('tokenizer.ggml.model')) return copied;
  const tokenizer = await jsonAsset(assets, 'tokenizer.json');
  if (tokenizer === undefined) return new Map([['tokenizer.ggml.model', 'none']]);
  const vocabulary = ggufVocabulary(tokenizer, vocabSize);
  for (const [key, value] of await templateMetadata(assets)) vocabulary.set(key, value);
  return vocabulary;
}

async function jsonAsset(
  assets: Checkpoint['assets'] | undefined,
  name: string,
): Promise<Config | undefined> {
  const bytes = await assets?.file(name);
  return bytes && readJsonObject(bytes, name, 'file');
}

/** Rope's parameters from the older keys or from `rope_parameters`; `scaling` is undefined for plain rope. */
export function ropeOf(config: Config): {
  theta: number;
  windowedTheta?: number;
  partial: number;
  scaling?: Config;
} {
  const newer = config.rope_parameters as Config | undefined;
  const full = (newer?.full_attention as Config | undefined) ?? newer; // gemma3 has one a kind of layer
  const scaling = full ?? (config.rope_scaling as Config | null | undefined) ?? undefined;
  const type = scaling?.rope_type ?? scaling?.type ?? 'default';
  const windowed =
    (newer?.sliding_attention as Config | undefined)?.rope_theta ?? config.rope_local_base_freq;
  return {
    ...(windowed === undefined ? {} : { windowedTheta: Number(windowed) }),
    theta: Number(full?.rope_theta ?? config.rope_theta ?? config.rotary_emb_base ?? 10000),
    partial: Number(full?.partial_rotary_factor ?? config.partial_rotary_factor ?? config.rotary_pct ?? 1),
    scaling: type === 'default' ? undefined : { ...scaling, rope_type: type },
  };
}

function putScaling(put: (key: string, value: GgufValue) => void, scaling: Config | undefined): void {
  const type = scaling?.rope_type;
  if (scaling === undefined || type === 'llama3' || type === 'longrope') return; // tensors
  if (type !== 'linear' && type !== 'yarn')
    throw new TypeError(
      `rope_type: expected default, linear, yarn, llama3 or longrope for GGUF, got ${type}`,
    );
  for (const key of ['attention_factor', 'mscale', 'mscale_all_dim'])
    if (scaling[key] !== undefined && scaling[key] !== null)
      throw new TypeError(
        `rope ${key}: expected none (GGUF cannot say it as it is meant), got ${scaling[key]}`,
      );
  if (scaling.truncate === false)
    throw new TypeError('rope truncate: expected true (GGUF cannot say otherwise), got false');
  put('rope.scaling.type', type);
  put('rope.scaling.factor', float(scaling.factor));
  const original = scaling.original_max_position_embeddings;
  if (typeof original === 'number') put('rope.scaling.original_context_length', original);
  for (const key of ['beta_fast', 'beta_slow'])
    if (typeof scaling[key] === 'number') put(`rope.scaling.yarn_${key}`, float(scaling[key]));
}

function float(value: unknown): GgufValue {
  return { type: 'f32', value: Number(value) };
}
