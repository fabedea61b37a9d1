// Models of random weights for the webgpu benches, in Node and in pages.

import { parseModelConfig, type StoredDtype, type WeightFile } from '@ashlar/core';
import { createRandom } from '@ashlar/sampling';
import { createKvCache, type KvSequence } from '../packages/core/src/kv-cache/kv-cache.ts';
import type { ModelConfig } from '../packages/core/src/models/model-config.ts';
import { listParameters } from '../packages/core/src/models/parameters.ts';
import { loadWebgpuModel } from '../packages/core/src/runtime/webgpu/load-webgpu-model.ts';
import type { WebgpuExecutor } from '../packages/core/src/runtime/webgpu/webgpu-executor.ts';
import { toHalfBits } from '../packages/core/src/weights/quantization/half.ts';

/** A Llama with heads of 64. */
export const shape = (
  layers: number,
  hidden: number,
  inner: number,
  heads: number,
  groups: number,
  vocabulary: number,
) =>
  parseModelConfig({
    model_type: 'llama',
    vocab_size: vocabulary,
    hidden_size: hidden,
    intermediate_size: inner,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: groups,
    head_dim: 64,
    max_position_embeddings: 8192,
    rms_norm_eps: 1e-5,
    rope_theta: 100000,
    tie_word_embeddings: true,
  });
/** SmolLM2-135M with so many layers. */
export const small = (layers: number) => shape(layers, 576, 1536, 9, 3, 49152);
/** A Llama of one billion. */
export const billion = shape(16, 2048, 8192, 32, 8, 128256);

const blocks: Readonly<Record<string, { readonly size: number; readonly bytes: number }>> = {
  F16: { size: 1, bytes: 2 },
  Q8_0: { size: 32, bytes: 34 },
  Q4_0: { size: 32, bytes: 18 },
};

/** Weights of `config` without a file: every matrix is the same run of random blocks of `dtype`. */
function randomWeights(config: ModelConfig, dtype: StoredDtype): WeightFile {
  const { size, bytes } = blocks[dtype];
  const random = createRandom(1);
  const pattern = new Uint8Array(bytes * 65536);
  const view = new DataView(pattern.buffer);
  for (let i = 0; i < pattern.length; i++) pattern[i] = Math.floor(random.uniform('weights', 0, 0, i) * 256);
  for (let b = 0; b < 65536; b++) {
    const value =
      dtype === 'F16'
        ? (random.uniform('weights', 1, 0, b) - 0.5) / 16
        : dtype === 'Q8_0'
          ? 1 / 4096
          : 1 / 256;
    view.setUint16(b * bytes, toHalfBits(value), true);
  }
  const tensors = new Map<string, { dtype: StoredDtype; shape: readonly number[]; byteLength: number }>();
  for (const { stored, role } of listParameters(config)) {
    const count = stored.shape.reduce((a, b) => a * b, 1);
    const matrix = role === 'linear' || role === 'embedding';
    const byteLength = matrix ? (count / size) * bytes : count * 4;
    tensors.set(stored.name, { dtype: matrix ? dtype : 'F32', shape: stored.shape, byteLength });
  }
  return {
    tensors,
    async read(name) {
      const entry = tensors.get(name);
      if (entry === undefined) throw new RangeError(`tensor: expected one of the model, got ${name}`);
      const content = new Uint8Array(entry.byteLength);
      if (entry.dtype === 'F32') new Float32Array(content.buffer).fill(1);
      else
        for (let at = 0; at < content.length; at += pattern.length)
          content.set(pattern.subarray(0, Math.min(pattern.length, content.length - at)), at);
      return { dtype: entry.dtype, shape: entry.shape, bytes: content };
    },
    close: async () => {},
  };
}

/** An executor of `config` with weights of `dtype`. */
export async function load(config: ModelConfig, dtype: StoredDtype) {
  const started = performance.now();
  const { executor } = await loadWebgpuModel(
    config,
    listParameters(config),
    randomWeights(config, dtype),
    {},
  );
  const kv = createKvCache(executor.store, { capacity: 4096, modelHash: 'bench' });
  return { executor, kv, seconds: (performance.now() - started) / 1000 };
}

/** One pass of the same ids for every sequence. */
export async function step(
  executor: WebgpuExecutor,
  kv: ReturnType<typeof createKvCache>,
  sequences: readonly KvSequence[],
  ids: readonly number[],
) {
  const reservations = kv.reserve(
    sequences,
    sequences.map(() => ids.length),
  );
  const rows = await executor.run(reservations.map((reservation) => ({ ids, reservation })));
  for (const reservation of reservations) reservation.commit(ids);
  return rows;
}

/** Milliseconds of a host's thread for a token. */
export interface RecordTimes {
  readonly dispatches: number;
  /** To record a pass. */
  readonly records: readonly number[];
  /** For all of a token: tables, submission, the next pass recorded meanwhile. */
  readonly tokens: readonly number[];
}

/** What a host spends on a token of 24 layers, narrow: recording does not depend on sizes. Each token's largest logit is read, as greedy decoding does. */
export async function timeRecords(rounds: number): Promise<RecordTimes> {
  const { executor, kv } = await load(shape(24, 256, 768, 4, 2, 4096), 'Q4_0');
  const tokens: number[] = [];
  const records: number[] = [];
  {
    using sequence = kv.newSequence();
    for (let id = 0; id < rounds + 8; id++) {
      const [reservation] = kv.reserve([sequence], [1]);
      const started = performance.now();
      const pass = executor.runAndRead?.([
        { ids: [id], reservation, read: { count: 1, enough: () => true } },
      ]);
      // Up to here nothing has waited for the device.
      tokens.push(performance.now() - started);
      await pass;
      reservation.commit([id]);
    }
    for (let round = 0; round < rounds; round++) {
      records.push(executor.timeRecording());
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  const dispatches = executor.dispatches(1) + 1;
  kv.dispose();
  executor.dispose();
  return { dispatches, records, tokens: tokens.slice(8) };
}
