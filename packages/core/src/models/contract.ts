// For tests: a tiny decoder of every family with reproducible weights, and what every way of running a decoder must hold.
import { keep, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { parseModelConfig } from './config.ts';
import { families } from './families.ts';
import { createModel, type Model } from './model.ts';
import type { ModelCacheOptions } from './model-cache-options.ts';
import type { ModelConfig } from './model-config.ts';
import { listParameters } from './parameters.ts';

/** Raw configuration that any family can read; odd sizes show mixed-up axes. */
const sizes: Readonly<Record<string, unknown>> = {
  vocab_size: 37,
  hidden_size: 32,
  n_embd: 32,
  num_hidden_layers: 3,
  n_layer: 3,
  num_attention_heads: 4,
  n_head: 4,
  intermediate_size: 20,
  ffn_dim: 20,
  max_position_embeddings: 96,
  n_positions: 96,
  bos_token_id: 1,
  eos_token_id: 2,
};

const special: Readonly<Record<string, Record<string, unknown>>> = {
  mistral: { sliding_window: 5 },
  mixtral: { num_local_experts: 4, num_experts_per_tok: 2, sliding_window: null },
  'qwen3-moe': { num_experts: 4, num_experts_per_tok: 2, moe_intermediate_size: 12, norm_topk_prob: true },
  olmo3: { sliding_window: 5 },
  cohere2: { sliding_window: 5, sliding_window_pattern: 3 },
  gemma2: { sliding_window: 5, query_pre_attn_scalar: 6 },
  gemma3: { sliding_window: 5, query_pre_attn_scalar: 6, sliding_window_pattern: 3 },
  phi3: { sliding_window: null },
  starcoder2: { sliding_window: null },
  granite: {
    attention_multiplier: 0.4,
    residual_multiplier: 0.5,
    logits_scaling: 3,
    embedding_multiplier: 2,
  },
};

/** Families whose heads share keys and values only in some members, or not at all. */
const multiHead = ['gpt2', 'gpt-neox', 'bloom', 'opt', 'phi'];

/** Names of the decoders of the table. */
export const decoderNames: readonly string[] = families.filter((f) => f.encoder !== true).map((f) => f.name);

/** A tiny configuration of a family. */
export function tinyConfig(name: string, extra: Record<string, unknown> = {}): ModelConfig {
  const family = families.find((f) => f.name === name);
  if (family === undefined) throw new RangeError(`family: got ${name}`);
  return parseModelConfig({
    ...sizes,
    model_type: family.modelTypes[0],
    head_dim: name.startsWith('qwen') || name.startsWith('gemma') ? 10 : 8,
    ...(multiHead.includes(name) ? {} : { num_key_value_heads: 2 }),
    ...special[name],
    ...extra,
  });
}

/** Reproducible values for every parameter, on the current backend. */
export function tinyParameters(config: ModelConfig): Map<string, Tensor> {
  let state = 12345;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  return new Map(
    listParameters(config).map(({ name, shape, role }) => {
      const count = shape.reduce((product, n) => product * n, 1);
      const centre = role === 'norm' && !name.endsWith('bias') && !config.norm.unitOffset ? 1 : 0;
      const values = Float32Array.from({ length: count }, () => centre + 0.6 * next());
      return [name, keep(tensor(values, [...shape], 'float32'))];
    }),
  );
}

/** A tiny model of `config` on the current backend. */
export function tinyModel(config: ModelConfig, cache?: ModelCacheOptions): Model {
  const assets = { format: 'huggingface', file: async () => undefined } as const;
  return createModel({ config, parameters: tinyParameters(config), assets, hash: 'tiny', cache });
}

/** Ids that look random. */
export function tinyIds(length: number, seed = 1, vocabSize = 37): number[] {
  return Array.from({ length }, (_, i) => (Math.imul(i + seed * 101, 2654435761) >>> 7) % vocabSize);
}
