// ggml tensor names -> Hugging Face names, as data: one table an architecture. `blk.N.` stands before the names of `layer`; `.weight` and `.bias` are
// kept. llama.cpp's gguf-py/gguf/tensor_mapping.py has the inverse.

/** What llama.cpp's converter did to a tensor, to be undone when it is read (see `restore.ts`). */
export type Change =
  /** Rows of a query projection (key: with the key heads) are in the pairwise order of rope. */
  | 'pairwise-query'
  | 'pairwise-key'
  /** Query, key and value rows are three runs; the model has them head by head. */
  | 'heads-first'
  /** 1 was added to a norm's weight. */
  | 'plus-one'
  /** [experts, out, in] stacks what the model has as one tensor an expert; `E` in the name is the expert. */
  | 'experts'
  /** Query, key and value stacked by rows; the name's last part becomes q_proj, k_proj, v_proj. */
  | 'split-qkv'
  /** GPT-2's layers are [in, out]; the converter turned them. */
  | 'turned'
  /** [heads, head size]: one vector a head; `E` in the name is the head. */
  | 'heads';

/** A Hugging Face name, or with it what has to be undone. */
export type Target = string | readonly [name: string, change: Change];

/** The name in a target. */
export const nameOf = (target: Target): string => (typeof target === 'string' ? target : target[0]);

/** The change of a target's `weight` or `bias`: 1 is added to a norm's weight only. */
export function changeOf(target: Target, suffix: string): Change | undefined {
  if (typeof target === 'string') return undefined;
  return target[1] === 'plus-one' && suffix === 'bias' ? undefined : target[1];
}

/** The tables of one architecture. */
export interface NameTable {
  readonly whole: Readonly<Record<string, Target>>;
  /** Prefix of a layer's names, before `N.` */
  readonly layers: string;
  readonly layer: Readonly<Record<string, Target>>;
}

const attention = {
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_output: 'self_attn.o_proj',
  attn_q_norm: 'self_attn.q_norm',
  attn_k_norm: 'self_attn.k_norm',
};
const pairwise = {
  attn_q: ['self_attn.q_proj', 'pairwise-query'],
  attn_k: ['self_attn.k_proj', 'pairwise-key'],
} as const;
const gatedMlp = { ffn_gate: 'mlp.gate_proj', ffn_up: 'mlp.up_proj', ffn_down: 'mlp.down_proj' };
const whole = { token_embd: 'model.embed_tokens', output_norm: 'model.norm', output: 'lm_head' };
const preNorms = { attn_norm: 'input_layernorm', ffn_norm: 'post_attention_layernorm' };
const sandwichNorms = {
  attn_norm: 'input_layernorm',
  post_attention_norm: 'post_attention_layernorm',
  ffn_norm: 'pre_feedforward_layernorm',
  post_ffw_norm: 'post_feedforward_layernorm',
};

const base: NameTable = { whole, layers: 'model.layers.', layer: { ...attention, ...gatedMlp, ...preNorms } };
const llama = extend(base, pairwise);
const gemmaWhole = { output_norm: ['model.norm', 'plus-one'] } as const;

// Nemotron's norms have biases, to which nothing was added.
const nemotronNorms = { layer: plusOne(preNorms), whole: gemmaWhole };

/** By `general.architecture` (`mixtral` is llama with experts). */
const nameTables: Readonly<Record<string, NameTable | undefined>> = {
  llama,
  mixtral: extend(llama, {
    ffn_gate_inp: 'block_sparse_moe.gate',
    ffn_gate_exps: ['block_sparse_moe.experts.E.w1', 'experts'],
    ffn_down_exps: ['block_sparse_moe.experts.E.w2', 'experts'],
    ffn_up_exps: ['block_sparse_moe.experts.E.w3', 'experts'],
    // converters of 2023 wrote one tensor an expert: ffn_gate.E
    'ffn_gate.E': 'block_sparse_moe.experts.E.w1',
    'ffn_down.E': 'block_sparse_moe.experts.E.w2',
    'ffn_up.E': 'block_sparse_moe.experts.E.w3',
  }),
  granite: llama,
  smollm3: llama,
  qwen2: base,
  qwen3: base,
  qwen3moe: extend(base, {
    ffn_gate_inp: 'mlp.gate',
    ffn_gate_exps: ['mlp.experts.E.gate_proj', 'experts'],
    ffn_down_exps: ['mlp.experts.E.down_proj', 'experts'],
    ffn_up_exps: ['mlp.experts.E.up_proj', 'experts'],
  }),
  gemma: extend(base, plusOne(preNorms), gemmaWhole),
  gemma2: extend(base, plusOne(sandwichNorms), gemmaWhole),
  gemma3: extend(
    base,
    plusOne({ ...sandwichNorms, attn_q_norm: 'self_attn.q_norm', attn_k_norm: 'self_attn.k_norm' }),
    gemmaWhole,
  ),
  phi2: extend(
    base,
    {
      attn_qkv: ['self_attn', 'split-qkv'],
      attn_output: 'self_attn.dense',
      ffn_up: 'mlp.fc1',
      ffn_down: 'mlp.fc2',
    },
    { output_norm: 'model.final_layernorm' },
  ),
  phi3: extend(base, { attn_qkv: 'self_attn.qkv_proj', ffn_up: 'mlp.gate_up_proj' }),
  arcee: llama,
  olmo: llama,
  seed_oss: extend(base, { post_attention_norm: 'post_attention_layernorm' }),
  ernie4_5: base,
  cohere2: base,
  nemotron: extend(base, nemotronNorms.layer, nemotronNorms.whole),
  olmo2: {
    whole,
    layers: base.layers,
    layer: {
      ...attention,
      ...gatedMlp,
      post_attention_norm: 'post_attention_layernorm',
      post_ffw_norm: 'post_feedforward_layernorm',
    },
  },
  stablelm: extend(base, {
    attn_q_norm: ['self_attn.q_layernorm.norms.E', 'heads'],
    attn_k_norm: ['self_attn.k_layernorm.norms.E', 'heads'],
  }),
  starcoder2: extend(base, { ffn_up: 'mlp.c_fc', ffn_down: 'mlp.c_proj' }),
  'command-r': base,
  gpt2: {
    whole: {
      token_embd: 'transformer.wte',
      position_embd: 'transformer.wpe',
      output_norm: 'transformer.ln_f',
      output: 'lm_head',
    },
    layers: 'transformer.h.',
    layer: {
      attn_norm: 'ln_1',
      attn_qkv: ['attn.c_attn', 'turned'],
      attn_output: ['attn.c_proj', 'turned'],
      ffn_norm: 'ln_2',
      ffn_up: ['mlp.c_fc', 'turned'],
      ffn_down: ['mlp.c_proj', 'turned'],
    },
  },
  gptneox: {
    whole: {
      token_embd: 'gpt_neox.embed_in',
      output_norm: 'gpt_neox.final_layer_norm',
      output: 'embed_out',
    },
    layers: 'gpt_neox.layers.',
    layer: {
      attn_norm: 'input_layernorm',
      ffn_norm: 'post_attention_layernorm',
      attn_qkv: ['attention.query_key_value', 'heads-first'],
      attn_output: 'attention.dense',
      ffn_up: 'mlp.dense_h_to_4h',
      ffn_down: 'mlp.dense_4h_to_h',
    },
  },
  bloom: {
    whole: {
      token_embd: 'transformer.word_embeddings',
      token_embd_norm: 'transformer.word_embeddings_layernorm',
      output_norm: 'transformer.ln_f',
      output: 'lm_head',
    },
    layers: 'transformer.h.',
    layer: {
      attn_norm: 'input_layernorm',
      ffn_norm: 'post_attention_layernorm',
      attn_qkv: ['self_attention.query_key_value', 'heads-first'],
      attn_output: 'self_attention.dense',
      ffn_up: 'mlp.dense_h_to_4h',
      ffn_down: 'mlp.dense_4h_to_h',
    },
  },
};

/** The names of a config table: a window gives a family no names of its own. */
export function nameTableOf(table: string): NameTable | undefined {
  const name = { mistral: 'llama', olmo3: 'olmo2' }[table] ?? table;
  return Object.hasOwn(nameTables, name) ? nameTables[name] : undefined;
}

function extend(
  table: NameTable,
  layer: Readonly<Record<string, Target>>,
  whole: Readonly<Record<string, Target>> = {},
): NameTable {
  return {
    layers: table.layers,
    layer: { ...table.layer, ...layer },
    whole: { ...table.whole, ...whole },
  };
}

function plusOne(names: Readonly<Record<string, string>>): Record<string, Target> {
  return Object.fromEntries(Object.entries(names).map(([key, name]) => [key, [name, 'plus-one']]));
}

/** The Hugging Face name of a ggml name and what to undo; undefined when the table has none (`rope_freqs.weight`, ...). */
export function targetOf(table: NameTable, name: string): { name: string; change?: Change } | undefined {
  const match = /^(?:blk\.(\d{1,4})\.)?([a-z_0-9]+?)(?:\.(\d{1,4}))?\.(weight|bias)$/.exec(name);
  if (match === null) return undefined;
  const [, layer, stem, expert, suffix] = match;
  const key = expert === undefined ? stem : `${stem}.E`;
  const part = layer === undefined ? table.whole : table.layer;
  if (!Object.hasOwn(part, key)) return undefined;
  const target = part[key];
  const to = nameOf(target);
  const change = changeOf(target, suffix);
  const named = expert === undefined ? to : to.replace('E', expert);
  return {
    name: `${layer === undefined ? '' : `${table.layers}${Number(layer)}.`}${named}.${suffix}`,
    change,
  };
}
