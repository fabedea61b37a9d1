// `cpu-child.ts FILE`: ours and node-llama-cpp on one thread each, by CPU time, in alternation; prints medians as JSON. A busy machine bends wall clocks and makes
// threads that spin for each other lose whole time slices; this it bends least.
import { chooseBackend, loadModel } from '@ashlar/core';
import { registerSimdBackend } from '@ashlar/core/simd';
import { alternate } from '../measure.ts';
import { cpuClock } from './clocks.ts';
import { kernelPeak } from './kernel-peak.ts';
import { memoryBandwidth } from './memory-bandwidth.ts';
import { openNodeLlama } from './node-llama.ts';
import { prompt } from './prompt.ts';
import { width } from './width.ts';

const file = process.argv[2] as string;
await registerSimdBackend({ threads: 1, width });
await chooseBackend('simd');
const model = await loadModel(file);
const rounded = await loadModel(file, { activations: 'int8' });
const llama = await openNodeLlama(file, 1);
const cpu = async (work: () => Promise<unknown>): Promise<number> => {
  const start = cpuClock();
  await work();
  return cpuClock() - start;
};
const decode = async (count: number, tokens: number, by = model) => {
  const sequences = Array.from({ length: count }, () => by.newSequence());
  await by.step(sequences.map((sequence) => ({ sequence, ids: prompt(16) })));
  const time = await cpu(async () => {
    for (let t = 0; t < tokens; t++)
      await by.step(sequences.map((sequence) => ({ sequence, ids: [1000 + t] })));
  });
  for (const sequence of sequences) sequence.dispose();
  return (count * tokens) / time;
};
const prefill = async (by = model) => {
  using sequence = by.newSequence();
  return 512 / (await cpu(() => by.step([{ sequence, ids: prompt(512) }])));
};
const theirs = 'reason' in llama ? undefined : llama;
const medians = await alternate({
  decode: () => decode(1, 32),
  async theirDecode() {
    if (theirs === undefined) return 0;
    const all = await cpu(() => theirs.decode(32));
    return 32 / (all - (await cpu(() => theirs.prefill(16)))); // decode() begins with such a prompt
  },
  prefill: () => prefill(),
  prefillBytes: () => prefill(rounded),
  theirPrefill: async () => (theirs === undefined ? 0 : 512 / (await cpu(() => theirs.prefill(512)))),
  sixteen: () => decode(16, 4),
  sixteenBytes: () => decode(16, 4, rounded),
});
const { weightBytes } = model;
const [bandwidth, peak] = [memoryBandwidth(cpuClock), await kernelPeak(1, cpuClock, width)];
const reason = 'reason' in llama ? { reason: llama.reason } : {};
console.log(JSON.stringify({ ...medians, weightBytes, bandwidth, peak, ...reason }));
process.exit(0);
