// The table of model families: everything that tells one decoder from another, as data. A flag that a configuration may set is written
// as the name of its key; `defaults` are the reference's values for keys that config.json leaves out (it omits what equals them).
// Semantics: huggingface/transformers 5.23 (read, not copied). A new Llama-like family is one entry here.
import type { NormConfig, NormPlacement } from './model-config.ts';
import type { RopeFamily } from './rope-config.ts';
import {
  bertNames,
  bloomNames,
  distilbertNames,
  gpt2Names,
  gptNeoxNames,
  llamaNames,
  mixtralNames,
  modernbertNames,
  optNames,
  phi3Names,
  phiNames,
  postNormNames,
  qwen3MoeNames,
  robertaNames,
  sandwichNames,
  stablelmNames,
  starcoder2Names,
  type TensorNames,
} from './tensor-names.ts';

/** A fixed flag, or the key of the configuration that sets it. */
export type Flag = boolean | string;

/** One family of decoders, as data. */
export interface Family {
  readonly name: string;
  /** Values of `model_type` that mean this family. */
  readonly modelTypes: readonly string[];
  readonly defaults: Readonly<Record<string, unknown>>;
  /** Keys that must have one of these values, because others would change the maths. */
  readonly requires?: Readonly<Record<string, readonly unknown[]>>;
  readonly norm: Pick<NormConfig, 'kind'> & {
    readonly unitOffset?: boolean;
    readonly bias?: Flag;
    readonly weight?: Flag;
  };
  /** A fixed placement, or a key with the placement when it is true and when it is false. */
  readonly placement:
    | NormPlacement
    | { readonly key: string; readonly yes: NormPlacement; readonly no: NormPlacement };
  /** With a parallel placement: one norm feeds attention and MLP. */
  readonly sharedNorm?: boolean;
  readonly rope?: RopeFamily;
  /** Encoder: every token sees every other, and there is no head. */
  readonly encoder?: boolean;
  /** Key of the number of token types (BERT). */
  readonly tokenTypes?: string;
  /** The first layer's attention has no norm before it. */
  readonly bareFirstLayer?: boolean;
  /** Learned positions; the number is the row of position 0, `after-pad` the row behind that of the padding id (RoBERTa). */
  readonly learnedPositions?: number | 'after-pad';
  readonly alibi?: boolean;
  readonly queryBias?: Flag;
  readonly outputBias?: Flag;
  readonly queryKeyNorm?: {
    readonly when?: Flag;
    readonly scope: 'full' | 'head' | 'each-head';
    readonly kind: 'rms' | 'layer';
    readonly unitOffset?: boolean;
    readonly bias?: boolean;
  };
  readonly gated: boolean;
  /** Keys of the MLP's width; default `intermediate_size`. None set: four times the hidden size. */
  readonly intermediateKeys?: readonly string[];
  /** Names of activations that mean another one in this family's checkpoints. */
  readonly activationAliases?: Readonly<Record<string, string>>;
  readonly mlpBias?: Flag;
  /** Which layers look at `sliding_window` keys only; `layer_types` in the configuration overrides all but `all`. */
  readonly window?: {
    readonly layers: 'all' | 'all-but-every' | 'all-but-first-of' | 'from' | 'without-rope';
    /** Key of the window when it is not `sliding_window`; the window is half its value (ModernBERT's is the whole width). */
    readonly halfOf?: string;
    /** Key that switches the window on; absent: it is on when `sliding_window` is set. */
    readonly when?: string;
    /** Every n-th layer is full; the key that names n, and n when it is absent. */
    readonly every?: { readonly key?: string; readonly fallback: number };
  };
  /** sqrt(hiddenSize) or a key: factor on the embeddings. */
  readonly embeddingScale?: 'sqrt-hidden' | { readonly key: string };
  readonly embeddingNorm?: boolean;
  /** Key whose inverse square root (`root`) or value scales the scores instead of 1/sqrt(headDim). */
  readonly attentionScale?: { readonly key: string; readonly as: 'inverse-root' | 'value' };
  readonly residualScale?: { readonly key: string };
  readonly headScale?: { readonly key: string; readonly as: 'multiply' | 'divide' };
  readonly headBias?: boolean;
  readonly experts?: {
    readonly intermediateSize: readonly string[];
    /** true, or the key that says whether the chosen weights are scaled to sum to 1. */
    readonly normalize: Flag;
  };
  readonly tensors: TensorNames;
}

const rms = { kind: 'rms' } as const;
const layer = { kind: 'layer', bias: true } as const;

const llamaLike = {
  defaults: { hidden_act: 'silu', rms_norm_eps: 1e-6, tie_word_embeddings: false },
  norm: rms,
  placement: 'pre',
  rope: { theta: 10000 },
  queryBias: 'attention_bias',
  outputBias: 'attention_bias',
  mlpBias: 'mlp_bias',
  gated: true,
  tensors: llamaNames,
} as const;

const gptLike = { norm: layer, queryBias: true, outputBias: true, mlpBias: true, gated: false } as const;

const gemmaLike = {
  norm: { kind: 'rms', unitOffset: true },
  rope: { theta: 10000 },
  queryBias: 'attention_bias',
  outputBias: 'attention_bias',
  gated: true,
  embeddingScale: 'sqrt-hidden',
  requires: { use_bidirectional_attention: [undefined, null, false] },
} as const;

const gemmaDefaults = {
  head_dim: 256,
  rms_norm_eps: 1e-6,
  tie_word_embeddings: true,
  hidden_activation: 'gelu_pytorch_tanh',
};

const bertLike = {
  defaults: { hidden_act: 'gelu', layer_norm_eps: 1e-12, type_vocab_size: 2 },
  requires: {
    position_embedding_type: [undefined, null, 'absolute'],
    is_decoder: [undefined, null, false],
    add_cross_attention: [undefined, null, false],
  },
  norm: layer,
  placement: 'original',
  encoder: true,
  learnedPositions: 0,
  embeddingNorm: true,
  tokenTypes: 'type_vocab_size',
  queryBias: true,
  outputBias: true,
  mlpBias: true,
  gated: false,
  tensors: bertNames,
} as const;

/** The families this library knows, in alphabetical order within their line of descent. */
export const families: readonly Family[] = [
  { ...llamaLike, name: 'llama', modelTypes: ['llama'] },
  // llama2.c: Llama with neighbouring components rotated together.
  { ...llamaLike, name: 'llama2c', modelTypes: ['llama2c'], rope: { theta: 10000, interleaved: true } },
  {
    ...llamaLike,
    name: 'mistral',
    modelTypes: ['mistral'],
    defaults: { ...llamaLike.defaults, sliding_window: 4096, num_key_value_heads: 8 },
    queryBias: false,
    outputBias: false,
    mlpBias: false,
    window: { layers: 'all' },
  },
  {
    ...llamaLike,
    name: 'mixtral',
    modelTypes: ['mixtral'],
    defaults: {
      ...llamaLike.defaults,
      rms_norm_eps: 1e-5,
      num_local_experts: 8,
      num_experts_per_tok: 2,
      num_key_value_heads: 8,
    },
    rope: { theta: 1000000 },
    queryBias: false,
    outputBias: false,
    mlpBias: false,
    window: { layers: 'all' },
    experts: { intermediateSize: ['intermediate_size'], normalize: true },
    tensors: mixtralNames,
  },
  {
    ...llamaLike,
    name: 'qwen2',
    modelTypes: ['qwen2'],
    defaults: {
      ...llamaLike.defaults,
      sliding_window: 4096,
      use_sliding_window: false,
      max_window_layers: 28,
    },
    queryBias: true,
    outputBias: false,
    mlpBias: false,
    window: { layers: 'from', when: 'use_sliding_window' },
  },
  {
    ...llamaLike,
    name: 'qwen3',
    modelTypes: ['qwen3'],
    defaults: {
      ...llamaLike.defaults,
      head_dim: 128,
      sliding_window: 4096,
      use_sliding_window: false,
      max_window_layers: 28,
    },
    mlpBias: false,
    queryKeyNorm: { scope: 'head', kind: 'rms' },
    window: { layers: 'from', when: 'use_sliding_window' },
  },
  {
    ...llamaLike,
    name: 'qwen3-moe',
    modelTypes: ['qwen3_moe'],
    defaults: {
      ...llamaLike.defaults,
      num_key_value_heads: 4,
      sliding_window: 4096,
      use_sliding_window: false,
      decoder_sparse_step: 1,
      moe_intermediate_size: 768,
      num_experts_per_tok: 8,
      num_local_experts: 128,
      norm_topk_prob: false,
    },
    mlpBias: false,
    queryKeyNorm: { scope: 'head', kind: 'rms' },
    window: { layers: 'all', when: 'use_sliding_window' },
    experts: { intermediateSize: ['moe_intermediate_size'], normalize: 'norm_topk_prob' },
    tensors: qwen3MoeNames,
  },
  {
    ...gemmaLike,
    name: 'gemma',
    modelTypes: ['gemma'],
    // Releases say hidden_act "gelu" and mean the tanh form (transformers #29402).
    activationAliases: { gelu: 'gelu_pytorch_tanh' },
    defaults: { ...gemmaDefaults, hidden_act: 'gelu_pytorch_tanh' },
    placement: 'pre',
    tensors: llamaNames,
  },
  {
    ...gemmaLike,
    name: 'gemma2',
    modelTypes: ['gemma2'],
    defaults: {
      ...gemmaDefaults,
      sliding_window: 4096,
      query_pre_attn_scalar: 256,
      num_key_value_heads: 4,
      attn_logit_softcapping: 50,
      final_logit_softcapping: 30,
    },
    placement: 'sandwich',
    window: { layers: 'all-but-every', every: { fallback: 2 } },
    attentionScale: { key: 'query_pre_attn_scalar', as: 'inverse-root' },
    tensors: sandwichNames,
  },
  {
    ...gemmaLike,
    name: 'gemma3',
    modelTypes: ['gemma3_text', 'gemma3'],
    defaults: { ...gemmaDefaults, sliding_window: 4096, query_pre_attn_scalar: 256, num_key_value_heads: 4 },
    placement: 'sandwich',
    rope: { theta: 1000000, localTheta: 10000 },
    window: { layers: 'all-but-every', every: { key: 'sliding_window_pattern', fallback: 6 } },
    attentionScale: { key: 'query_pre_attn_scalar', as: 'inverse-root' },
    queryKeyNorm: { scope: 'head', kind: 'rms', unitOffset: true },
    tensors: sandwichNames,
  },
  {
    ...gptLike,
    name: 'phi',
    modelTypes: ['phi'],
    defaults: { hidden_act: 'gelu_new', layer_norm_eps: 1e-5, tie_word_embeddings: false },
    placement: 'parallel',
    sharedNorm: true,
    rope: { theta: 10000, partial: 0.5 },
    queryKeyNorm: { when: 'qk_layernorm', scope: 'head', kind: 'layer', bias: true },
    headBias: true,
    tensors: phiNames,
  },
  {
    ...llamaLike,
    name: 'phi3',
    modelTypes: ['phi3'],
    defaults: { ...llamaLike.defaults, rms_norm_eps: 1e-5 },
    queryBias: false,
    outputBias: false,
    mlpBias: false,
    window: { layers: 'all' },
    tensors: phi3Names,
  },
  {
    ...llamaLike,
    name: 'olmo',
    modelTypes: ['olmo'],
    norm: { kind: 'layer', weight: false },
    mlpBias: false,
  },
  {
    ...llamaLike,
    name: 'olmo2',
    modelTypes: ['olmo2'],
    defaults: { ...llamaLike.defaults, rms_norm_eps: 1e-5 },
    placement: 'post',
    mlpBias: false,
    queryKeyNorm: { scope: 'full', kind: 'rms' },
    tensors: postNormNames,
  },
  {
    ...llamaLike,
    name: 'smollm3',
    modelTypes: ['smollm3'],
    defaults: {
      ...llamaLike.defaults,
      tie_word_embeddings: true,
      num_key_value_heads: 4,
      no_rope_layer_interval: 4,
      use_sliding_window: false,
    },
    rope: { theta: 2000000 },
    window: { layers: 'without-rope', when: 'use_sliding_window' },
  },
  {
    ...llamaLike,
    name: 'granite',
    modelTypes: ['granite'],
    defaults: {
      ...llamaLike.defaults,
      embedding_multiplier: 1,
      attention_multiplier: 1,
      residual_multiplier: 1,
      logits_scaling: 1,
    },
    embeddingScale: { key: 'embedding_multiplier' },
    attentionScale: { key: 'attention_multiplier', as: 'value' },
    residualScale: { key: 'residual_multiplier' },
    headScale: { key: 'logits_scaling', as: 'divide' },
  },
  {
    ...llamaLike,
    name: 'stablelm',
    modelTypes: ['stablelm'],
    defaults: { hidden_act: 'silu', layer_norm_eps: 1e-5, tie_word_embeddings: false },
    norm: layer,
    placement: { key: 'use_parallel_residual', yes: 'parallel', no: 'pre' },
    sharedNorm: true,
    rope: { theta: 10000, partial: 0.25 },
    queryBias: 'use_qkv_bias',
    outputBias: false,
    mlpBias: false,
    queryKeyNorm: { when: 'qk_layernorm', scope: 'each-head', kind: 'layer' },
    tensors: stablelmNames,
  },
  {
    ...gptLike,
    name: 'starcoder2',
    modelTypes: ['starcoder2'],
    defaults: {
      hidden_act: 'gelu_pytorch_tanh',
      norm_epsilon: 1e-5,
      tie_word_embeddings: true,
      use_bias: true,
      num_key_value_heads: 2,
    },
    placement: 'pre',
    rope: { theta: 10000 },
    queryBias: 'use_bias',
    outputBias: 'use_bias',
    mlpBias: 'use_bias',
    window: { layers: 'all' },
    tensors: starcoder2Names,
  },
  {
    ...llamaLike,
    name: 'cohere',
    modelTypes: ['cohere'],
    defaults: { hidden_act: 'silu', layer_norm_eps: 1e-5, tie_word_embeddings: true, logit_scale: 0.0625 },
    norm: { kind: 'layer', bias: false },
    placement: 'parallel',
    sharedNorm: true,
    rope: { theta: 500000, interleaved: true },
    mlpBias: false,
    queryKeyNorm: { when: 'use_qk_norm', scope: 'each-head', kind: 'layer' },
    headScale: { key: 'logit_scale', as: 'multiply' },
  },
  {
    ...gptLike,
    name: 'gpt2',
    modelTypes: ['gpt2'],
    defaults: {
      activation_function: 'gelu_new',
      layer_norm_epsilon: 1e-5,
      tie_word_embeddings: true,
      scale_attn_weights: true,
      scale_attn_by_inverse_layer_idx: false,
    },
    requires: { add_cross_attention: [undefined, null, false] },
    placement: 'pre',
    learnedPositions: 0,
    intermediateKeys: ['n_inner'],
    tensors: gpt2Names,
  },
  {
    ...gptLike,
    name: 'gpt-neox',
    modelTypes: ['gpt_neox'],
    defaults: {
      hidden_act: 'gelu',
      layer_norm_eps: 1e-5,
      tie_word_embeddings: false,
      use_parallel_residual: true,
      attention_bias: true,
    },
    placement: { key: 'use_parallel_residual', yes: 'parallel', no: 'pre' },
    rope: { theta: 10000, partial: 0.25 },
    queryBias: 'attention_bias',
    outputBias: 'attention_bias',
    tensors: gptNeoxNames,
  },
  {
    ...gptLike,
    name: 'opt',
    modelTypes: ['opt'],
    // The reference fixes the epsilon of OPT's norms.
    defaults: {
      activation_function: 'relu',
      layer_norm_eps: 1e-5,
      tie_word_embeddings: true,
      enable_bias: true,
      do_layer_norm_before: true,
      layer_norm_elementwise_affine: true,
    },
    norm: { kind: 'layer', bias: true, weight: 'layer_norm_elementwise_affine' },
    placement: { key: 'do_layer_norm_before', yes: 'pre', no: 'original' },
    learnedPositions: 2,
    queryBias: 'enable_bias',
    outputBias: 'enable_bias',
    mlpBias: 'enable_bias',
    intermediateKeys: ['ffn_dim'],
    tensors: optNames,
  },
  {
    ...gptLike,
    name: 'bloom',
    modelTypes: ['bloom'],
    defaults: {
      activation_function: 'gelu_pytorch_tanh',
      layer_norm_epsilon: 1e-5,
      tie_word_embeddings: true,
    },
    requires: { apply_residual_connection_post_layernorm: [undefined, null, false] },
    placement: 'pre',
    alibi: true,
    embeddingNorm: true,
    intermediateKeys: [],
    tensors: bloomNames,
  },
  { ...bertLike, name: 'bert', modelTypes: ['bert'] },
  {
    ...bertLike,
    name: 'distilbert',
    modelTypes: ['distilbert'],
    defaults: { activation: 'gelu', layer_norm_eps: 1e-12 },
    requires: { sinusoidal_pos_embds: [undefined, null, false] },
    tokenTypes: undefined,
    intermediateKeys: ['hidden_dim'],
    tensors: distilbertNames,
  },
  {
    ...bertLike,
    name: 'roberta',
    modelTypes: ['roberta', 'xlm-roberta', 'camembert'],
    defaults: { ...bertLike.defaults, pad_token_id: 1 },
    learnedPositions: 'after-pad',
    tensors: robertaNames,
  },
  {
    name: 'modernbert',
    modelTypes: ['modernbert'],
    defaults: { hidden_activation: 'gelu', norm_eps: 1e-5, norm_bias: false, local_attention: 128 },
    norm: { kind: 'layer', bias: 'norm_bias' },
    placement: 'pre',
    encoder: true,
    bareFirstLayer: true,
    rope: { theta: 160000, localTheta: 10000 },
    embeddingNorm: true,
    queryBias: 'attention_bias',
    outputBias: 'attention_bias',
    mlpBias: 'mlp_bias',
    gated: true,
    window: {
      layers: 'all-but-first-of',
      halfOf: 'local_attention',
      every: { key: 'global_attn_every_n_layers', fallback: 3 },
    },
    tensors: modernbertNames,
  },
];

/** Names of all families, for messages and documentation. */
export const familyNames: readonly string[] = families.map((family) => family.name);

/** The family of a `model_type`, or undefined. */
export function findFamily(modelType: string): Family | undefined {
  return families.find((family) => family.modelTypes.includes(modelType));
}
