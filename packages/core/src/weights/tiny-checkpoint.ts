// A llama of 2 layers and 32 dimensions with weights from a hash, for tests and examples: every format is written from it, none is downloaded.

import type { StoredTensor, WeightFile } from './weight-file.ts';
import { memorySink } from './write/byte-sink.ts';
import { writeHuggingFace } from './write/write-hugging-face.ts';

/** The `config.json` of the tiny checkpoint. */
export const tinyConfig = {
  model_type: 'llama',
  architectures: ['LlamaForCausalLM'],
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 8,
  vocab_size: 40,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  rope_scaling: null,
  hidden_act: 'silu',
  attention_bias: false,
  mlp_bias: false,
  tie_word_embeddings: false,
  bos_token_id: 1,
  eos_token_id: 2,
};

/** Its tensors: value i of the n-th is a hash of both, k / 256 with -512 <= k < 512, exact in F16. */
export function tinyWeights(v: number = tinyConfig.vocab_size): WeightFile {
  const { hidden_size: d, intermediate_size: f, num_hidden_layers: layers } = tinyConfig;
  const shapes: [string, number[]][] = [['model.embed_tokens.weight', [v, d]]];
  for (let n = 0; n < layers; n++) {
    const at = `model.layers.${n}.`;
    shapes.push(
      [`${at}input_layernorm.weight`, [d]],
      [`${at}self_attn.q_proj.weight`, [d, d]],
      [`${at}self_attn.k_proj.weight`, [d / 2, d]],
      [`${at}self_attn.v_proj.weight`, [d / 2, d]],
      [`${at}self_attn.o_proj.weight`, [d, d]],
      [`${at}post_attention_layernorm.weight`, [d]],
      [`${at}mlp.gate_proj.weight`, [f, d]],
      [`${at}mlp.up_proj.weight`, [f, d]],
      [`${at}mlp.down_proj.weight`, [d, f]],
    );
  }
  shapes.push(['model.norm.weight', [d]], ['lm_head.weight', [v, d]]);
  const stored = new Map<string, StoredTensor & { byteLength: number }>();
  for (const [n, [name, shape]] of shapes.entries()) {
    const count = shape.reduce((product, size) => product * size, 1);
    const values = Float32Array.from(
      { length: count },
      (_, i) => ((Math.imul(i + 1 + n * 65537, 0x9e3779b1) >>> 22) - 512) / 256,
    );
    stored.set(name, { dtype: 'F32', shape, bytes: new Uint8Array(values.buffer), byteLength: count * 4 });
  }
  return { tensors: stored, read: async (name) => stored.get(name)!, close: async () => {} };
}

/** The files of the tiny checkpoint's Hugging Face directory. */
export async function tinyCheckpoint(): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const sinks = new Map<string, ReturnType<typeof memorySink>>();
  const folder = {
    create: async (file: string) => {
      const sink = memorySink();
      sinks.set(file, sink);
      return sink;
    },
  };
  const assets = {
    file: async (name: string) => (name === 'tokenizer.json' ? new TextEncoder().encode('{}') : undefined),
  };
  await writeHuggingFace({ config: tinyConfig, weights: tinyWeights(), assets }, folder);
  return new Map([...sinks].map(([file, sink]) => [file, sink.bytes()]));
}
