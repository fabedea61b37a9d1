import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Checkpoint } from '../../checkpoint.ts';
import { openCheckpoint } from '../../open-checkpoint.ts';
import { dequantize } from '../../quantization/dequantize.ts';
import { quantize } from '../../quantization/quantize.ts';
import { tinyConfig, tinyWeights } from '../../tiny-checkpoint.ts';
import type { StoredTensor, WeightFile } from '../../weight-file.ts';
import { memorySink } from '../../write/byte-sink.ts';
import { type GgufValue, writeGguf } from './write-gguf.ts';
import { type WriteGgufOptions, writeGgufCheckpoint } from './write-gguf-checkpoint.ts';

async function roundTrip(
  checkpoint: Pick<Checkpoint, 'config' | 'weights'>,
  options: WriteGgufOptions,
): Promise<Checkpoint> {
  const sink = memorySink();
  await writeGgufCheckpoint(sink, checkpoint, options);
  return openCheckpoint(new File([sink.bytes()], 'model.gguf'));
}

/** A weight file of the given shapes, filled with distinct numbers that F16 holds. */
function weightsOf(shapes: Record<string, number[]>): WeightFile {
  const tensors = new Map<string, StoredTensor & { byteLength: number }>();
  for (const [name, shape] of Object.entries(shapes)) {
    const values = Float32Array.from(
      { length: shape.reduce((p, n) => p * n, 1) },
      (_, i) => (i % 2048) - 1024,
    );
    tensors.set(name, {
      dtype: 'F32',
      shape,
      bytes: new Uint8Array(values.buffer),
      byteLength: values.byteLength,
    });
  }
  return { tensors, read: async (name) => tensors.get(name)!, close: async () => {} };
}

const valuesOf = async (weights: WeightFile, name: string) =>
  Array.from(dequantize(await weights.read(name)));

describe('writeGgufCheckpoint', () => {
  it.each(['F32', 'F16', 'Q8_0', 'Q4_0'] as const)(
    '%s: what is read is what was packed, in any row order',
    async (dtype) => {
      const read = await roundTrip({ config: tinyConfig, weights: tinyWeights() }, { dtype });
      expect([...read.weights.tensors.keys()].sort()).toEqual([...tinyWeights().tensors.keys()].sort());
      for (const [name, { shape }] of tinyWeights().tensors) {
        const whole = await tinyWeights().read(name);
        const kind =
          shape.length === 1 ? 'F32' : dtype === 'Q4_0' && !name.includes('layers') ? 'Q8_0' : dtype;
        const packed = quantize(dequantize(whole), kind);
        const got = await read.weights.read(name);
        expect([name, got.dtype, Buffer.from(got.bytes).equals(packed)]).toEqual([name, kind, true]);
      }
    },
  );

  it('GPT-2: [in, out] layers are turned and turned back', async () => {
    const config = { model_type: 'gpt2', n_embd: 4, n_layer: 1, n_head: 2, n_positions: 8, n_inner: null };
    const weights = weightsOf({
      'transformer.wte.weight': [10, 4],
      'transformer.wpe.weight': [8, 4],
      'transformer.h.0.ln_1.weight': [4],
      'transformer.h.0.attn.c_attn.weight': [4, 12],
      'transformer.h.0.attn.c_attn.bias': [12],
      'transformer.h.0.attn.bias': [1, 1, 8, 8],
      'transformer.ln_f.weight': [4],
    });
    const read = await roundTrip({ config, weights }, { dtype: 'F16' });
    const entry = read.weights.tensors.get('transformer.h.0.attn.c_attn.weight');
    expect(entry).toMatchObject({ dtype: 'F16', shape: [4, 12] });
    for (const name of ['transformer.h.0.attn.c_attn.weight', 'transformer.h.0.attn.c_attn.bias'])
      expect(await valuesOf(read.weights, name)).toEqual(await valuesOf(weights, name));
    expect(read.weights.tensors.has('transformer.h.0.attn.bias')).toBe(false); // the causal mask
  });

  it('experts are stacked and unstacked', async () => {
    const moe = {
      ...tinyConfig,
      model_type: 'mixtral',
      num_local_experts: 3,
      num_experts_per_tok: 2,
      num_hidden_layers: 1,
    };
    const expert = (e: number, w: number) => `model.layers.0.block_sparse_moe.experts.${e}.w${w}.weight`;
    const weights = weightsOf({
      'model.embed_tokens.weight': [40, 32],
      'model.layers.0.block_sparse_moe.gate.weight': [3, 32],
      ...Object.fromEntries(
        [0, 1, 2].flatMap((e) => [
          [expert(e, 1), [64, 32]],
          [expert(e, 2), [32, 64]],
          [expert(e, 3), [64, 32]],
        ]),
      ),
    });
    const read = await roundTrip({ config: moe, weights }, { dtype: 'F16' });
    expect(read.config).toMatchObject({
      model_type: 'mixtral',
      num_local_experts: 3,
      num_experts_per_tok: 2,
    });
    for (const name of weights.tensors.keys())
      expect(await valuesOf(read.weights, name)).toEqual(await valuesOf(weights, name));
  });

  it('ends of text and of turn are both kept', async () => {
    const config = { ...tinyConfig, eos_token_id: [2, 7] };
    const read = await roundTrip({ config, weights: tinyWeights() }, { dtype: 'F32' });
    expect(read.config.eos_token_id).toEqual([2, 7]);
  });

  it('phi2: query, key and value in one tensor, as older converters wrote them, are three', async () => {
    const shared = { dtype: 'F32', read: async () => new Uint8Array(0) } as const;
    const values = Float32Array.from({ length: 12 * 4 }, (_, i) => i);
    const sink = memorySink();
    const keys = {
      block_count: 1,
      embedding_length: 4,
      'attention.head_count': 2,
      context_length: 8,
      feed_forward_length: 8,
    };
    await writeGguf(
      sink,
      new Map<string, GgufValue>([
        ['general.architecture', 'phi2'],
        ...Object.entries(keys).map(([key, value]) => [`phi2.${key}`, value] as const),
      ]),
      [
        {
          ...shared,
          name: 'blk.0.attn_qkv.weight',
          shape: [12, 4],
          byteLength: 192,
          read: async () => new Uint8Array(values.buffer),
        },
        {
          ...shared,
          name: 'blk.0.attn_qkv.bias',
          shape: [12],
          byteLength: 48,
          read: async () => new Uint8Array(values.buffer, 0, 48),
        },
      ],
    );
    const { weights } = await openCheckpoint(new File([sink.bytes()], 'model.gguf'));
    const of = (part: string) => valuesOf(weights, `model.layers.0.self_attn.${part}`);
    expect(await of('q_proj.weight')).toEqual(Array.from(values.subarray(0, 16)));
    expect(await of('k_proj.weight')).toEqual(Array.from(values.subarray(16, 32)));
    expect(await of('v_proj.weight')).toEqual(Array.from(values.subarray(32, 48)));
    expect(await of('k_proj.bias')).toEqual([4, 5, 6, 7]);
  });

  it('refuses what GGUF has no place or word for', async () => {
    const write = (config: Record<string, unknown>, weights = tinyWeights(), options: object = {}) =>
      writeGgufCheckpoint(memorySink(), { config, weights }, options);
    await expect(write({ ...tinyConfig, model_type: 'opt' })).rejects.toThrow(
      /model_type: expected one of llama/,
    );
    await expect(write({ ...tinyConfig, hidden_act: 'relu' })).rejects.toThrow(/hidden_act: expected "silu"/);
    await expect(
      write(tinyConfig, weightsOf({ 'model.embed_tokens.weight': [40, 32], 'model.other.weight': [1] })),
    ).rejects.toThrow(/got also model\.other/);
    await expect(write({ ...tinyConfig, rope_scaling: { rope_type: 'dynamic', factor: 2 } })).rejects.toThrow(
      /rope_type/,
    );
    await expect(write(tinyConfig, tinyWeights(), { dtype: 'Q5_0' })).rejects.toThrow(/dtype: expected F32/);
    await expect(write(tinyConfig, tinyWeights(), { type: 'F16' })).rejects.toThrow(/unknown option/);
  });
});

const goldens = fileURLToPath(new URL('../../../../../../../shared/goldens/models/', import.meta.url));
// All golden families that llama.cpp has. gemma2's query scale is one that GGUF cannot say, which is refused.
const families = [
  'llama',
  'llama3-rope',
  'llama-yarn',
  'llama-linear-rope',
  'mistral-window',
  'mixtral-moe',
  'qwen2',
  'qwen3',
  'qwen3-moe',
  'gemma',
  'gemma3',
  'phi',
  'phi3',
  'olmo2',
  'smollm3-nope',
  'granite',
  'stablelm',
  'starcoder2',
  'cohere',
  'gpt2',
  'gpt-neox',
  'bloom',
];

describe.skipIf(!existsSync(goldens))('writeGgufCheckpoint: golden families (skipped when absent)', () => {
  it.each(families)('%s: GGUF after Hugging Face is identity', async (name) => {
    const original = await openCheckpoint(goldens + name);
    const read = await roundTrip(original, { dtype: 'F32' });
    expect(read.config.model_type).toBe(original.config.model_type);
    const names = [...original.weights.tensors.keys()].filter((tensor) => read.weights.tensors.has(tensor));
    const tied = original.config.tie_word_embeddings ? 1 : 0;
    expect(names.length).toBeGreaterThanOrEqual(original.weights.tensors.size - tied);
    for (const tensor of names) {
      const [was, is] = [await original.weights.read(tensor), await read.weights.read(tensor)];
      expect(is.shape).toEqual(was.shape);
      const [a, b] = [dequantize(was), dequantize(is)];
      // gemma's norms went through + 1 and - 1, each rounded
      const slack = name.startsWith('gemma') ? 2 ** -23 : 0;
      for (let i = 0; i < a.length; i++)
        if (Math.abs(a[i] - b[i]) > slack) expect([tensor, i, b[i]]).toEqual([tensor, i, a[i]]);
    }
    await original.close();
  });

  it('gemma2 with a query scale of its own is refused', async () => {
    const original = await openCheckpoint(`${goldens}gemma2`);
    await expect(roundTrip(original, { dtype: 'F32' })).rejects.toThrow(/query_pre_attn_scalar: expected 32/);
    await original.close();
  });
});
