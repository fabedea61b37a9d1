// config.json (older and newer form) -> ModelConfig. Every key is read through readRawConfig, so that what a checkpoint says and we
// do not use is reported by name; an architecture outside of the table is an error that lists the table.
import type { Family, Flag } from './families/family.ts';
import { families, familyNames, findFamily } from './families.ts';
import type { Activation, LayerConfig, ModelConfig, NormConfig, NormPlacement } from './model-config.ts';
import { type RawConfig, readRawConfig } from './raw-config.ts';
import { readRopeConfig } from './rope-config.ts';

/** A checkpoint of an architecture that is not in the table of families. */
export class UnknownArchitectureError extends Error {
  override readonly name = 'UnknownArchitectureError';
  readonly modelType: string;
  constructor(modelType: string, unknownKeys: readonly string[]) {
    const keys = unknownKeys.length > 0 ? `; its config also has unknown keys ${unknownKeys.join(', ')}` : '';
    super(`model_type: expected one of ${familyNames.join(', ')}, got ${JSON.stringify(modelType)}${keys}`);
    this.modelType = modelType;
  }
}

/**
 * Reads a Hugging Face `config.json` (or what GGUF metadata maps to) into a `ModelConfig`.
 *
 * The older keys (`rope_theta`, `rope_scaling`, `torch_dtype`) and the newer ones (`rope_parameters`, `layer_types`, `dtype`) mean the
 * same. Keys the library does not know are listed in `unknownKeys`, not silently dropped.
 *
 * @example
 * ```ts
 * import { parseModelConfig } from '@ashlar/core';
 * const config = parseModelConfig({
 *   model_type: 'llama', vocab_size: 512, hidden_size: 64, intermediate_size: 172, num_hidden_layers: 5,
 *   num_attention_heads: 8, num_key_value_heads: 4, max_position_embeddings: 512, rope_theta: 10000, colour: 'red',
 * });
 * config.headDim // => 8
 * config.layers[0].rope?.theta // => 10000
 * config.unknownKeys // => ['colour']
 * ```
 * @throws {UnknownArchitectureError} when `model_type` is not in the table of families.
 * @throws {TypeError | RangeError} when a value has the wrong type or is out of range; the message names the key.
 */
export function parseModelConfig(json: Readonly<Record<string, unknown>>): ModelConfig {
  const source = textConfig(json);
  const modelType = typeof source['model_type'] === 'string' ? source['model_type'] : '';
  const family = findFamily(modelType);
  if (family === undefined) throw new UnknownArchitectureError(modelType, unknownToAll(source));
  const raw = readRawConfig(source, family.defaults);
  raw.value('model_type');
  for (const [key, allowed] of Object.entries(family.requires ?? {})) {
    const found = raw.value(key);
    if (!allowed.includes(found))
      throw new RangeError(`config ${key}: expected ${allowed.at(-1)}, got ${JSON.stringify(found)}`);
  }

  const hiddenSize = raw.integer(['hidden_size', 'n_embd', 'n_embed', 'dim']);
  const numLayers = raw.integer(['num_hidden_layers', 'n_layer', 'n_layers'], { max: 4096 });
  const numHeads = raw.integer(['num_attention_heads', 'n_head', 'n_heads']);
  const numKeyValueHeads = raw.integer('num_key_value_heads', { fallback: numHeads });
  const headDim = raw.integer('head_dim', { fallback: Math.floor(hiddenSize / numHeads) });
  if (numHeads % numKeyValueHeads !== 0) {
    throw new RangeError(
      `config num_key_value_heads: expected a divisor of ${numHeads}, got ${numKeyValueHeads}`,
    );
  }
  const tablePositions = raw.integer(['max_position_embeddings', 'n_positions', 'seq_length'], {
    fallback: family.alibi ? 2048 : undefined,
  });
  const intermediateSize = raw.integer(family.intermediateKeys ?? ['intermediate_size'], {
    fallback: 4 * hiddenSize,
  });
  const afterPad = family.learnedPositions === 'after-pad';
  const positionOffset = afterPad
    ? raw.integer('pad_token_id', { min: 0 }) + 1
    : Number(family.learnedPositions ?? 0);
  // RoBERTa counts the rows it never uses, OPT does not.
  const maxPositions = afterPad ? tablePositions - positionOffset : tablePositions;
  const norm = readNorm(raw, family);
  const placement = readPlacement(raw, family);
  const sizes = { headDim, maxPositions, numLayers };
  const scale = embeddingScale(raw, family, hiddenSize);
  const experts = readExperts(raw, family);
  const width = raw.integer(family.narrowEmbedding === undefined ? 'word_embed_proj_dim' : 'embedding_size', {
    fallback: hiddenSize,
  });

  if (experts !== undefined && experts.count * numLayers > mostExperts) {
    throw new RangeError(
      `config num_local_experts: expected at most ${mostExperts} in all layers, got ${experts.count} in ${numLayers}`,
    );
  }

  const config = {
    family: family.name,
    vocabSize: raw.integer('vocab_size'),
    hiddenSize,
    intermediateSize,
    numLayers,
    numHeads,
    numKeyValueHeads,
    headDim,
    maxPositions,
    norm,
    placement,
    sharedNorm: placement === 'parallel' && family.sharedNorm === true,
    finalNorm: placement !== 'original' && !raw.boolean('_remove_final_layer_norm', false),
    embedding: {
      scale,
      norm: family.embeddingNorm ?? false,
      learnedPositions: family.learnedPositions !== undefined,
      positionOffset,
      uncountedId: afterPad ? positionOffset - 1 : undefined,
      tokenTypes: family.tokenTypes === undefined ? 0 : raw.integer(family.tokenTypes),
      width,
      narrow:
        family.narrowEmbedding === 'always' || (family.narrowEmbedding !== undefined && width !== hiddenSize),
    },
    attention: {
      causal: family.encoder !== true,
      queryBias: flag(raw, family.queryBias),
      outputBias: flag(raw, family.outputBias),
      softcap: raw.optionalNumber('attn_logit_softcapping'),
      alibi: family.alibi ?? false,
      ...(family.relativeBuckets !== undefined && { relativeBuckets: family.relativeBuckets }),
      queryKeyNorm: readQueryKeyNorm(raw, family, norm.eps),
      clip: raw.optionalNumber('clip_qkv'),
    },
    mlp: { gated: family.gated, activation: readActivation(raw, family), bias: flag(raw, family.mlpBias) },
    experts,
    layers: readLayers(raw, family, sizes),
    residualScale: family.residualScale ? raw.number(family.residualScale.key) : 1,
    head: {
      present: family.encoder !== true,
      tied: raw.boolean('tie_word_embeddings', false),
      bias: family.headBias ?? false,
      scale: headScale(raw, family),
      softcap: raw.optionalNumber('final_logit_softcapping'),
    },
    bosTokenId: raw.optionalNumber('bos_token_id'),
    eosTokenIds: readEos(raw),
    padTokenId: raw.optionalNumber('pad_token_id'),
    storedDtype:
      raw.value('dtype', 'torch_dtype') === undefined ? undefined : raw.string(['dtype', 'torch_dtype']),
    raw: json,
  };
  return { ...config, unknownKeys: raw.unusedKeys(inertKeys) };
}

/** More than any model has: a lying configuration must not make lists of millions of names. */
const mostExperts = 2 ** 17;

/** Multimodal checkpoints keep the decoder's configuration one level down. */
function textConfig(json: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const inner = json['text_config'];
  if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return json;
  // What generation and storage need may stand at the top only.
  const shared = [
    'eos_token_id',
    'bos_token_id',
    'pad_token_id',
    'dtype',
    'torch_dtype',
    'tie_word_embeddings',
  ];
  const outer = Object.fromEntries(
    shared.filter((key) => Object.hasOwn(json, key)).map((key) => [key, json[key]]),
  );
  return { ...outer, ...(inner as Record<string, unknown>) };
}

function flag(raw: RawConfig, value: Flag | undefined): boolean {
  return typeof value === 'string' ? raw.boolean(value, false) : (value ?? false);
}

function readNorm(raw: RawConfig, family: Family): NormConfig {
  const { kind, unitOffset = false, bias = false, weight = true } = family.norm;
  // Some checkpoints carry both keys; which one counts follows from the kind of norm.
  const keys =
    kind === 'rms' ? ['rms_norm_eps'] : ['layer_norm_eps', 'layer_norm_epsilon', 'norm_epsilon', 'norm_eps'];
  const eps = raw.number(keys, 1e-5);
  if (!(eps >= 0)) throw new RangeError(`config ${keys.join(' / ')}: expected >= 0, got ${eps}`);
  const hasWeight = flag(raw, weight);
  return { kind, eps, unitOffset, weight: hasWeight, bias: flag(raw, bias) && hasWeight };
}

function readPlacement(raw: RawConfig, family: Family): NormPlacement {
  if (typeof family.placement === 'string') return family.placement;
  return raw.boolean(family.placement.key, false) ? family.placement.yes : family.placement.no;
}

function readQueryKeyNorm(raw: RawConfig, family: Family, eps: number) {
  const given = family.queryKeyNorm;
  if (given === undefined || !flag(raw, given.when ?? true)) return undefined;
  const { scope, kind, unitOffset = false, bias = false } = given;
  return { scope, norm: { kind, eps, unitOffset, weight: true, bias } };
}

const activations: Readonly<Record<string, Activation>> = {
  silu: 'silu',
  swish: 'silu',
  gelu: 'gelu',
  gelu_new: 'gelu-tanh',
  gelu_fast: 'gelu-tanh',
  gelu_pytorch_tanh: 'gelu-tanh',
  quick_gelu: 'quick-gelu',
  relu: 'relu',
  relu2: 'relu-squared',
};

function readActivation(raw: RawConfig, family: Family): Activation {
  // Gemma's hidden_activation, where given, overrides the hidden_act that its first releases wrote.
  const written = raw.string(['hidden_activation', 'hidden_act', 'activation_function', 'activation']);
  const name = family.activationAliases?.[written] ?? written;
  const found = Object.hasOwn(activations, name) ? activations[name] : undefined;
  if (found === undefined) {
    throw new RangeError(
      `config hidden_act: expected one of ${Object.keys(activations).join(', ')}, got ${JSON.stringify(name)}`,
    );
  }
  return found;
}

function readExperts(raw: RawConfig, family: Family): ModelConfig['experts'] {
  if (family.experts === undefined) return undefined;
  const count = raw.integer(['num_local_experts', 'num_experts'], { max: 65536 });
  return {
    count,
    perToken: raw.integer('num_experts_per_tok', { max: count }),
    normalize: flag(raw, family.experts.normalize),
    intermediateSize: raw.integer(family.experts.intermediateSize),
  };
}

function readLayers(
  raw: RawConfig,
  family: Family,
  sizes: { headDim: number; maxPositions: number; numLayers: number },
): LayerConfig[] {
  const { numLayers, headDim } = sizes;
  const noRope = raw.value('no_rope_layers');
  const interval = raw.optionalNumber('no_rope_layer_interval');
  const hasRope = (i: number) => {
    if (family.rope === undefined) return false;
    if (Array.isArray(noRope)) return Boolean(noRope[i]);
    return interval === undefined || (i + 1) % interval !== 0;
  };
  const types = layerTypes(raw, family, numLayers, hasRope);
  const window = types.includes('sliding_attention') ? readWindow(raw, family) : undefined;
  const rope = Object.fromEntries(
    [...new Set(types)].map((type) => [
      type,
      family.rope === undefined ? undefined : readRopeConfig(raw, family.rope, type, sizes),
    ]),
  );
  const scale = attentionScale(raw, family, headDim);
  const byDepth = raw.boolean('scale_attn_by_inverse_layer_idx', false);
  const dense = raw.value('mlp_only_layers');
  const step = family.experts ? raw.integer('decoder_sparse_step', { fallback: 1 }) : 1;
  const groups =
    family.layerGroups === undefined ? numLayers : raw.integer(family.layerGroups, { max: numLayers });
  return types.map((type, i) => ({
    ...(groups < numLayers && { shares: Math.floor(i / (numLayers / groups)) }),
    window: type === 'sliding_attention' ? window : undefined,
    attentionNorm: !(family.bareFirstLayer === true && i === 0),
    rope:
      hasRope(i) && !(family.ropeOnSlidingOnly === true && type !== 'sliding_attention')
        ? rope[type]
        : undefined,
    attentionScale: byDepth ? scale / (i + 1) : scale,
    mlp:
      family.experts !== undefined && !(Array.isArray(dense) && dense.includes(i)) && (i + 1) % step === 0
        ? 'experts'
        : 'dense',
  }));
}

function readWindow(raw: RawConfig, family: Family): number {
  const { halfOf } = family.window ?? {};
  return halfOf === undefined
    ? raw.integer('sliding_window')
    : Math.floor(raw.integer(halfOf, { min: 2 }) / 2);
}

type LayerType = 'full_attention' | 'sliding_attention';

function layerTypes(
  raw: RawConfig,
  family: Family,
  numLayers: number,
  hasRope: (i: number) => boolean,
): LayerType[] {
  const full: LayerType[] = Array.from({ length: numLayers }, () => 'full_attention');
  const given = raw.value('layer_types');
  const window = raw.value(
    'sliding_window',
    ...(family.window?.halfOf === undefined ? [] : [family.window.halfOf]),
  );
  const pattern = family.window;
  if (pattern === undefined) return full;
  const on = window !== undefined && (pattern.when === undefined || raw.boolean(pattern.when, false));
  const every = pattern.every;
  const period =
    every === undefined
      ? 1
      : every.key === undefined
        ? every.fallback
        : raw.integer([every.key, `_${every.key}`], { fallback: every.fallback });
  const from = raw.integer('max_window_layers', { min: 0, fallback: 0 });
  if (Array.isArray(given) && pattern.layers !== 'all') {
    if (
      given.length !== numLayers ||
      !given.every((t) => t === 'full_attention' || t === 'sliding_attention')
    ) {
      throw new RangeError(
        `config layer_types: expected ${numLayers} of full_attention, sliding_attention, got ${JSON.stringify(given).slice(0, 120)}`,
      );
    }
    return on ? (given as LayerType[]) : full;
  }
  if (!on) return full;
  const slides = (i: number): boolean => {
    if (pattern.layers === 'all') return true;
    if (pattern.layers === 'all-but-every') return (i + 1) % period !== 0;
    if (pattern.layers === 'all-but-first-of') return i % period !== 0;
    if (pattern.layers === 'from') return i >= from;
    return !hasRope(i);
  };
  return full.map((type, i) => (slides(i) ? 'sliding_attention' : type));
}

function attentionScale(raw: RawConfig, family: Family, headDim: number): number {
  if (family.attentionScale !== undefined) {
    const value = raw.number(family.attentionScale.key);
    return family.attentionScale.as === 'value' ? value : value ** -0.5;
  }
  return raw.boolean('scale_attn_weights', true) ? headDim ** -0.5 : 1;
}

function embeddingScale(raw: RawConfig, family: Family, hiddenSize: number): number {
  if (family.embeddingScale === undefined) return 1;
  return family.embeddingScale === 'sqrt-hidden' ? hiddenSize ** 0.5 : raw.number(family.embeddingScale.key);
}

function headScale(raw: RawConfig, family: Family): number {
  if (family.headScale === undefined) return 1;
  const value = raw.number(family.headScale.key);
  return family.headScale.as === 'multiply' ? value : 1 / value;
}

function readEos(raw: RawConfig): number[] {
  const eos = raw.value('eos_token_id');
  if (eos === undefined) return [];
  const list = Array.isArray(eos) ? eos : [eos];
  if (!list.every((id) => Number.isInteger(id))) {
    throw new TypeError(`config eos_token_id: expected integers, got ${JSON.stringify(eos)}`);
  }
  return list;
}

/** Known keys without influence on inference. */
const inertKeys: ReadonlySet<string> = new Set(
  `architectures attention_dropout attn_pdrop auto_map bos_token_id classifier_dropout embd_pdrop embedding_dropout eos_token_id
  hidden_dropout hidden_dropout_prob initializer_range init_std is_decoder keys_to_ignore_at_inference layerdrop dropout model_type name_or_path
  _name_or_path num_labels id2label label2id output_attentions output_hidden_states output_router_logits pad_token_id pretraining_tp
  problem_type quantization_config reorder_and_upcast_attn resid_pdrop residual_dropout return_dict router_aux_loss_coef
  router_jitter_noise slow_but_exact summary_activation summary_first_dropout summary_proj_to_labels summary_type summary_use_proj
  task_specific_params tokenizer_class torchscript transformers_version use_cache use_bidirectional_attention sep_token_id
  decoder_start_token_id initializer_factor use_bfloat16 n_ctx gradient_checkpointing cache_implementation max_window_layers
  original_max_position_embeddings sliding_window layer_types use_sliding_window rms_norm_eps layer_norm_eps _attn_implementation
  classifier_activation classifier_bias classifier_pooling cls_token_id decoder_bias deterministic_flash_attn embedding_size
  initializer_cutoff_factor mlp_dropout norm_bias qa_dropout reference_compile repad_logits_with_grad seq_classif_dropout
  sparse_pred_ignore_index sparse_prediction tie_weights_ position_embedding_type attention_probs_dropout_prob _sliding_window_pattern sliding_window_pattern rope_scaling rope_theta rope_parameters
  rope_interleaved partial_rotary_factor task_type_vocab_size mask_token_id classifier_dropout_prob down_scale_factor gap_size net_structure_type
  num_memory_blocks`.split(/\s+/),
);

function unknownToAll(source: Readonly<Record<string, unknown>>): string[] {
  const known = new Set(families.flatMap((family) => Object.keys(family.defaults)));
  const sizes =
    'hidden_size num_hidden_layers num_attention_heads num_key_value_heads head_dim vocab_size intermediate_size max_position_embeddings dtype torch_dtype attention_bias mlp_bias'.split(
      ' ',
    );
  return Object.keys(source).filter((key) => !inertKeys.has(key) && !known.has(key) && !sizes.includes(key));
}
