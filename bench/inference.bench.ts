// Decode and prefill of SmolLM2-135M-Instruct (GGUF), ours on the simd backend beside node-llama-cpp in the same run, two threads each, in alternation;
// then what a batch of sixteen gains, and how far decoding is from the memory's speed.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chooseBackend, loadModel, type Model } from '@ashlar/core';
import { alternate, peer, type Report, seconds } from './measure.ts';

const shared = join(
  dirname(fileURLToPath(import.meta.url)),
  '..',
  '..',
  'shared',
  'data',
  'models',
  'smollm2',
);
const file = join(shared, 'SmolLM2-135M-Instruct.Q4_1.gguf');
const decodeTokens = 64;
const prefillTokens = 512;
const rounds = 5;

// What we need of node-llama-cpp's objects.
interface LlamaSequence {
  evaluate(tokens: number[], options: object): AsyncIterable<number>;
  evaluateWithoutGeneratingNewTokens(tokens: number[]): Promise<void>;
  clearHistory(): Promise<void>;
}
interface LlamaPeer {
  getLlama(options: object): Promise<{
    loadModel(options: object): Promise<{
      createContext(options: object): Promise<{ getSequence(): LlamaSequence }>;
    }>;
  }>;
}

const ids = (count: number): number[] => Array.from({ length: count }, (_, i) => 1000 + ((i * 7919) % 20000));

export async function run(report: Report): Promise<void> {
  if (!existsSync(file)) {
    report({
      metric: 'SmolLM2 Q4_1',
      unit: 'tok/s',
      ours: 0,
      peer: 'none',
      peerValue: null,
      reason: `${file} is not here`,
    });
    return;
  }
  await chooseBackend('simd');
  const loadOurs = await seconds(async () => (await loadModel(file)).dispose());
  const model = await loadModel(file);
  const theirs = await openLlama();
  const sequence = 'reason' in theirs ? undefined : theirs.sequence;
  const absent = 'reason' in theirs ? { reason: theirs.reason } : {};

  const decode = await alternate(
    {
      ours: () => decodeRate(model, 1),
      theirs: sequence === undefined ? () => 0 : () => llamaDecode(sequence),
    },
    rounds,
  );
  const base = { peer: 'node-llama-cpp 3.22.1', runs: rounds, ...absent };
  const value = (x: number) => (sequence === undefined ? null : x);
  report({
    ...base,
    metric: 'decode, Q4_1',
    unit: 'tok/s',
    ours: decode.ours,
    peerValue: value(decode.theirs),
  });

  const prefill = await alternate(
    {
      ours: () => prefillRate(model),
      theirs: sequence === undefined ? () => 0 : () => llamaPrefill(sequence),
    },
    rounds,
  );
  report({
    ...base,
    metric: `prefill of ${prefillTokens}, Q4_1`,
    unit: 'tok/s',
    ours: prefill.ours,
    peerValue: value(prefill.theirs),
  });

  const batch = await alternate({ one: () => decodeRate(model, 1), sixteen: () => decodeRate(model, 16) }, 3);
  report({
    metric: 'decode of 16 sequences at once',
    unit: 'tok/s',
    ours: batch.sixteen,
    peer: 'ours, one after the other',
    peerValue: batch.one,
    runs: 3,
  });

  const bandwidth = await memoryBandwidth();
  const achieved = (decode.ours * model.weightBytes) / 1e9;
  report({
    metric: 'weights read a second while decoding',
    unit: 'GB/s',
    ours: achieved,
    peer: 'memory (two threads reading)',
    peerValue: bandwidth,
    runs: rounds,
  });

  const loadTheirs = 'reason' in theirs ? null : theirs.loadSeconds;
  report({
    ...base,
    metric: 'load, warm file',
    unit: 's',
    ours: loadOurs,
    peerValue: loadTheirs,
    runs: 1,
    lowerIsBetter: true,
  });
  model.dispose();
}

async function decodeRate(model: Model, count: number): Promise<number> {
  const sequences = Array.from({ length: count }, () => model.newSequence());
  await model.step(sequences.map((sequence, i) => ({ sequence, ids: ids(16 + i) })));
  const time = await seconds(async () => {
    for (let t = 0; t < decodeTokens; t++)
      await model.step(sequences.map((sequence) => ({ sequence, ids: [1000 + t] })));
  });
  for (const sequence of sequences) sequence.dispose();
  return (decodeTokens * count) / time;
}

async function prefillRate(model: Model): Promise<number> {
  using sequence = model.newSequence();
  return prefillTokens / (await seconds(() => model.step([{ sequence, ids: ids(prefillTokens) }])));
}

async function openLlama(): Promise<{ reason: string } | { sequence: LlamaSequence; loadSeconds: number }> {
  const found = await peer<LlamaPeer>('node-llama-cpp');
  if ('reason' in found) return found;
  try {
    const llama = await found.module.getLlama({
      gpu: false,
      build: 'never',
      logLevel: 'disabled',
      maxThreads: 2,
    });
    let sequence: LlamaSequence | undefined;
    const loadSeconds = await seconds(async () => {
      const model = await llama.loadModel({ modelPath: file });
      const context = await model.createContext({
        contextSize: 1024,
        batchSize: 512,
        threads: { ideal: 2, min: 2 },
      });
      sequence = context.getSequence();
    });
    return { sequence: sequence as LlamaSequence, loadSeconds };
  } catch (error) {
    return { reason: `node-llama-cpp does not start: ${(error as Error).message.split('\n')[0]}` };
  }
}

async function llamaDecode(sequence: LlamaSequence): Promise<number> {
  await sequence.clearHistory();
  await sequence.evaluateWithoutGeneratingNewTokens(ids(16));
  let start = performance.now();
  let count = -1; // the first token includes the prompt's end
  for await (const _ of sequence.evaluate([1000], { temperature: 0, yieldEogToken: true })) {
    if (++count === 0) start = performance.now();
    if (count === decodeTokens) break;
  }
  return count / ((performance.now() - start) / 1000);
}

async function llamaPrefill(sequence: LlamaSequence): Promise<number> {
  await sequence.clearHistory();
  return (
    prefillTokens / (await seconds(() => sequence.evaluateWithoutGeneratingNewTokens(ids(prefillTokens))))
  );
}

// A sum over 256 MB by the same machine that decodes, so that the limit is measured with the same threads.
async function memoryBandwidth(): Promise<number> {
  const tf = await import('@tensorflow/tfjs-core');
  const big = tf.zeros([8192, 8192]);
  const time = async () => {
    const sum = tf.max(big, 1);
    await sum.data();
    sum.dispose();
  };
  await time();
  const rates: number[] = [];
  for (let i = 0; i < 5; i++) rates.push((8192 * 8192 * 4) / (await seconds(time)) / 1e9);
  big.dispose();
  return Math.max(...rates);
}
