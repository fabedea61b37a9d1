// `step-child.ts FILE`: CPU time of a step of one sequence and of sixteen on one thread, the best of several; prints milliseconds as JSON. The best of short spans is
// what a busy machine bends least.
import { chooseBackend, loadModel, type Model } from '@ashlar/core';
import { registerSimdBackend } from '@ashlar/core/simd';
import { cpuClock } from './clocks.ts';
import { kernelPeak } from './kernel-peak.ts';
import { prompt } from './prompt.ts';
import { width } from './width.ts';

const file = process.argv[2] as string;
await registerSimdBackend({ threads: 1, width });
await chooseBackend('simd');

async function best(model: Model, count: number, steps: number): Promise<number> {
  const sequences = Array.from({ length: count }, () => model.newSequence());
  await model.step(sequences.map((sequence, i) => ({ sequence, ids: prompt(16 + i) })));
  let least = Number.POSITIVE_INFINITY;
  for (let t = 0; t < steps; t++) {
    const start = cpuClock();
    await model.step(sequences.map((sequence) => ({ sequence, ids: [1000 + t] })));
    least = Math.min(least, cpuClock() - start);
  }
  for (const sequence of sequences) sequence.dispose();
  return least * 1000;
}

const [model, rounded] = [await loadModel(file), await loadModel(file, { activations: 'int8' })];
const one = await best(model, 1, 48);
const [sixteen, bytes] = [await best(model, 16, 12), await best(rounded, 16, 12)];
const peak = await kernelPeak(1, cpuClock, width);
console.log(JSON.stringify({ one, sixteen, bytes, peak }));
process.exit(0);
