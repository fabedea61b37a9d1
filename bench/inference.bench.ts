// SmolLM2-135M-Instruct (GGUF), ours on the simd backend beside llama.cpp in the same run, two threads each, in alternation: decoding and prompts, through
// node-llama-cpp's API, through its engine alone and through llama-cpp-python; batches; how far decoding is from the memory's speed; llama2.c; load and memory.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chooseBackend, loadModel, type Model } from '@ashlar/core';
import { registerSimdBackend } from '@ashlar/core/simd';
import { backend } from '@tensorflow/tfjs-core';
import type { SimdBackend } from '../packages/core/src/backends/simd/simd-backend.ts';
import { wallClock } from './inference/clocks.ts';
import { barrierCost, decodeProfile } from './inference/decode-profile.ts';
import { llama2c, requantised, smollm2, stories15M } from './inference/files.ts';
import { kernelPeak } from './inference/kernel-peak.ts';
import { memoryBandwidth } from './inference/memory-bandwidth.ts';
import { openNodeLlama } from './inference/node-llama.ts';
import { prompt } from './inference/prompt.ts';
import { openPythonLlama } from './inference/python-llama.ts';
import { openTransformersJs, transformersJs } from './inference/transformers-js.ts';
import { width } from './inference/width.ts';
import { alternate, median, type Report, seconds } from './measure.ts';

const decodeTokens = 64;
const prefillTokens = 512;
const rounds = 5;
const nodeLlama = 'node-llama-cpp 3.22.1';
const execute = promisify(execFile);

async function decodeRate(model: Model, count: number, tokens = decodeTokens): Promise<number> {
  const sequences = Array.from({ length: count }, () => model.newSequence());
  await model.step(sequences.map((sequence, i) => ({ sequence, ids: prompt(16 + i) })));
  const time = await seconds(async () => {
    for (let t = 0; t < tokens; t++)
      await model.step(sequences.map((sequence) => ({ sequence, ids: [1000 + t] })));
  });
  for (const sequence of sequences) sequence.dispose();
  return (tokens * count) / time;
}

type Section = (report: Report) => Promise<void>;

/** Decoding and prompts of one file beside every way to llama.cpp. */
async function beside(report: Report, file: string, label: string, parts: readonly ('decode' | 'prefill')[]) {
  const model = await loadModel(file);
  // Prompts rounded to 8 bits, as llama.cpp does: an option, reported for itself.
  const bytes = label === 'Q8_0' ? undefined : await loadModel(file, { activations: 'int8' });
  const api = await openNodeLlama(file);
  const python = await openPythonLlama(file);
  const onnx = file === smollm2 ? await openTransformersJs(file) : { reason: 'only of the Q4_1 file' };
  const hugging = 'reason' in onnx ? undefined : onnx;
  const node = 'reason' in api ? undefined : api;
  const native = 'reason' in python ? undefined : python;
  const whyNode = 'reason' in api ? { reason: api.reason } : {};
  const whyNative = 'reason' in python ? { reason: python.reason } : {};
  for (const part of parts) {
    const count = part === 'decode' ? decodeTokens : prefillTokens;
    const engine: number[] = [];
    const rates = await alternate(
      {
        ours: () => (part === 'decode' ? decodeRate(model, 1) : prefillRate(model)),
        node: async () => {
          const rate = (await node?.[part](count)) ?? 0;
          engine.push(node?.engineRate() ?? 0);
          return rate;
        },
        native: async () => (await native?.ask(part, count)) ?? 0,
        hugging: async () => (await hugging?.[part](count)) ?? 0,
        bytes: async () => (part === 'prefill' && bytes !== undefined ? prefillRate(bytes) : 0),
      },
      rounds,
    );
    const metric = part === 'decode' ? `decode, ${label}` : `prefill of ${count}, ${label}`;
    const line = { metric, unit: 'tok/s', ours: rates.ours, runs: rounds };
    if (part === 'prefill' && bytes !== undefined) {
      const rounded = { ...line, metric: `${metric}, activations int8`, ours: rates.bytes };
      report({ ...rounded, peer: nodeLlama, peerValue: node ? rates.node : null, ...whyNode });
      report({ ...rounded, peer: 'ours, int16', peerValue: rates.ours });
    }
    report({ ...line, peer: nodeLlama, peerValue: node ? rates.node : null, ...whyNode });
    if (part === 'decode') {
      const value = node && median(engine.slice(1));
      report({ ...line, peer: `${nodeLlama}, its engine alone`, peerValue: value || null, ...whyNode });
    }
    const name = native === undefined ? 'llama-cpp-python' : `llama-cpp-python ${native.version}`;
    report({ ...line, peer: name, peerValue: native ? rates.native : null, ...whyNative });
    if (file === smollm2) {
      const why = 'reason' in onnx ? onnx : {};
      report({ ...line, peer: transformersJs, peerValue: hugging ? rates.hugging : null, ...why });
    }
    if (part === 'decode') {
      const bandwidth = memoryBandwidth(wallClock);
      report({
        metric: `weights read a second while decoding, ${label}`,
        unit: 'GB/s',
        ours: (rates.ours * model.weightBytes) / 1e9,
        peer: 'memory (a thread copying)',
        peerValue: bandwidth,
        runs: rounds,
      });
    }
  }
  native?.dispose();
  await hugging?.dispose();
  await node?.dispose();
  bytes?.dispose();
  model.dispose();
}

const sections: Readonly<Record<string, Section>> = {
  q41: (report) => beside(report, smollm2, 'Q4_1', ['decode', 'prefill']),
  q80: async (report) => beside(report, await requantised('Q8_0'), 'Q8_0', ['decode', 'prefill']),
  q40: async (report) => beside(report, await requantised('Q4_0'), 'Q4_0', ['decode', 'prefill']),
  async batch(report) {
    const model = await loadModel(smollm2);
    const bytes = await loadModel(smollm2, { activations: 'int8' });
    const batch = await alternate(
      {
        one: () => decodeRate(model, 1),
        sixteen: () => decodeRate(model, 16, 16),
        bytes: () => decodeRate(bytes, 16, 16),
      },
      3,
    );
    const line = { unit: 'tok/s', peer: 'ours, one after the other', peerValue: batch.one, runs: 3 };
    report({ ...line, metric: 'decode of 16 sequences at once', ours: batch.sixteen });
    report({ ...line, metric: 'decode of 16 sequences at once, activations int8', ours: batch.bytes });
    model.dispose();
    bytes.dispose();
  },
  async cpu(report) {
    for (const [label, file] of [
      ['Q4_1', smollm2],
      ['Q8_0', await requantised('Q8_0')],
    ] as const) {
      const child = await inChild('cpu-child.ts', file);
      const { decode, theirDecode, prefill, theirPrefill, sixteen, weightBytes, bandwidth, peak, reason } =
        child;
      const unit = 'tok/s of CPU time';
      const line = { unit, peer: nodeLlama, runs: 5, ...(reason === undefined ? {} : { reason }) };
      const value = (rate: number) => (reason === undefined ? rate : null);
      report({
        ...line,
        metric: `decode, ${label}, one thread`,
        ours: decode,
        peerValue: value(theirDecode),
      });
      report({
        ...line,
        metric: `prefill of 512, ${label}, one thread`,
        ours: prefill,
        peerValue: value(theirPrefill),
      });
      const batch = { unit, runs: 5, peer: 'ours, one after the other', peerValue: decode };
      report({ ...batch, metric: `16 sequences at once, ${label}, one thread`, ours: sixteen });
      if (label !== 'Q8_0') {
        const rounded = `${label}, activations int8, one thread`;
        const metric = `prefill of 512, ${rounded}`;
        report({ ...line, metric, ours: child.prefillBytes, peerValue: value(theirPrefill) });
        report({ ...batch, metric: `16 sequences at once, ${rounded}`, ours: child.sixteenBytes });
      }
      report({
        unit: 'GB/s of CPU time',
        runs: 5,
        metric: `weights read while decoding, ${label}, one thread`,
        ours: (decode * weightBytes) / 1e9,
        peer: 'memory (a thread copying)',
        peerValue: bandwidth,
      });
      report({
        unit: 'GMAC/s of CPU time',
        runs: 12,
        metric: `blocked product in cache, ${label}, one thread`,
        ours: peak.packed,
        peer: 'ours in float32',
        peerValue: peak.float,
      });
    }
  },
  async step(report) {
    const { one, sixteen, bytes, peak } = await inChild('step-child.ts', smollm2);
    const line = { unit: 'ms of CPU time', runs: 12, peer: 'sixteen steps of one', peerValue: 16 * one };
    const metric = `a step of 16 sequences, one thread, ${width} bits`;
    report({ ...line, metric, ours: sixteen, lowerIsBetter: true });
    report({ ...line, metric: `${metric}, activations int8`, ours: bytes, lowerIsBetter: true });
    const product = { unit: 'GMAC/s of CPU time', runs: 12, peer: 'in float32', peerValue: peak.float };
    report({ ...product, metric: `blocked product in cache, ${width} bits`, ours: peak.packed });
    report({ ...product, metric: `the same, activations int8`, ours: peak.bytes });
  },
  async peak(report) {
    const metric = 'multiply-adds a second in cache, blocked product of packed weights';
    const [one, two] = [await kernelPeak(1, wallClock, width), await kernelPeak(2, wallClock, width)];
    for (const [kind, label] of [
      ['packed', ''],
      ['bytes', ', activations int8'],
      ['float', ', float32'],
    ] as const) {
      const line = { metric: `${metric}${label}, two threads`, unit: 'GMAC/s', ours: two[kind], runs: 12 };
      report({ ...line, peer: 'one thread', peerValue: one[kind] });
    }
  },
  async profile(report) {
    const { machine } = backend() as SimdBackend;
    for (const [activations, count, label] of [
      ['int16', 1, ''],
      ['int16', 16, ', 16 sequences'],
      ['int8', 16, ', 16 sequences, activations int8'],
    ] as const) {
      const model = await loadModel(smollm2, { activations });
      const tokens = count === 1 ? 64 : 16;
      const parts = await decodeProfile(model, machine, wallClock, { tokens, count });
      const all = Object.values(parts).reduce((a, b) => a + b, 0);
      const line = { unit: 'us', runs: tokens, peerValue: all, lowerIsBetter: true };
      const peer = 'a step, instruction by instruction';
      for (const [name, ours] of Object.entries(parts))
        report({ ...line, metric: `time in ${name}${label}`, ours, peer });
      if (count === 1)
        report({ ...line, metric: 'time in barrier', ours: barrierCost(machine), peer: 'a step' });
      model.dispose();
    }
  },
  async stories(report) {
    const line = { metric: 'decode, 15M float32 (random weights)', unit: 'tok/s' };
    const peer = 'llama2.c run.c (gcc -Ofast -march=native -fopenmp)';
    const theirs = await llama2c();
    const file = stories15M();
    const model = await loadModel(file);
    const native = async () => {
      if ('reason' in theirs) return 0;
      const args = [file, '-z', theirs.tokenizer, '-t', '1', '-s', '1', '-n', '200', '-i', 'Once'];
      const { stderr } = await execute(theirs.run, args, { env: { ...process.env, OMP_NUM_THREADS: '2' } });
      return Number(stderr.match(/achieved tok\/s: ([\d.]+)/)?.[1] ?? 0);
    };
    const rates = await alternate({ ours: () => decodeRate(model, 1, 180), native }, rounds);
    const why = 'reason' in theirs ? { reason: theirs.reason } : {};
    report({
      ...line,
      ours: rates.ours,
      peer,
      peerValue: 'reason' in theirs ? null : rates.native,
      runs: rounds,
      ...why,
    });
    model.dispose();
  },
  async load(report) {
    const load = (side: string) =>
      inChild('load-child.ts', side, smollm2) as Promise<{ seconds: number; peak: number }>;
    const seen = {
      ours: [] as { seconds: number; peak: number }[],
      theirs: [] as { seconds: number; peak: number }[],
    };
    let reason: string | undefined;
    for (let i = 0; i < 4; i++) {
      seen.ours.push(await load('ours'));
      try {
        if (reason === undefined) seen.theirs.push(await load('theirs'));
      } catch (error) {
        reason = (error as Error).message.trim().split('\n').at(-1) as string;
      }
    }
    for (const [metric, unit, key] of [
      ['load, warm file', 's', 'seconds'],
      ['peak RSS of a process that loads and decodes a token', 'MB', 'peak'],
    ] as const) {
      const of = (side: 'ours' | 'theirs') => median(seen[side].slice(1).map((one) => one[key]));
      const line = { metric, unit, ours: of('ours'), peer: nodeLlama, runs: 3, lowerIsBetter: true };
      report({
        ...line,
        peerValue: reason === undefined ? of('theirs') : null,
        ...(reason === undefined ? {} : { reason }),
      });
    }
  },
};

// biome-ignore lint/suspicious/noExplicitAny: each child says what it prints
async function inChild(script: string, ...args: string[]): Promise<any> {
  const child = join(dirname(fileURLToPath(import.meta.url)), 'inference', script);
  const flags = ['--conditions=@ashlar/source', '--import', 'tsx', child];
  const { stdout } = await execute(process.execPath, [...flags, ...args], { timeout: 900_000 });
  return JSON.parse(stdout.trim().split('\n').at(-1) as string);
}

/** All sections, or those that `ASHLAR_BENCH_ONLY` names (`q41,q80,q40,batch,cpu,step,peak,profile,stories,load`). */
export async function run(report: Report): Promise<void> {
  if (!existsSync(smollm2)) {
    const reason = 'the shared material with SmolLM2-135M-Instruct.Q4_1.gguf is not here';
    report({ metric: 'SmolLM2 Q4_1', unit: 'tok/s', ours: 0, peer: 'none', peerValue: null, reason });
    return;
  }
  const only = process.env['ASHLAR_BENCH_ONLY']?.split(',') ?? Object.keys(sections);
  for (const name of only)
    if (!Object.hasOwn(sections, name))
      throw new RangeError(`ASHLAR_BENCH_ONLY: expected ${Object.keys(sections).join(', ')}, got ${name}`);
  await registerSimdBackend({ width });
  await chooseBackend('simd');
  for (const name of only) await (sections[name] as Section)(report);
}

async function prefillRate(model: Model): Promise<number> {
  using sequence = model.newSequence();
  return prefillTokens / (await seconds(() => model.step([{ sequence, ids: prompt(prefillTokens) }])));
}
