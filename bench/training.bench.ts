// Tokens a second of one training step (forward, backward, clip, AdamW) of a Llama-like decoder: 4 layers, 128 wide, vocabulary 1024, rows of 128 tokens, 16 a step. Ours is the trainer on the simd
// backend; the peers are the same trainer on tfjs's own backends (2 rows a step on wasm, 1 on cpu, which are slow) and PyTorch with 2 threads. The tensorflow backend (libtensorflow, where
// its binding was built: docs/tensorflow.md) is measured against PyTorch too.
// (`ASHLAR_PYTHON` names a Python that has it; default python3).
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  adamw,
  type BackendName,
  chooseBackend,
  disposeTrainState,
  initParameters,
  initTrainState,
  languageModelObjective,
  parseModelConfig,
  type TokenBatch,
  type TrainState,
  trainStep,
} from '@ashlar/core';
import { createRandom } from '@ashlar/sampling';
import * as tf from '@tensorflow/tfjs-core';
import { peers } from '../peers/modules.ts';
import { median, type Report } from './measure.ts';

const config = parseModelConfig({
  model_type: 'llama',
  vocab_size: 1024,
  hidden_size: 128,
  intermediate_size: 352,
  num_hidden_layers: 4,
  num_attention_heads: 4,
  num_key_value_heads: 4,
  max_position_embeddings: 128,
  rms_norm_eps: 1e-6,
  rope_theta: 10000,
  tie_word_embeddings: true,
});
const objective = languageModelObjective(config);
const optimizer = adamw({ weightDecay: 0.1 });
const random = createRandom(1);

function batchOf(rows: number, step: number): TokenBatch {
  const ids = Int32Array.from({ length: rows * 128 }, (_, i) =>
    Math.floor(random.uniform('ids', step, 0, i) * 1024),
  );
  return { rows, length: 128, ids, labels: ids.slice() };
}

/** A run on one tfjs backend that makes a step at a time, so that contestants can alternate. */
async function contestant(
  backend: BackendName,
  rows: number,
): Promise<{ step(): Promise<number>; end(): Promise<void> }> {
  await chooseBackend(backend, { peers });
  let state: TrainState = initTrainState(initParameters(config, random), optimizer);
  let count = 0;
  return {
    async step() {
      await chooseBackend(backend, { peers });
      const batch = batchOf(rows, count++);
      const start = performance.now();
      const result = await trainStep(state, [batch], objective, {
        optimizer,
        learningRate: 1e-3,
        maxNorm: 1,
      });
      state = result.state;
      return (rows * 128) / ((performance.now() - start) / 1000);
    },
    async end() {
      await chooseBackend(backend, { peers });
      disposeTrainState(state);
    },
  };
}

async function torch(): Promise<{ value: number } | { reason: string }> {
  const python = process.env['ASHLAR_PYTHON'] ?? 'python3';
  const script = fileURLToPath(new URL('./train-torch.py', import.meta.url));
  try {
    const { stdout } = await promisify(execFile)(python, [script, '8'], { timeout: 150_000 });
    return { value: (JSON.parse(stdout) as { tokensPerSecond: number }).tokensPerSecond };
  } catch (error) {
    return { reason: `${python} with torch: ${(error as Error).message.trim().split('\n').at(-1)}` };
  }
}

const absent = (name: string) => (error: unknown) => ({
  reason: `${name}: ${(error as Error).message.split('\n')[0]}`,
});

export async function run(report: Report): Promise<void> {
  const rounds = 5;
  const metric = 'training step, 0.95M parameters';
  const line = (peer: string, ours: number, peerValue: number | null, reason?: string, name = metric): void =>
    report({
      metric: name,
      unit: 'tok/s',
      ours,
      peer,
      peerValue,
      runs: rounds,
      ...(reason === undefined ? {} : { reason }),
    });
  const ours = await contestant('simd', 16);
  const wasm = await contestant('wasm', 2).catch(absent('wasm'));
  const cpu = await contestant('cpu', 1).catch(absent('cpu'));
  const native = await contestant('tensorflow', 16).catch(absent('tensorflow'));
  const seen: Record<'simd' | 'wasm' | 'cpu' | 'native' | 'torch', number[]> = {
    simd: [],
    wasm: [],
    cpu: [],
    native: [],
    torch: [],
  };
  let torchReason: string | undefined;
  await ours.step();
  if ('step' in wasm) await wasm.step();
  if ('step' in native) await native.step();
  for (let round = 0; round < rounds; round++) {
    seen.simd.push(await ours.step());
    if ('step' in wasm) seen.wasm.push(await wasm.step());
    if ('step' in native) seen.native.push(await native.step());
    if ('step' in cpu && round < 2) seen.cpu.push(await cpu.step());
    if (torchReason === undefined) {
      const result = await torch();
      if ('value' in result) seen.torch.push(result.value);
      else torchReason = result.reason;
    }
  }
  const value = (list: readonly number[]): number | null => (list.length === 0 ? null : median(list));
  const simd = median(seen.simd);
  line('PyTorch, 2 threads', simd, value(seen.torch), torchReason);
  line(
    "the same trainer on tfjs's wasm backend",
    simd,
    value(seen.wasm),
    'reason' in wasm ? wasm.reason : undefined,
  );
  line(
    "the same trainer on tfjs's cpu backend",
    simd,
    value(seen.cpu),
    'reason' in cpu ? cpu.reason : undefined,
  );
  line(
    '@genai-fi/nanogpt',
    simd,
    null,
    'its postinstall patches @tensorflow/tfjs in place (patch-package), which would change the other contestants; install scripts do not run here',
  );
  const onTensorflow = value(seen.native);
  line(
    'the same trainer on the tensorflow backend',
    simd,
    onTensorflow,
    'reason' in native ? native.reason : undefined,
  );
  if (onTensorflow !== null)
    line(
      'PyTorch, 2 threads',
      onTensorflow,
      value(seen.torch),
      torchReason,
      'training step on the tensorflow backend',
    );
  await ours.end();
  for (const one of [wasm, cpu, native]) if ('end' in one) await one.end();
  tf.disposeVariables();
}
