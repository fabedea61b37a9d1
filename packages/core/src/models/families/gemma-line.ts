// Gemma: RMSNorm that scales by 1 + weight, embeddings times the root of their width, tanh-GELU; from the second on four norms a layer.
// Semantics: huggingface/transformers 5.23 (read, not copied).

import { llamaNames, sandwichNames } from '../tensor-names.ts';
import type { Family } from './family.ts';

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

/** Gemma: RMSNorm that scales by 1 + weight, embeddings times the root of their width, tanh-GELU; from the second on four norms a layer. */
export const gemmaLine: readonly Family[] = [
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
];
