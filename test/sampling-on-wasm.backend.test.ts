// The steps of @ashlar/sampling/tensor on tfjs's WASM backend say what they say on rows.
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import { applySteps, processorsOf, type StepOptions } from '@ashlar/sampling';
import { applyStepsOnTensor, readTop } from '@ashlar/sampling/tensor';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';

beforeAll(async () => {
  setWasmPaths(dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm')) + sep);
  await tf.setBackend('wasm');
  await tf.ready();
});

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
  { repetitionPenalty: 1.2 },
  { allowedIds: [1, 2] },
  { suppressIds: [40, 41] },
  { temperature: 0.8, topK: 40, topP: 0.95, minP: 0.05, repetitionPenalty: 1.1 },
];

it.each(strategies)('on wasm as on rows: %j', async (options) => {
  const steps = processorsOf(options);
  expect(tf.getBackend()).toBe('wasm');
  const input = tf.tensor2d(row, [1, row.length]);
  const output = applyStepsOnTensor(steps, input);
  const [got] = await output.array();
  tf.dispose([input, output]);
  applySteps(steps, row).forEach((x, id) => {
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
