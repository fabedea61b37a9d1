// GGUF metadata -> the keys of a Hugging Face config.json, as data: one entry an architecture. What is common to all is in `gguf-config.ts`.
import type { MetadataReader } from './metadata-reader.ts';

/** What an entry may look at. */
export interface ConfigSource {
  readonly read: MetadataReader;
  /** hidden_size, num_hidden_layers, ... that are already known. */
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly headSize: number;
  readonly rope: { readonly theta: number; readonly scaling: Record<string, unknown> | null };
  /** True when the file has this tensor (ggml's name). */
  has(tensor: string): boolean;
}

/** How an architecture becomes a config.json. */
export interface ConfigTable {
  readonly modelType: string;
  readonly className: string;
  /** Names of the common sizes where they differ from Llama's. */
  readonly rename?: Readonly<Record<string, string | undefined>>;
  /** Keys that are its own. */
  readonly more?: (source: ConfigSource) => Record<string, unknown>;
}

const rms = ({ read }: ConfigSource) => ({ rms_norm_eps: read.number('attention.layer_norm_rms_epsilon') });
const layerNorm = ({ read }: ConfigSource) => read.number('attention.layer_norm_epsilon');
const llamaLike = (s: ConfigSource) => ({
  ...rms(s),
  hidden_act: 'silu',
  attention_bias: s.has('blk.0.attn_q.bias'),
  mlp_bias: s.has('blk.0.ffn_up.bias'),
});
const qwenLike = (s: ConfigSource) => ({
  ...rms(s),
  hidden_act: 'silu',
  attention_bias: s.has('blk.0.attn_q.bias'),
});
const partial = ({ read, headSize }: ConfigSource) =>
  (read.integer('rope.dimension_count') ?? headSize) / headSize;
/** `attention.sliding_window_pattern`: a boolean a layer (true: windowed), or every how many layers one sees everything; the default is llama.cpp's. */
const windowedLayers = ({ read, layers }: ConfigSource, every: number) => {
  const listed = read.booleans('attention.sliding_window_pattern', layers);
  const period = listed === undefined ? read.integer('attention.sliding_window_pattern') || every : every;
  return Array.from({ length: layers }, (_, n) =>
    (listed?.[n] ?? (n + 1) % period !== 0) ? 'sliding_attention' : 'full_attention',
  );
};

/** llama.cpp: the 27B models scale queries by hidden / heads, the others by the head size; which one it is, is known by the number of layers. */
const queryScalar = (s: ConfigSource, largest: number) =>
  s.layers === largest ? s.hidden / s.heads : s.headSize;

/** By `general.architecture`, but see `variants`: llama with experts is `mixtral`, a window makes llama `mistral` and olmo2 `olmo3`. */
export const configTables: Readonly<Record<string, ConfigTable | undefined>> = {
  llama: { modelType: 'llama', className: 'LlamaForCausalLM', more: llamaLike },
  mistral: {
    modelType: 'mistral',
    className: 'MistralForCausalLM',
    more: (s) => ({ ...llamaLike(s), sliding_window: s.read.integer('attention.sliding_window') }),
  },
  mixtral: {
    modelType: 'mixtral',
    className: 'MixtralForCausalLM',
    more: (s) => ({
      ...rms(s),
      hidden_act: 'silu',
      num_local_experts: s.read.size('expert_count'),
      num_experts_per_tok: s.read.size('expert_used_count'),
      sliding_window: s.read.integer('attention.sliding_window') ?? null,
    }),
  },
  granite: {
    modelType: 'granite',
    className: 'GraniteForCausalLM',
    more: (s) => ({
      ...llamaLike(s),
      attention_multiplier: s.read.number('attention.scale'),
      embedding_multiplier: s.read.number('embedding_scale'),
      residual_multiplier: s.read.number('residual_scale'),
      logits_scaling: s.read.number('logit_scale'),
    }),
  },
  smollm3: {
    modelType: 'smollm3',
    className: 'SmolLM3ForCausalLM',
    // llama.cpp: every fourth layer has no rope
    more: (s) => ({
      ...llamaLike(s),
      no_rope_layers: Array.from({ length: s.layers }, (_, n) => ((n + 1) % 4 === 0 ? 0 : 1)),
    }),
  },
  qwen2: {
    modelType: 'qwen2',
    className: 'Qwen2ForCausalLM',
    more: (s) => ({ ...rms(s), hidden_act: 'silu', use_sliding_window: false }),
  },
  qwen3: {
    modelType: 'qwen3',
    className: 'Qwen3ForCausalLM',
    more: (s) => ({ ...qwenLike(s), use_sliding_window: false }),
  },
  qwen3moe: {
    modelType: 'qwen3_moe',
    className: 'Qwen3MoeForCausalLM',
    more: (s) => ({
      ...qwenLike(s),
      use_sliding_window: false,
      num_experts: s.read.size('expert_count'),
      num_experts_per_tok: s.read.size('expert_used_count'),
      moe_intermediate_size: s.read.size('expert_feed_forward_length'),
      norm_topk_prob: true,
      decoder_sparse_step: 1,
      mlp_only_layers: [],
    }),
  },
  gemma: {
    modelType: 'gemma',
    className: 'GemmaForCausalLM',
    more: (s) => ({ ...rms(s), hidden_act: 'gelu_pytorch_tanh', attention_bias: false }),
  },
  gemma2: {
    modelType: 'gemma2',
    className: 'Gemma2ForCausalLM',
    more: (s) => ({
      ...rms(s),
      hidden_activation: 'gelu_pytorch_tanh',
      attention_bias: false,
      attn_logit_softcapping: s.read.number('attn_logit_softcapping') ?? 50,
      final_logit_softcapping: s.read.number('final_logit_softcapping') ?? 30,
      sliding_window: s.read.integer('attention.sliding_window') ?? 4096,
      layer_types: windowedLayers(s, 2),
      query_pre_attn_scalar: queryScalar(s, 46),
    }),
  },
  gemma3: {
    modelType: 'gemma3_text',
    className: 'Gemma3ForCausalLM',
    more: (s) => ({
      ...rms(s),
      hidden_activation: 'gelu_pytorch_tanh',
      attention_bias: false,
      final_logit_softcapping: s.read.number('final_logit_softcapping') ?? null,
      attn_logit_softcapping: null,
      sliding_window: s.read.integer('attention.sliding_window') ?? 1024,
      layer_types: windowedLayers(s, 6),
      rope_local_base_freq: s.read.number('rope.freq_base_swa') ?? 10000,
      query_pre_attn_scalar: queryScalar(s, 62),
    }),
  },
  phi2: {
    modelType: 'phi',
    className: 'PhiForCausalLM',
    more: (s) => ({
      layer_norm_eps: layerNorm(s),
      hidden_act: 'gelu_new',
      partial_rotary_factor: partial(s),
      qk_layernorm: false,
    }),
  },
  phi3: {
    modelType: 'phi3',
    className: 'Phi3ForCausalLM',
    more: (s) => ({
      ...rms(s),
      hidden_act: 'silu',
      partial_rotary_factor: partial(s),
      sliding_window: s.read.integer('attention.sliding_window') || null,
      original_max_position_embeddings: s.read.integer('rope.scaling.original_context_length'),
    }),
  },
  arcee: {
    modelType: 'arcee',
    className: 'ArceeForCausalLM',
    more: (s) => ({ ...llamaLike(s), hidden_act: 'relu2' }),
  },
  seed_oss: {
    modelType: 'seed_oss',
    className: 'SeedOssForCausalLM',
    more: (s) => ({ ...llamaLike(s), attention_out_bias: s.has('blk.0.attn_output.bias') }),
  },
  ernie4_5: {
    modelType: 'ernie4_5',
    className: 'Ernie4_5ForCausalLM',
    more: (s) => ({ ...rms(s), hidden_act: 'silu', use_bias: s.has('blk.0.attn_q.bias') }),
  },
  nemotron: {
    modelType: 'nemotron',
    className: 'NemotronForCausalLM',
    more: (s) => ({
      norm_eps: layerNorm(s),
      hidden_act: 'relu2',
      partial_rotary_factor: partial(s),
      attention_bias: s.has('blk.0.attn_q.bias'),
      mlp_bias: s.has('blk.0.ffn_up.bias'),
    }),
  },
  olmo: {
    modelType: 'olmo',
    className: 'OlmoForCausalLM',
    more: (s) => ({
      hidden_act: 'silu',
      attention_bias: false,
      clip_qkv: s.read.number('attention.clamp_kqv') || null,
    }),
  },
  olmo2: { modelType: 'olmo2', className: 'Olmo2ForCausalLM', more: qwenLike },
  olmo3: {
    modelType: 'olmo3',
    className: 'Olmo3ForCausalLM',
    rename: { rope_theta: undefined, rope_scaling: undefined },
    more: (s) => ({
      ...qwenLike(s),
      rope_parameters: {
        full_attention: { rope_theta: s.rope.theta, ...s.rope.scaling },
        sliding_attention: { rope_theta: s.read.number('rope.freq_base_swa') ?? s.rope.theta },
      },
      sliding_window: s.read.size('attention.sliding_window'),
      layer_types: windowedLayers(s, 4),
    }),
  },
  stablelm: {
    modelType: 'stablelm',
    className: 'StableLmForCausalLM',
    more: (s) => ({
      layer_norm_eps: layerNorm(s),
      hidden_act: 'silu',
      partial_rotary_factor: partial(s),
      use_qkv_bias: s.has('blk.0.attn_q.bias'),
      qk_layernorm: s.has('blk.0.attn_q_norm.weight'),
      use_parallel_residual: !s.has('blk.0.ffn_norm.weight'),
    }),
  },
  starcoder2: {
    modelType: 'starcoder2',
    className: 'Starcoder2ForCausalLM',
    more: (s) => ({
      norm_epsilon: layerNorm(s),
      hidden_act: 'gelu_pytorch_tanh',
      use_bias: s.has('blk.0.attn_q.bias'),
      sliding_window: s.read.integer('attention.sliding_window') || null,
    }),
  },
  'command-r': {
    modelType: 'cohere',
    className: 'CohereForCausalLM',
    more: (s) => ({
      layer_norm_eps: layerNorm(s),
      hidden_act: 'silu',
      logit_scale: s.read.number('logit_scale'),
      use_qk_norm: s.has('blk.0.attn_q_norm.weight'),
      attention_bias: false,
    }),
  },
  cohere2: {
    modelType: 'cohere2',
    className: 'Cohere2ForCausalLM',
    more: (s) => ({
      layer_norm_eps: layerNorm(s),
      hidden_act: 'silu',
      logit_scale: s.read.number('logit_scale'),
      attention_bias: false,
      sliding_window: s.read.size('attention.sliding_window'),
      layer_types: windowedLayers(s, 4),
    }),
  },
  gpt2: {
    modelType: 'gpt2',
    className: 'GPT2LMHeadModel',
    rename: {
      hidden_size: 'n_embd',
      num_hidden_layers: 'n_layer',
      num_attention_heads: 'n_head',
      intermediate_size: 'n_inner',
      max_position_embeddings: 'n_positions',
      num_key_value_heads: undefined,
      head_dim: undefined,
      rope_theta: undefined,
      rope_scaling: undefined,
    },
    more: (s) => ({
      layer_norm_epsilon: layerNorm(s),
      activation_function: 'gelu_new',
    }),
  },
  gptneox: {
    modelType: 'gpt_neox',
    className: 'GPTNeoXForCausalLM',
    rename: { num_key_value_heads: undefined, head_dim: undefined, rope_theta: 'rotary_emb_base' },
    more: (s) => ({
      layer_norm_eps: layerNorm(s),
      hidden_act: 'gelu',
      rotary_pct: partial(s),
      use_parallel_residual: s.read.boolean('use_parallel_residual') ?? true,
      attention_bias: s.has('blk.0.attn_qkv.bias'),
    }),
  },
  bloom: {
    modelType: 'bloom',
    className: 'BloomForCausalLM',
    rename: {
      num_hidden_layers: 'n_layer',
      num_attention_heads: 'n_head',
      max_position_embeddings: 'seq_length',
      intermediate_size: undefined,
      num_key_value_heads: undefined,
      head_dim: undefined,
      rope_theta: undefined,
      rope_scaling: undefined,
    },
    more: (s) => ({ layer_norm_epsilon: layerNorm(s), apply_residual_connection_post_layernorm: false }),
  },
};
