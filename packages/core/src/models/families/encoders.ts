// Text encoders: every token sees every other, and there is no head.
// Semantics: huggingface/transformers 5.23 (read, not copied).

import {
  albertNames,
  bertNames,
  data2vecNames,
  distilbertNames,
  electraNames,
  ernieNames,
  llamaNames,
  modernbertNames,
  mpnetNames,
  robertaNames,
} from '../tensor-names.ts';
import type { Family } from './family.ts';

const layer = { kind: 'layer', bias: true } as const;

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

/** Text encoders: every token sees every other, and there is no head. */
export const encoders: readonly Family[] = [
  { ...bertLike, name: 'bert', modelTypes: ['bert'] },
  {
    ...bertLike,
    name: 'distilbert',
    modelTypes: ['distilbert'],
    // sinusoidal_pos_embds says how the table of positions was filled at first; it is a parameter all the same.
    defaults: { activation: 'gelu', layer_norm_eps: 1e-12 },
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
    ...bertLike,
    name: 'data2vec-text',
    modelTypes: ['data2vec-text'],
    defaults: { ...bertLike.defaults, pad_token_id: 1 },
    learnedPositions: 'after-pad',
    tensors: data2vecNames,
  },
  {
    ...bertLike,
    name: 'electra',
    modelTypes: ['electra'],
    narrowEmbedding: 'where-narrower',
    tensors: electraNames,
  },
  {
    ...bertLike,
    name: 'albert',
    modelTypes: ['albert'],
    defaults: { ...bertLike.defaults, hidden_act: 'gelu_new', embedding_size: 128, num_hidden_groups: 1 },
    requires: { ...bertLike.requires, inner_group_num: [undefined, null, 1] },
    narrowEmbedding: 'always',
    layerGroups: 'num_hidden_groups',
    tensors: albertNames,
  },
  {
    ...bertLike,
    name: 'mpnet',
    modelTypes: ['mpnet'],
    defaults: { hidden_act: 'gelu', layer_norm_eps: 1e-12, pad_token_id: 1 },
    requires: {
      ...bertLike.requires,
      relative_attention_num_buckets: [undefined, null, 32],
      pad_token_id: [1],
    },
    learnedPositions: 'after-pad',
    tokenTypes: undefined,
    relativeBuckets: 32,
    tensors: mpnetNames,
  },
  {
    ...bertLike,
    name: 'ernie',
    modelTypes: ['ernie'],
    requires: { ...bertLike.requires, use_task_id: [undefined, null, false] },
    tensors: ernieNames,
  },
  {
    name: 'eurobert',
    modelTypes: ['eurobert'],
    defaults: { hidden_act: 'silu', rms_norm_eps: 1e-5 },
    norm: { kind: 'rms' },
    placement: 'pre',
    encoder: true,
    rope: { theta: 250000 },
    queryBias: 'attention_bias',
    outputBias: 'attention_bias',
    mlpBias: 'mlp_bias',
    gated: true,
    tensors: llamaNames,
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
