// Trains the embedded model with this library's own trainer, under a schedule bound to the clock or to a number of steps:
//   node --conditions=@ashlar/source --import tsx scripts/embedded-model/train.ts --backend simd --minutes 60 --out FOLDER
// The learning rate warms up, stays, and falls linearly to zero over the last part of the allotted time, so a run always ends finished. Muon for the matrices of the layers, AdamW for the
// embedding and the norms. FOLDER is a model at any time after the first minute: config.json, model.safetensors (F16), tokenizer.json, tokenizer_config.json, generation_config.json,
// beside log.jsonl and result.json.
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import {
  adamw,
  type BackendName,
  bitsPerByte,
  byGroup,
  chooseBackend,
  countSupervised,
  disposeTrainState,
  initParameters,
  initTrainState,
  isHiddenMatrix,
  languageModelObjective,
  loadModel,
  muon,
  parseModelConfig,
  sourceOf,
  storedWeights,
  type TokenBatch,
  tokenNegativeLogProbs,
  train,
  writeHuggingFace,
} from '@ashlar/core';
import { nodeOutputFolder } from '@ashlar/core/node';
import { createRandom } from '@ashlar/sampling';
import * as tf from '@tensorflow/tfjs-core';
import { storyBatches } from './story-batches.ts';
import { readStoryTokenizer, storyTokenizerConfig, trainStoryTokenizer } from './story-tokenizer.ts';

interface DataTask {
  readonly tokenizer: object;
  readonly seed: number;
  readonly rows: number;
  readonly multiple: number;
  readonly from?: number;
  readonly focus?: { readonly share: number; readonly plots: readonly string[] };
}

// Stories are told and encoded in a second thread, a few batches ahead.
if (!isMainThread) {
  const { tokenizer, seed, ...shape } = workerData as DataTask;
  const batchAt = storyBatches(readStoryTokenizer(tokenizer), createRandom(seed), shape);
  parentPort!.on('message', (index: number) => parentPort!.postMessage({ index, batch: batchAt(index) }));
} else await main();

function batchesFromWorker(
  task: DataTask,
  ahead = 24,
): { at(index: number): Promise<TokenBatch>; end(): void } {
  const worker = new Worker(thisModule(), { workerData: task });
  const waiting = new Map<number, (batch: TokenBatch) => void>();
  const ready = new Map<number, Promise<TokenBatch>>();
  worker.on('message', ({ index, batch }: { index: number; batch: TokenBatch }) =>
    waiting.get(index)?.(batch),
  );
  worker.on('error', (error) => {
    throw error;
  });
  const ask = (index: number): void => {
    if (ready.has(index)) return;
    ready.set(index, new Promise((resolve) => waiting.set(index, resolve)));
    worker.postMessage(index);
  };
  return {
    async at(index) {
      for (let i = index; i <= index + ahead; i++) ask(i);
      const batch = await ready.get(index)!;
      ready.delete(index);
      waiting.delete(index);
      return batch;
    },
    end: () => void worker.terminate(),
  };
}

/** This module for a worker: itself when bundled; as TypeScript it needs tsx's hooks, which Node 20 does not hand to workers. */
function thisModule(): URL {
  const own = import.meta.url;
  if (!own.endsWith('.ts')) return new URL(own);
  const tsx = pathToFileURL(
    createRequire(own)
      .resolve('tsx')
      .replace(/loader\.mjs$/, 'esm/api/index.mjs'),
  ).href;
  const code = `import { register } from ${JSON.stringify(tsx)}; register(); await import(${JSON.stringify(own)});`;
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      backend: { type: 'string', default: 'simd' },
      threads: { type: 'string' },
      minutes: { type: 'string' },
      steps: { type: 'string' },
      out: { type: 'string' },
      rows: { type: 'string', default: '48' },
      multiple: { type: 'string', default: '32' },
      layers: { type: 'string', default: '6' },
      width: { type: 'string', default: '160' },
      hidden: { type: 'string', default: '448' },
      vocabulary: { type: 'string', default: '2048' },
      seed: { type: 'string', default: '1' },
      rate: { type: 'string', default: '0.004' },
      'muon-scale': { type: 'string', default: '5' },
      decay: { type: 'string', default: '0.5' },
      warmup: { type: 'string', default: '60' },
      from: { type: 'string' },
      first: { type: 'string' },
      focus: { type: 'string' },
      share: { type: 'string', default: '0.5' },
      optimizer: { type: 'string', default: 'muon' },
      software: { type: 'boolean', default: false },
      dawn: { type: 'string' },
      verbose: { type: 'boolean', default: false },
    },
  });
  const number = (name: keyof typeof values, text = values[name] as string): number => {
    const value = Number(text);
    if (!(value > 0)) throw new RangeError(`--${name}: expected a positive number, got ${text}`);
    return value;
  };
  if (values.out === undefined) throw new TypeError('--out: expected a folder, got nothing');
  if ((values.minutes === undefined) === (values.steps === undefined))
    throw new TypeError('--minutes, --steps: expected one of them');
  const { out } = values;
  await mkdir(out, { recursive: true });
  const begun = performance.now();
  const say = async (record: Record<string, unknown>): Promise<void> => {
    console.log(JSON.stringify(record));
    await appendFile(join(out, 'log.jsonl'), `${JSON.stringify(record)}\n`);
  };

  const backend = values.backend as BackendName;
  if (backend === 'simd' && values.threads !== undefined) {
    const { registerSimdBackend } = await import('@ashlar/core/simd');
    await registerSimdBackend({ threads: number('threads') });
    await tf.setBackend('simd');
  }
  // The bundle finds the peer `webgpu` through NODE_PATH, which import() does not read and require() does.
  const require = createRequire(import.meta.url);
  const peers = { webgpu: async () => import(pathToFileURL(require.resolve('webgpu')).href) };
  const { device } =
    backend === 'simd' && values.threads !== undefined
      ? { device: `simd, ${values.threads} threads` }
      : await chooseBackend(backend, {
          peers,
          allowSoftwareGpu: values.software,
          ...(values.dawn === undefined ? {} : { dawnFlags: values.dawn.split(',') }),
        });
  // Fewer submissions: a step is some hundreds of small programs.
  if (backend === 'webgpu') tf.env().set('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE', 64);

  const tokenizerJson = await trainStoryTokenizer(number('vocabulary'));
  const tokenizer = readStoryTokenizer(tokenizerJson);
  const rawConfig = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: tokenizer.vocabSize,
    hidden_size: number('width'),
    intermediate_size: number('hidden'),
    num_hidden_layers: number('layers'),
    num_attention_heads: number('width') / 32,
    num_key_value_heads: number('width') / 32,
    head_dim: 32,
    hidden_act: 'silu',
    max_position_embeddings: 512,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    attention_bias: false,
    mlp_bias: false,
    initializer_range: 0.02,
    tie_word_embeddings: true,
    bos_token_id: 0,
    eos_token_id: 0,
    use_cache: true,
    torch_dtype: 'float16',
  };
  const config = parseModelConfig(rawConfig);
  const random = createRandom(number('seed'));
  if (values.optimizer !== 'muon' && values.optimizer !== 'adamw')
    throw new RangeError(`--optimizer: expected muon or adamw, got ${values.optimizer}`);
  const optimizer =
    values.optimizer === 'adamw'
      ? adamw({ weightDecay: 0.05 })
      : byGroup([
          {
            match: isHiddenMatrix,
            optimizer: muon({ weightDecay: 0.01 }),
            learningRateScale: number('muon-scale'),
          },
          { match: () => true, optimizer: adamw() },
        ]);
  const files = new Map(
    Object.entries({
      'tokenizer.json': tokenizerJson,
      'tokenizer_config.json': storyTokenizerConfig,
      'generation_config.json': {
        bos_token_id: 0,
        eos_token_id: 0,
        pad_token_id: 0,
        do_sample: true,
        temperature: 0.7,
        top_p: 0.95,
      },
    }).map(([name, value]) => [name, new TextEncoder().encode(`${JSON.stringify(value, null, 1)}\n`)]),
  );
  const saveModel = (parameters: ReadonlyMap<string, tf.Tensor>): Promise<unknown> =>
    writeHuggingFace(
      {
        config: rawConfig,
        weights: storedWeights(config, parameters),
        assets: { file: async (name) => files.get(name) },
      },
      nodeOutputFolder(out),
      { dtype: 'F16' },
    );

  // Held-out stories: another seed.
  const validation = storyBatches(tokenizer, createRandom(2), { rows: 32, window: 6 });
  const heldOut = async (parameters: ReadonlyMap<string, tf.Tensor>): Promise<number> => {
    let [nats, tokens, bytes] = [0, 0, 0];
    for (let i = 0; i < 6; i++) {
      const batch = validation(i);
      const losses = tf.tidy(() => tf.sum(tokenNegativeLogProbs(config, sourceOf(parameters), batch)));
      nats += (await losses.data())[0];
      losses.dispose();
      tokens += countSupervised(batch);
      for (const id of batch.labels) if (id > 0) bytes += tokenizer.tokenBytes(id)?.length ?? 0;
    }
    return bitsPerByte(nats / tokens, tokens, bytes);
  };

  const start = values.from === undefined ? initParameters(config, random) : await parametersOf(values.from);
  const count = [...start.values()].reduce((n, t) => n + t.size, 0);
  const rows = number('rows');
  const setUp = (performance.now() - begun) / 1000;
  await say({
    device,
    parameters: count,
    rows,
    setUpSeconds: Math.round(setUp),
    options: { ...values, out: undefined },
  });
  const multiple = number('multiple');
  const data = batchesFromWorker({
    ...{ tokenizer: tokenizerJson, seed: number('seed'), rows, multiple },
    ...(values.first === undefined ? {} : { from: number('first') }),
    ...(values.focus === undefined
      ? {}
      : { focus: { share: number('share'), plots: values.focus.split(',') } }),
  });

  const warmup = number('warmup');
  const decay = number('decay');
  const peak = number('rate');
  const stop = new AbortController();
  const from = performance.now();
  let steps = 0;
  /** How much of the run is over, 0 to 1. */
  const passed = (): number =>
    values.steps === undefined
      ? (performance.now() - from) / (60_000 * number('minutes'))
      : steps / number('steps');
  let [seen, learned, mean, said, kept] = [0, 0, 0, from, from];
  const end = await train(initTrainState(start, optimizer), {
    objective: languageModelObjective(config),
    optimizer,
    schedule: (step) => peak * Math.max(1e-4, Math.min(1, step / warmup, (1 - passed()) / decay)),
    steps: values.steps === undefined ? Number.MAX_SAFE_INTEGER : number('steps'),
    batchAt: (index) => data.at(index),
    signal: stop.signal,
    maxSkippedInARow: 3,
    async onStep(entry, state) {
      steps = entry.step;
      seen += entry.tokens;
      learned += entry.weight;
      mean = mean === 0 ? entry.loss : 0.95 * mean + 0.05 * entry.loss;
      const now = performance.now();
      const isOver = passed() >= 1;
      if (isOver) stop.abort();
      if (isOver || steps <= 3 || values.verbose || now - said > 5000) {
        said = now;
        const seconds = (now - from) / 1000;
        await say({
          step: steps,
          seconds: Math.round(seconds * 10) / 10,
          stories: steps * rows,
          tokens: learned,
          loss: Number(mean.toFixed(4)),
          gradNorm: Number(entry.gradNorm.toFixed(3)),
          tokensPerSecond: Math.round(learned / seconds),
          withPadding: Math.round(seen / seconds),
          rate: Number(entry.learningRate.toPrecision(3)),
          tensors: tf.memory().numTensors,
          ...(backend === 'webgpu' ? { deviceMegabytes: deviceMegabytes() } : {}),
        });
      }
      if (!isOver && now - kept > 60_000) {
        kept = now;
        await saveModel(state.parameters);
      }
    },
  });
  data.end();
  const seconds = (performance.now() - from) / 1000;
  await saveModel(end.parameters);
  const result = {
    ...{ device, backend, parameters: count, steps, rows, stories: steps * rows, tokens: learned },
    seconds: Math.round(seconds),
    tokensPerSecond: Math.round(learned / seconds),
    loss: Number(mean.toFixed(4)),
    heldOutBitsPerByte: Number((await heldOut(end.parameters)).toFixed(5)),
    options: { ...values, out: undefined },
  };
  disposeTrainState(end);
  await writeFile(join(out, 'result.json'), `${JSON.stringify(result, null, 2)}\n`);
  await say(result);
  process.exit(0);
}

/** Megabytes of buffers that the webgpu backend holds, free ones for later use included. */
function deviceMegabytes(): number {
  const memory = tf.memory() as tf.MemoryInfo & { numBytesAllocatedInGPU?: number };
  return Math.round((memory.numBytesAllocatedInGPU ?? 0) / 1e6);
}

async function parametersOf(folder: string): Promise<Map<string, tf.Tensor>> {
  const model = await loadModel(folder, { backend: tf.getBackend() as BackendName });
  const parameters = new Map([...model.parameters].map(([name, t]) => [name, tf.keep(tf.clone(t))]));
  model.dispose();
  return parameters;
}
