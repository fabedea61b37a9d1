// @ashlar/sampling in a page: the same ids as in Node, and the steps on WebGPU as on rows.
import { chooseBackend } from '@ashlar/core';
import { applySteps, processorsOf, type StepOptions, sampler } from '@ashlar/sampling';
import { applyStepsOnTensor, readTop } from '@ashlar/sampling/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

const row = Float32Array.from({ length: 600 }, (_, id) => Math.sin(id * 7.3) * 4 + Math.cos(id * 1.7));

it('draws the ids that Node draws for the same seed', () => {
  const s = sampler({ temperature: 0.9, topK: 50, topP: 0.95, minP: 0.02, seed: 42 });
  // Written by Node 20; integer counters, so every platform has them.
  expect(Array.from({ length: 12 }, () => s.sample(row.slice()).id)).toEqual([
    45, 144, 292, 403, 156, 539, 440, 174, 422, 422, 181, 558,
  ]);
});

const strategies: StepOptions[] = [
  { temperature: 0.7 },
  { topK: 5 },
  { topP: 0.8 },
  { minP: 0.1 },
  { typicalP: 0.5 },
  { topNSigma: 1 },
  { logitBias: { 3: 2 } },
  { repetitionPenalty: 1.2, temperature: 0.8, topK: 40, topP: 0.95, minP: 0.05 },
];

describe('on WebGPU', () => {
  beforeAll(async () => {
    await chooseBackend('webgpu', { allowSoftwareGpu: true });
  });

  it.each(strategies)('as on rows: %j', async (options) => {
    const steps = processorsOf(options);
    expect(tf.getBackend()).toBe('webgpu');
    const input = tf.tensor2d(row, [1, row.length]);
    const output = applyStepsOnTensor(steps, input);
    const [got] = await output.array();
    tf.dispose([input, output]);
    applySteps(steps, row).forEach((x, id) => {
      if (x > -Infinity) expect(Math.abs(got[id] - x)).toBeLessThan(1e-4 * Math.max(1, Math.abs(x)));
      else expect(got[id]).toBe(-Infinity);
    });
  });

  it('reads back the most likely candidates', async () => {
    const input = tf.tensor2d(row, [1, row.length]);
    const [top] = await readTop(input, 8);
    input.dispose();
    const order = Array.from(row.keys()).sort((a, b) => row[b] - row[a]);
    expect([...top.ids]).toEqual(order.slice(0, 8));
  });
});
