// The webgpu executor: what the host spends on recording a token (on Dawn's device that does nothing), dispatches a token, and decode and prefill on the adapter at hand, with random
// weights in the shape of SmolLM2-135M and of a Llama of one billion. `--peak-gbs` and `--peak-tflops` are the card's limits, for the share of the roofline. A software adapter gets
// two layers of the small shape only. Parts for `--only`: record, chromium, throughput.
import { chooseBackend, createModel, initParameters, type StoredDtype } from '@ashlar/core';
import { createRandom } from '@ashlar/sampling';
import type { ModelConfig } from '../packages/core/src/models/model-config.ts';
import { listParameters } from '../packages/core/src/models/parameters.ts';
import type { WebgpuExecutor } from '../packages/core/src/runtime/webgpu/webgpu-executor.ts';
import { allowSwiftShader, peers } from '../peers/modules.ts';
import { median, type Report } from './measure.ts';
import { recordInChromium, reportRecords } from './webgpu-in-chromium.ts';
import { billion, load, shape, small, step, timeRecords } from './webgpu-models.ts';

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
  const only = options.only as readonly string[] | undefined;
  const wanted = (part: string) => only === undefined || only.includes(part);
  if (wanted('record')) await recordOverhead(report);
  if (wanted('chromium')) await recordInChromium(report);
  if (!wanted('throughput')) return;
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
  // Narrow, too, because Dawn's null device has 256 MB.
  const times = await timeRecords(50);
  reportRecords(report, times, 'Node', 4);
  const config = shape(24, 256, 768, 4, 2, 4096);
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
    metric: `record a token, 24 layers, ${times.dispatches} dispatches`,
    unit: 'ms',
    ours: median([...times.records]),
    peer: 'composite path',
    peerValue: median(composite),
    lowerIsBetter: true,
    runs: times.records.length,
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
