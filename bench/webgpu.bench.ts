// The webgpu executor: what the host spends on recording a token (on Dawn's device that does nothing), dispatches a token, and decode and prefill on the adapter at hand, with random
// weights in the shape of SmolLM2-135M and of a Llama of one billion. `--peak-gbs` and `--peak-tflops` are the card's limits, for the share of the roofline. A software adapter gets
// two layers of the small shape only.
import {
  chooseBackend,
  createModel,
  initParameters,
  parseModelConfig,
  type StoredDtype,
  type WeightFile,
} from '@ashlar/core';
import { createRandom } from '@ashlar/sampling';
import { createKvCache, type KvSequence } from '../packages/core/src/kv-cache/kv-cache.ts';
import type { ModelConfig } from '../packages/core/src/models/model-config.ts';
import { listParameters } from '../packages/core/src/models/parameters.ts';
import { loadWebgpuModel } from '../packages/core/src/runtime/webgpu/load-webgpu-model.ts';
import type { WebgpuExecutor } from '../packages/core/src/runtime/webgpu/webgpu-executor.ts';
import { toHalfBits } from '../packages/core/src/weights/quantization/half.ts';
import { allowSwiftShader, peers } from '../peers/modules.ts';
import { median, type Report } from './measure.ts';

const shape = (
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
const small = (layers: number) => shape(layers, 576, 1536, 9, 3, 49152);
const billion = shape(16, 2048, 8192, 32, 8, 128256);

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

async function load(config: ModelConfig, dtype: StoredDtype) {
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
async function step(
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

/** Bytes of weights that a token's pass reads, and its multiplications. */
function work(executor: WebgpuExecutor, config: ModelConfig) {
  const parameters = listParameters(config)
    .filter(({ role }) => role === 'linear' || role === 'embedding')
    .reduce((sum, { shape: s }) => sum + s.reduce((a, b) => a * b, 1), 0);
  const inLayers = parameters - config.vocabSize * config.hiddenSize;
  return { bytes: executor.weightBytes, flops: 2 * parameters, prefillFlops: 2 * inLayers };
}

export async function run(report: Report, options: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const number = (name: string) => (options[name] === undefined ? undefined : Number(options[name]));
  await recordOverhead(report);
  allowSwiftShader();
  const { device } = await chooseBackend('webgpu', {
    peers,
    allowSoftwareGpu: true,
    // Times in nanoseconds instead of steps of 100 us.
    dawnFlags: ['disable-dawn-features=timestamp_quantization'],
  });
  const software = /swiftshader|llvmpipe|software/i.test(device);
  console.error(`adapter: ${device}`);
  const settings = { gbs: number('peak-gbs'), tflops: number('peak-tflops'), software };
  const dtypes: StoredDtype[] = software ? ['Q4_0'] : ['Q4_0', 'Q8_0', 'F16'];
  for (const dtype of dtypes)
    await throughput(report, software ? '135M, 2 layers' : '135M', small(software ? 2 : 30), dtype, settings);
  if (!software) for (const dtype of dtypes) await throughput(report, '1B', billion, dtype, settings);
}

async function recordOverhead(report: Report): Promise<void> {
  await chooseBackend('webgpu', { peers, allowSoftwareGpu: true, dawnFlags: ['backend=null'] });
  // Narrow: recording does not depend on sizes, and Dawn's null device has 256 MB.
  const config = shape(24, 256, 768, 4, 2, 4096);
  const { executor, kv } = await load(config, 'Q4_0');
  const plan: number[] = [];
  {
    using sequence = kv.newSequence();
    for (let i = 0; i < 60; i++) {
      await step(executor, kv, [sequence], [i]);
      if (i >= 10) plan.push(executor.timeRecording());
    }
  }
  const dispatches = executor.dispatches(1);
  kv.dispose();
  executor.dispose();
  using model = createModel({
    config,
    parameters: initParameters(config, createRandom(1)),
    assets: { format: 'huggingface', file: async () => undefined },
    hash: 'bench',
  });
  using sequence = model.newSequence();
  const composite: number[] = [];
  for (let i = 0; i < 8; i++) {
    const started = performance.now();
    await model.step([{ sequence, ids: [i] }]);
    if (i >= 2) composite.push(performance.now() - started);
  }
  report({
    metric: `record a token, 24 layers, ${dispatches} dispatches`,
    unit: 'ms',
    ours: median(plan),
    peer: 'composite path',
    peerValue: median(composite),
    lowerIsBetter: true,
    runs: plan.length,
  });
}

async function throughput(
  report: Report,
  name: string,
  config: ModelConfig,
  dtype: StoredDtype,
  { gbs, tflops, software }: { gbs: number | undefined; tflops: number | undefined; software: boolean },
): Promise<void> {
  const { executor, kv, seconds } = await load(config, dtype);
  const { bytes, flops, prefillFlops } = work(executor, config);
  const label = `${name} ${dtype}`;
  console.error(`${label}: ${(bytes / 1e6).toFixed(0)} MB of weights, loaded in ${seconds.toFixed(1)} s`);
  const line = (metric: string, unit: string, ours: number, peak?: number) =>
    report({
      metric: `${label} ${metric}`,
      unit,
      ours,
      peer: 'peak',
      peerValue: peak ?? null,
      ...(peak === undefined ? { reason: 'not given' } : {}),
    });
  const prompt = Array.from({ length: software ? 32 : 512 }, (_, i) => (i * 7919) % config.vocabSize);
  const rounds = software ? 2 : 5;
  const prefill: number[] = [];
  for (let i = 0; i <= rounds; i++) {
    using sequence = kv.newSequence();
    const started = performance.now();
    await step(executor, kv, [sequence], prompt);
    if (i > 0) prefill.push(performance.now() - started);
  }
  line(`prefill of ${prompt.length}`, 'tok/s', (1000 * prompt.length) / median(prefill));
  const onDevice = await executor.deviceTime(software ? 1 : 10);
  line(
    `prefill of ${prompt.length}, device only`,
    'TFLOP/s',
    (prefillFlops * prompt.length) / (onDevice * 1e9),
    tflops,
  );
  await printProfile(executor, `${label} prefill`);
  for (const batch of software ? [1, 8] : [1, 8, 64]) {
    const sequences = Array.from({ length: batch }, () => kv.newSequence());
    await step(executor, kv, sequences, prompt.slice(0, 32));
    const times: number[] = [];
    for (let i = 0; i < (software ? 3 : 40); i++) {
      const started = performance.now();
      await step(executor, kv, sequences, [i]);
      if (i > (software ? 0 : 7)) times.push(performance.now() - started);
    }
    const perStep = median(times);
    line(`decode, batch ${batch}`, 'tok/s', (1000 * batch) / perStep);
    const only = await executor.deviceTime(software ? 1 : 20);
    line(`decode, batch ${batch}, device only`, 'GB/s', bytes / (only * 1e6), gbs);
    console.error(
      `${label} batch ${batch}: ${executor.dispatches(batch, batch)} dispatches, record ${executor.timeRecording().toFixed(2)} ms (in front of a pass ${executor.recordTime.toFixed(2)}), device ${only.toFixed(3)} ms, step ${perStep.toFixed(3)} ms, ${((flops * batch) / (only * 1e9)).toFixed(2)} TFLOP/s`,
    );
    await printProfile(executor, `${label} decode batch ${batch}`);
    for (const sequence of sequences) sequence.dispose();
  }
  kv.dispose();
  executor.dispose();
}

async function printProfile(executor: WebgpuExecutor, label: string): Promise<void> {
  const times = await executor.profile();
  if (times === undefined) return;
  const all = times.reduce((sum, { microseconds }) => sum + microseconds, 0);
  const text = times.map(
    ({ sort, count, microseconds }) =>
      `${sort} ${count}x ${(microseconds / count).toFixed(1)} us (${((100 * microseconds) / all).toFixed(0)} %)`,
  );
  console.error(`  ${label}, a timestamp a dispatch: ${(all / 1000).toFixed(3)} ms; ${text.join(', ')}`);
}
