// The steps of @ashlar/sampling/tensor on every tfjs backend that is present say what they say on rows, and one seed
// draws the same ids whatever computed the candidates: WASM, WebGPU, one row or several.
import {
  applySteps,
  createHistory,
  createRandom,
  processorsOf,
  type StepOptions,
  sampler,
} from '@ashlar/sampling';
import { applyStepsOnTensor, readTop } from '@ashlar/sampling/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { presentBackends, useBackend } from '../conformance/backends.ts';

const { names, absent } = await presentBackends('all');
console.warn(absent.join('\n'));

const row = Float32Array.from({ length: 600 }, (_, id) => Math.sin(id * 7.3) * 4 + Math.cos(id * 1.7));
const strategies: StepOptions[] = [
  { temperature: 0.7 },
  { dynamicTemperature: { range: 0.4 } },
  { topK: 5 },
  { topK: 5, order: 'llamacpp' },
  { topP: 0.8 },
  { minP: 0.1 },
  { typicalP: 0.5 },
  { epsilonCutoff: 0.005 },
  { etaCutoff: 0.05 },
  { topH: 0.5 },
  { pLess: true },
  { topNSigma: 1 },
  { xtc: { probability: 1, threshold: 0.003 } },
  { logitBias: { 3: 2 } },
  { repetitionPenalty: 1.2, frequencyPenalty: 0.3, presencePenalty: 0.1 },
  { dry: { multiplier: 0.8, allowedLength: 1 } },
  { noRepeatNgram: 2 },
  { allowedIds: [1, 2] },
  { suppressIds: [40, 41] },
  { mirostat: { tau: 3 } },
  { adaptiveP: { target: 0.01 } },
  { temperature: 0.8, topK: 40, topP: 0.95, minP: 0.05, repetitionPenalty: 1.1 },
];

/** A sequence under penalties on the device, candidates read back, and the chain on those; the ids drawn. */
async function drawn(lanes: readonly number[], size: number, steps: number): Promise<Map<number, number[]>> {
  const random = createRandom(3);
  const penalty = processorsOf({ repetitionPenalty: 1.2, frequencyPenalty: 0.1, presencePenalty: 0.1 });
  const first = sampler({ temperature: 0.8, topK: 40, topP: 0.95, minP: 0.02, seed: 11 });
  const chains = lanes.map((lane) => first.fork(lane));
  for (let step = 0; step < steps; step++) {
    // Steps of 1/64: what is far apart on one backend is not equal on another.
    const rows = lanes.map((lane) =>
      Float32Array.from(
        { length: size },
        (_, id) => Math.round(512 * random.uniform('draw', step, lane, id)) / 64,
      ),
    );
    const input = tf.tensor2d(
      rows.flatMap((one) => Array.from(one)),
      [lanes.length, size],
    );
    const histories = chains.map((chain) => createHistory(chain.ids()));
    const output = applyStepsOnTensor(penalty, input, { histories });
    const tops = await readTop(output, 64);
    tf.dispose([input, output]);
    tops.forEach((top, i) => {
      chains[i].sampleCandidates(top, size);
    });
  }
  return new Map(lanes.map((lane, i) => [lane, chains[i].ids()]));
}

/** The same by a sampler that sees whole rows. */
function drawnOnRows(lanes: readonly number[], size: number, steps: number): Map<number, number[]> {
  const random = createRandom(3);
  const first = sampler({
    repetitionPenalty: 1.2,
    frequencyPenalty: 0.1,
    presencePenalty: 0.1,
    temperature: 0.8,
    topK: 40,
    topP: 0.95,
    minP: 0.02,
    seed: 11,
  });
  return new Map(
    lanes.map((lane) => {
      const chain = first.fork(lane);
      for (let step = 0; step < steps; step++)
        chain.sample(
          Float32Array.from(
            { length: size },
            (_, id) => Math.round(512 * random.uniform('draw', step, lane, id)) / 64,
          ),
        );
      return [lane, chain.ids()];
    }),
  );
}

it('cpu, wasm and what else is present are looked at', () => {
  expect(names).toEqual(expect.arrayContaining(['cpu', 'wasm']));
});

describe.each(names)('on %s', (name) => {
  beforeAll(() => useBackend(name));
  afterAll(() => tf.setBackend('cpu'));

  it.each(strategies)('as on rows: %j', async (options) => {
    const steps = processorsOf(options);
    expect(tf.getBackend()).toBe(name);
    const prompt = [3, 17, 4, 3, 17, 9, 3];
    const random = createRandom(5);
    const input = tf.tensor2d(row, [1, row.length]);
    const output = applyStepsOnTensor(steps, input, { histories: [createHistory(prompt)], random });
    const [got] = await output.array();
    tf.dispose([input, output]);
    applySteps(steps, row, { prompt, random }).forEach((x, id) => {
      if (x > -Infinity) expect(Math.abs(got[id] - x)).toBeLessThan(1e-5 * Math.max(1, Math.abs(x)));
      else expect(got[id]).toBe(-Infinity);
    });
  });

  it('reads back the most likely candidates and the normaliser', async () => {
    const input = tf.tensor2d(row, [1, row.length]);
    const [top] = await readTop(input, 8);
    input.dispose();
    const order = Array.from(row.keys()).sort((a, b) => row[b] - row[a]);
    expect([...top.ids]).toEqual(order.slice(0, 8));
    expect(top.logSumExp).toBeCloseTo(Math.log(row.reduce((sum, l) => sum + Math.exp(l), 0)), 5);
  });

  it('penalties, the 40 best of 262,144 and the normaliser are read back in under 8 KB', async () => {
    const size = 262_144;
    const random = createRandom(6);
    const values = Float32Array.from({ length: size }, (_, id) => 9 * random.uniform('draw', id, 0));
    const seen = [5, 5, 100_000, 262_143];
    const input = tf.tensor2d(values, [1, size]);
    const penalised = applyStepsOnTensor(
      processorsOf({ repetitionPenalty: 1.3, frequencyPenalty: 0.5 }),
      input,
      {
        histories: [createHistory(seen)],
      },
    );
    const read = vi.spyOn(tf.Tensor.prototype, 'data');
    const [top] = await readTop(penalised, 40);
    const sizes = await Promise.all(
      read.mock.results.map(async (r) => ((await r.value) as Float32Array).byteLength),
    );
    read.mockRestore();
    tf.dispose([input, penalised]);
    expect(sizes.reduce((a, b) => a + b, 0)).toBeLessThan(8192);
    const want = applySteps(processorsOf({ repetitionPenalty: 1.3, frequencyPenalty: 0.5 }), values, {
      prompt: seen,
    });
    const order = Array.from(want.keys()).sort((a, b) => want[b] - want[a] || a - b);
    expect([...top.ids]).toEqual(order.slice(0, 40));
    const exact = Math.log(want.reduce((sum, l) => sum + Math.exp(l), 0));
    expect(Math.abs(top.logSumExp - exact)).toBeLessThan(1e-4);
  });

  it('one seed draws the ids that whole rows draw, one lane at a time or several', async () => {
    const [size, steps] = [3000, 16];
    const want = drawnOnRows([0, 1, 2], size, steps);
    const before = tf.memory().numTensors;
    expect(await drawn([0, 1, 2], size, steps)).toEqual(want);
    expect((await drawn([2], size, steps)).get(2)).toEqual(want.get(2));
    expect(tf.memory().numTensors).toBe(before);
  });
});
