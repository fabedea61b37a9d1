// Where a checkpoint keeps each parameter. Ours have one set of names for all families (`layers.3.attention.q.weight`); a family
// lists, module by module, the name in the file and, for fused projections, which of its rows are meant.

/** Part of a fused matrix: `outputs` of the module are a selection of the file's rows. */
export interface FusedSource {
  readonly from: string;
  /**
   * `concat`: q, k, v (or gate, up) one after the other; `per-head`: q, k, v of a head side by side (GPT-NeoX, BLOOM).
   */
  readonly order: 'concat' | 'per-head';
  readonly part: 0 | 1 | 2;
}

/** A family's names: our module -> module in the file; `{i}` is the layer, `{e}` the expert. */
export interface TensorNames {
  readonly modules: Readonly<Record<string, string | FusedSource>>;
  /** True: matrices lie as [in, out] (GPT-2's Conv1D) instead of [out, in]. */
  readonly inputsFirst?: boolean;
  /** Prefixes that a file may lack (a base model without head) or have in addition. */
  readonly prefixes: readonly string[];
}

const concat = (from: string, part: 0 | 1 | 2): FusedSource => ({ from, order: 'concat', part });
const perHead = (from: string, part: 0 | 1 | 2): FusedSource => ({ from, order: 'per-head', part });

const llamaAttention = {
  'layers.{i}.attention.q': 'model.layers.{i}.self_attn.q_proj',
  'layers.{i}.attention.k': 'model.layers.{i}.self_attn.k_proj',
  'layers.{i}.attention.v': 'model.layers.{i}.self_attn.v_proj',
  'layers.{i}.attention.output': 'model.layers.{i}.self_attn.o_proj',
  'layers.{i}.attention.queryNorm': 'model.layers.{i}.self_attn.q_norm',
  'layers.{i}.attention.keyNorm': 'model.layers.{i}.self_attn.k_norm',
};
const llamaMlp = {
  'layers.{i}.mlp.gate': 'model.layers.{i}.mlp.gate_proj',
  'layers.{i}.mlp.up': 'model.layers.{i}.mlp.up_proj',
  'layers.{i}.mlp.down': 'model.layers.{i}.mlp.down_proj',
};
const llamaAround = {
  embedding: 'model.embed_tokens',
  'layers.{i}.attentionNorm': 'model.layers.{i}.input_layernorm',
  'layers.{i}.mlpNorm': 'model.layers.{i}.post_attention_layernorm',
  finalNorm: 'model.norm',
  head: 'lm_head',
};

/** Llama and all that kept its names. */
export const llamaNames: TensorNames = {
  modules: { ...llamaAround, ...llamaAttention, ...llamaMlp },
  prefixes: ['model.', 'language_model.'],
};

export const mixtralNames: TensorNames = {
  modules: {
    ...llamaAround,
    ...llamaAttention,
    'layers.{i}.experts.router': 'model.layers.{i}.block_sparse_moe.gate',
    'layers.{i}.experts.{e}.gate': 'model.layers.{i}.block_sparse_moe.experts.{e}.w1',
    'layers.{i}.experts.{e}.down': 'model.layers.{i}.block_sparse_moe.experts.{e}.w2',
    'layers.{i}.experts.{e}.up': 'model.layers.{i}.block_sparse_moe.experts.{e}.w3',
  },
  prefixes: ['model.'],
};

export const qwen3MoeNames: TensorNames = {
  modules: {
    ...llamaNames.modules,
    'layers.{i}.experts.router': 'model.layers.{i}.mlp.gate',
    'layers.{i}.experts.{e}.gate': 'model.layers.{i}.mlp.experts.{e}.gate_proj',
    'layers.{i}.experts.{e}.up': 'model.layers.{i}.mlp.experts.{e}.up_proj',
    'layers.{i}.experts.{e}.down': 'model.layers.{i}.mlp.experts.{e}.down_proj',
  },
  prefixes: ['model.'],
};

/** Gemma 2 and 3: four norms a layer. */
export const sandwichNames: TensorNames = {
  modules: {
    ...llamaNames.modules,
    'layers.{i}.attentionPostNorm': 'model.layers.{i}.post_attention_layernorm',
    'layers.{i}.mlpNorm': 'model.layers.{i}.pre_feedforward_layernorm',
    'layers.{i}.mlpPostNorm': 'model.layers.{i}.post_feedforward_layernorm',
  },
  prefixes: ['model.', 'language_model.'],
};

/** OLMo 2: norms after attention and MLP only. */
export const postNormNames: TensorNames = {
  modules: {
    ...llamaNames.modules,
    'layers.{i}.attentionPostNorm': 'model.layers.{i}.post_attention_layernorm',
    'layers.{i}.mlpPostNorm': 'model.layers.{i}.post_feedforward_layernorm',
  },
  prefixes: ['model.'],
};

export const phiNames: TensorNames = {
  modules: {
    ...llamaAround,
    ...llamaAttention,
    'layers.{i}.attention.output': 'model.layers.{i}.self_attn.dense',
    'layers.{i}.attention.queryNorm': 'model.layers.{i}.self_attn.q_layernorm',
    'layers.{i}.attention.keyNorm': 'model.layers.{i}.self_attn.k_layernorm',
    'layers.{i}.mlp.up': 'model.layers.{i}.mlp.fc1',
    'layers.{i}.mlp.down': 'model.layers.{i}.mlp.fc2',
    finalNorm: 'model.final_layernorm',
  },
  prefixes: ['model.'],
};

export const phi3Names: TensorNames = {
  modules: {
    ...llamaNames.modules,
    'layers.{i}.attention.q': concat('model.layers.{i}.self_attn.qkv_proj', 0),
    'layers.{i}.attention.k': concat('model.layers.{i}.self_attn.qkv_proj', 1),
    'layers.{i}.attention.v': concat('model.layers.{i}.self_attn.qkv_proj', 2),
    'layers.{i}.mlp.gate': concat('model.layers.{i}.mlp.gate_up_proj', 0),
    'layers.{i}.mlp.up': concat('model.layers.{i}.mlp.gate_up_proj', 1),
  },
  prefixes: ['model.'],
};

export const stablelmNames: TensorNames = {
  modules: {
    ...llamaNames.modules,
    'layers.{i}.attention.queryNorm': 'model.layers.{i}.self_attn.q_layernorm.norms.{h}',
    'layers.{i}.attention.keyNorm': 'model.layers.{i}.self_attn.k_layernorm.norms.{h}',
  },
  prefixes: ['model.'],
};

export const starcoder2Names: TensorNames = {
  modules: {
    ...llamaAround,
    ...llamaAttention,
    'layers.{i}.mlp.up': 'model.layers.{i}.mlp.c_fc',
    'layers.{i}.mlp.down': 'model.layers.{i}.mlp.c_proj',
  },
  prefixes: ['model.'],
};

export const gpt2Names: TensorNames = {
  modules: {
    embedding: 'transformer.wte',
    positions: 'transformer.wpe',
    'layers.{i}.attentionNorm': 'transformer.h.{i}.ln_1',
    'layers.{i}.attention.q': concat('transformer.h.{i}.attn.c_attn', 0),
    'layers.{i}.attention.k': concat('transformer.h.{i}.attn.c_attn', 1),
    'layers.{i}.attention.v': concat('transformer.h.{i}.attn.c_attn', 2),
    'layers.{i}.attention.output': 'transformer.h.{i}.attn.c_proj',
    'layers.{i}.mlpNorm': 'transformer.h.{i}.ln_2',
    'layers.{i}.mlp.up': 'transformer.h.{i}.mlp.c_fc',
    'layers.{i}.mlp.down': 'transformer.h.{i}.mlp.c_proj',
    finalNorm: 'transformer.ln_f',
    head: 'lm_head',
  },
  inputsFirst: true,
  prefixes: ['transformer.'],
};

export const gptNeoxNames: TensorNames = {
  modules: {
    embedding: 'gpt_neox.embed_in',
    'layers.{i}.attentionNorm': 'gpt_neox.layers.{i}.input_layernorm',
    'layers.{i}.attention.q': perHead('gpt_neox.layers.{i}.attention.query_key_value', 0),
    'layers.{i}.attention.k': perHead('gpt_neox.layers.{i}.attention.query_key_value', 1),
    'layers.{i}.attention.v': perHead('gpt_neox.layers.{i}.attention.query_key_value', 2),
    'layers.{i}.attention.output': 'gpt_neox.layers.{i}.attention.dense',
    'layers.{i}.mlpNorm': 'gpt_neox.layers.{i}.post_attention_layernorm',
    'layers.{i}.mlp.up': 'gpt_neox.layers.{i}.mlp.dense_h_to_4h',
    'layers.{i}.mlp.down': 'gpt_neox.layers.{i}.mlp.dense_4h_to_h',
    finalNorm: 'gpt_neox.final_layer_norm',
    head: 'embed_out',
  },
  prefixes: ['gpt_neox.'],
};

export const optNames: TensorNames = {
  modules: {
    embedding: 'model.decoder.embed_tokens',
    positions: 'model.decoder.embed_positions',
    embeddingProjection: 'model.decoder.project_in',
    headProjection: 'model.decoder.project_out',
    'layers.{i}.attentionNorm': 'model.decoder.layers.{i}.self_attn_layer_norm',
    'layers.{i}.attention.q': 'model.decoder.layers.{i}.self_attn.q_proj',
    'layers.{i}.attention.k': 'model.decoder.layers.{i}.self_attn.k_proj',
    'layers.{i}.attention.v': 'model.decoder.layers.{i}.self_attn.v_proj',
    'layers.{i}.attention.output': 'model.decoder.layers.{i}.self_attn.out_proj',
    'layers.{i}.mlpNorm': 'model.decoder.layers.{i}.final_layer_norm',
    'layers.{i}.mlp.up': 'model.decoder.layers.{i}.fc1',
    'layers.{i}.mlp.down': 'model.decoder.layers.{i}.fc2',
    finalNorm: 'model.decoder.final_layer_norm',
    head: 'lm_head',
  },
  prefixes: ['model.'],
};

export const bloomNames: TensorNames = {
  modules: {
    embedding: 'transformer.word_embeddings',
    embeddingNorm: 'transformer.word_embeddings_layernorm',
    'layers.{i}.attentionNorm': 'transformer.h.{i}.input_layernorm',
    'layers.{i}.attention.q': perHead('transformer.h.{i}.self_attention.query_key_value', 0),
    'layers.{i}.attention.k': perHead('transformer.h.{i}.self_attention.query_key_value', 1),
    'layers.{i}.attention.v': perHead('transformer.h.{i}.self_attention.query_key_value', 2),
    'layers.{i}.attention.output': 'transformer.h.{i}.self_attention.dense',
    'layers.{i}.mlpNorm': 'transformer.h.{i}.post_attention_layernorm',
    'layers.{i}.mlp.up': 'transformer.h.{i}.mlp.dense_h_to_4h',
    'layers.{i}.mlp.down': 'transformer.h.{i}.mlp.dense_4h_to_h',
    finalNorm: 'transformer.ln_f',
    head: 'lm_head',
  },
  prefixes: ['transformer.'],
};

/** BERT's names below `prefix`. */
const bertModules = (prefix: string) => ({
  embedding: `${prefix}embeddings.word_embeddings`,
  positions: `${prefix}embeddings.position_embeddings`,
  tokenTypes: `${prefix}embeddings.token_type_embeddings`,
  embeddingNorm: `${prefix}embeddings.LayerNorm`,
  'layers.{i}.attention.q': `${prefix}encoder.layer.{i}.attention.self.query`,
  'layers.{i}.attention.k': `${prefix}encoder.layer.{i}.attention.self.key`,
  'layers.{i}.attention.v': `${prefix}encoder.layer.{i}.attention.self.value`,
  'layers.{i}.attention.output': `${prefix}encoder.layer.{i}.attention.output.dense`,
  'layers.{i}.attentionNorm': `${prefix}encoder.layer.{i}.attention.output.LayerNorm`,
  'layers.{i}.mlp.up': `${prefix}encoder.layer.{i}.intermediate.dense`,
  'layers.{i}.mlp.down': `${prefix}encoder.layer.{i}.output.dense`,
  'layers.{i}.mlpNorm': `${prefix}encoder.layer.{i}.output.LayerNorm`,
});

export const bertNames: TensorNames = { modules: bertModules('bert.'), prefixes: ['bert.'] };

export const robertaNames: TensorNames = { modules: bertModules('roberta.'), prefixes: ['roberta.'] };

export const electraNames: TensorNames = {
  modules: { ...bertModules('electra.'), embeddingProjection: 'electra.embeddings_project' },
  prefixes: ['electra.'],
};

const albertLayer = 'albert.encoder.albert_layer_groups.{i}.albert_layers.0';
/** ALBERT: `{i}` is a group of layers that share their parameters. */
export const albertNames: TensorNames = {
  modules: {
    ...bertModules('albert.'),
    embeddingProjection: 'albert.encoder.embedding_hidden_mapping_in',
    'layers.{i}.attention.q': `${albertLayer}.attention.query`,
    'layers.{i}.attention.k': `${albertLayer}.attention.key`,
    'layers.{i}.attention.v': `${albertLayer}.attention.value`,
    'layers.{i}.attention.output': `${albertLayer}.attention.dense`,
    'layers.{i}.attentionNorm': `${albertLayer}.attention.LayerNorm`,
    'layers.{i}.mlp.up': `${albertLayer}.ffn`,
    'layers.{i}.mlp.down': `${albertLayer}.ffn_output`,
    'layers.{i}.mlpNorm': `${albertLayer}.full_layer_layer_norm`,
  },
  prefixes: ['albert.'],
};

export const mpnetNames: TensorNames = {
  modules: {
    ...bertModules('mpnet.'),
    relativeBias: 'mpnet.encoder.relative_attention_bias',
    'layers.{i}.attention.q': 'mpnet.encoder.layer.{i}.attention.attn.q',
    'layers.{i}.attention.k': 'mpnet.encoder.layer.{i}.attention.attn.k',
    'layers.{i}.attention.v': 'mpnet.encoder.layer.{i}.attention.attn.v',
    'layers.{i}.attention.output': 'mpnet.encoder.layer.{i}.attention.attn.o',
    'layers.{i}.attentionNorm': 'mpnet.encoder.layer.{i}.attention.LayerNorm',
  },
  prefixes: ['mpnet.'],
};

export const ernieNames: TensorNames = { modules: bertModules('ernie.'), prefixes: ['ernie.'] };

export const data2vecNames: TensorNames = {
  modules: bertModules('data2vec_text.'),
  prefixes: ['data2vec_text.'],
};

export const distilbertNames: TensorNames = {
  modules: {
    embedding: 'distilbert.embeddings.word_embeddings',
    positions: 'distilbert.embeddings.position_embeddings',
    embeddingNorm: 'distilbert.embeddings.LayerNorm',
    'layers.{i}.attention.q': 'distilbert.transformer.layer.{i}.attention.q_lin',
    'layers.{i}.attention.k': 'distilbert.transformer.layer.{i}.attention.k_lin',
    'layers.{i}.attention.v': 'distilbert.transformer.layer.{i}.attention.v_lin',
    'layers.{i}.attention.output': 'distilbert.transformer.layer.{i}.attention.out_lin',
    'layers.{i}.attentionNorm': 'distilbert.transformer.layer.{i}.sa_layer_norm',
    'layers.{i}.mlp.up': 'distilbert.transformer.layer.{i}.ffn.lin1',
    'layers.{i}.mlp.down': 'distilbert.transformer.layer.{i}.ffn.lin2',
    'layers.{i}.mlpNorm': 'distilbert.transformer.layer.{i}.output_layer_norm',
  },
  prefixes: ['distilbert.'],
};

export const modernbertNames: TensorNames = {
  modules: {
    embedding: 'model.embeddings.tok_embeddings',
    embeddingNorm: 'model.embeddings.norm',
    'layers.{i}.attentionNorm': 'model.layers.{i}.attn_norm',
    'layers.{i}.attention.q': concat('model.layers.{i}.attn.Wqkv', 0),
    'layers.{i}.attention.k': concat('model.layers.{i}.attn.Wqkv', 1),
    'layers.{i}.attention.v': concat('model.layers.{i}.attn.Wqkv', 2),
    'layers.{i}.attention.output': 'model.layers.{i}.attn.Wo',
    'layers.{i}.mlpNorm': 'model.layers.{i}.mlp_norm',
    'layers.{i}.mlp.gate': concat('model.layers.{i}.mlp.Wi', 0),
    'layers.{i}.mlp.up': concat('model.layers.{i}.mlp.Wi', 1),
    'layers.{i}.mlp.down': 'model.layers.{i}.mlp.Wo',
    finalNorm: 'model.final_norm',
  },
  prefixes: ['model.'],
};
