// GPT-2 and its kin: LayerNorm with biases, an MLP without gate; learned, rotary or linear-bias positions.
// Semantics: huggingface/transformers 5.23 (read, not copied).

import { bloomNames, gpt2Names, gptNeoxNames, optNames, phiNames, starcoder2Names } from '../tensor-names.ts';
import type { Family } from './family.ts';

const layer = { kind: 'layer', bias: true } as const;

const gptLike = { norm: layer, queryBias: true, outputBias: true, mlpBias: true, gated: false } as const;

/** GPT-2 and its kin: LayerNorm with biases, an MLP without gate; learned, rotary or linear-bias positions. */
export const gptLine: readonly Family[] = [
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
];
