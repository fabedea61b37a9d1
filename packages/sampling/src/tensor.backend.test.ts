import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, expect, it, vi } from 'vitest';
import { applySteps } from './apply-steps.ts';
import type { Processor } from './processor.ts';
import { renormalize } from './processors/renormalize.ts';
import { createRandom } from './random.ts';
import { sampler } from './sampler.ts';
import { processorsOf, type StepOptions } from './sampler-options.ts';
import { applyStepsOnTensor, readTop } from './tensor.ts';
import { createHistory, pushToken } from './token-history.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const V = 24;
const strategies: StepOptions[] = [
  { temperature: 0.7 },
  { temperature: 0 },
  { temperature: 1e-4 },
  { dynamicTemperature: { range: 0.5, exponent: 1.2 } },
  { topK: 5 },
  { topK: 5, order: 'llamacpp' },
  { topK: 1, order: 'llamacpp' },
  { topK: 99 },
  { topP: 0.3 },
  { topP: 0.9 },
  { topP: 0, minKeep: 3 },
  { minP: 0.1 },
  { minP: Math.exp(-1) },
  { minP: 0.9, minKeep: 4 },
  { typicalP: 0.5 },
  { typicalP: 0.5, order: 'llamacpp' },
  { epsilonCutoff: 0.04 },
  { etaCutoff: 0.3, minKeep: 2 },
  { pLess: true },
  { topH: 0.5 },
  { topNSigma: 1 },
  { xtc: { probability: 0.5, threshold: 0.1 } },
  { repetitionPenalty: 1.3, frequencyPenalty: 0.2, presencePenalty: 0.1 },
  { repetitionPenalty: 1.3, frequencyPenalty: 0.2, penaltyLastN: 4, order: 'vllm' },
  { dry: { multiplier: 0.8 } },
  { noRepeatNgram: 2 },
  { encoderNoRepeatNgram: 2 },
  { encoderRepetitionPenalty: 1.3 },
  { encoderRepetitionPenalty: 0.7 },
  { badWords: [[1], [2, 3]] },
  { sequenceBias: [[[1, 2], -2]] },
  { logitBias: { 3: 1.5, 4: -1 } },
  { allowedIds: [1, 5, 7] },
  { suppressIds: [0, 1], beginSuppressIds: [2] },
  { minNewTokens: 3, exponentialDecayLength: { start: 1, factor: 1.2 }, eosTokenIds: [4] },
  {
    forcedIds: [
      [0, 6],
      [1, 7],
    ],
  },
  { mirostat: { tau: 2 } },
  { mirostat: { tau: 1, eta: 0.5 }, temperature: 0.8 },
  { mirostat: { version: 1, tau: 2, m: 10 } },
  { mirostat: { version: 1, tau: 0.5 } },
  { adaptiveP: { target: 0.3 } },
  { adaptiveP: { target: 0.05, decay: 0.5 }, topK: 9 },
  {
    guidance: {
      scale: 1.5,
      unconditional: ({ length }) =>
        Float32Array.from({ length: V }, (_, id) => (id === 3 ? -Infinity : Math.sin(id * (length + 1)))),
    },
  },
  { temperature: 0.8, topK: 12, topP: 0.9, minP: 0.05, repetitionPenalty: 1.1, dry: { multiplier: 0.8 } },
];

// Multiples of 1/8 with ties; a few removed tokens.
const rowOf = fc.array(
  fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: -24, max: 24 }).map((x) => x / 8) },
    { weight: 1, arbitrary: fc.constant(-Infinity) },
  ),
  { minLength: V, maxLength: V },
);
const history = fc.record({
  prompt: fc.array(fc.nat(5), { maxLength: 12 }),
  generated: fc.array(fc.nat(5), { maxLength: 6 }),
});

/** True when a nudge of the logits does not change what stays: then both precisions must agree. */
const isRobust = (steps: Processor[], row: Float32Array, options: object, kept: string): boolean =>
  [1, -1].every((sign) => {
    // Ties stay ties: equal logits move alike.
    const nudged = row.map((x) => x * (1 + sign * 3e-6));
    return keptIn(applySteps(steps, nudged, options)) === kept;
  });
const keptIn = (l: ArrayLike<number>): string => Array.from(l, (x) => (x > -Infinity ? 1 : 0)).join('');

for (const options of strategies) {
  const name = JSON.stringify(options);
  it(`both forms agree: ${name}`, () => {
    const own = processorsOf(options);
    // A step with a law of its own is the last.
    const steps = own.at(-1)?.last ? own : [...own, renormalize()];
    const random = createRandom(7);
    fc.assert(
      fc.property(fc.array(fc.tuple(rowOf, history), { minLength: 1, maxLength: 3 }), (batch) => {
        // Steps with a memory have one for each row, and have been told of its draws.
        const stepsByRow = batch.map(([, { generated }]) => {
          const copies = steps.map((step) => step.state?.clone() ?? step);
          for (const [i, id] of generated.entries())
            for (const { state } of copies) state?.accept(id, 1 / (2 + i + id));
          return copies;
        });
        const usable = batch.filter(([row, h], r) => {
          try {
            const set = { ...h, random, lane: r };
            const kept = keptIn(applySteps(stepsByRow[r], Float32Array.from(row), set));
            return isRobust(stepsByRow[r], Float32Array.from(row), set, kept);
          } catch {
            return false; // an empty row: the tensor form leaves that to the draw
          }
        });
        fc.pre(usable.length === batch.length);
        const histories = batch.map(([, { prompt, generated }]) => {
          const made = createHistory(prompt);
          for (const id of generated) pushToken(made, id);
          return made;
        });
        const input = tf.tensor2d(
          batch.flatMap(([row]) => row),
          [batch.length, V],
        );
        const output = applyStepsOnTensor(steps, input, { histories, random, stepsByRow });
        const result = output.arraySync();
        tf.dispose([input, output]);
        batch.forEach(([row, h], r) => {
          const want = applySteps(stepsByRow[r], Float32Array.from(row), { ...h, random, lane: r });
          expect(keptIn(result[r])).toBe(keptIn(want));
          result[r].forEach((x, id) => {
            if (x > -Infinity)
              expect(Math.abs(x - want[id])).toBeLessThan(1e-5 * Math.max(1, Math.abs(want[id])));
          });
        });
      }),
      { numRuns: 40 },
    );
  });
}

it('at a threshold that is exact in f32 both forms keep the token', () => {
  const step = processorsOf({ minP: Math.exp(-1) });
  const row = [2, 1, 0.5];
  const output = applyStepsOnTensor(step, tf.tensor2d([row]));
  expect(output.arraySync()).toEqual([[2, 1, -Infinity]]);
  expect([...applySteps(step, Float32Array.from(row))]).toEqual([2, 1, -Infinity]);
});

it('keeps no tensor behind, and refuses by name what has no tensor form', () => {
  const input = tf.tensor2d([[1, 2, 3]]);
  const before = tf.memory().numTensors;
  applyStepsOnTensor(processorsOf({ temperature: 0.5, topP: 0.9 }), input).dispose();
  expect(tf.memory().numTensors).toBe(before);
  const { state, ...rest } = processorsOf({ mirostat: {} })[0];
  const own = { ...rest, name: 'own' };
  expect(() => applyStepsOnTensor([own], input)).toThrow('own: has no tensor form');
  const two = tf.tensor2d([
    [1, 2],
    [3, 4],
  ]);
  expect(() => applyStepsOnTensor(processorsOf({ mirostat: {} }), two)).toThrow('give stepsByRow for 2 rows');
  expect(() => applyStepsOnTensor(processorsOf({ topK: 1 }), two, { stepsByRow: [[]] })).toThrow(
    'stepsByRow',
  );
  expect(state).toBeDefined();
  expect(() => applyStepsOnTensor([], input, { histories: [] })).toThrow('histories: expected 1, got 0');
});

it('penalties on the device, 1,000 candidates read back, then the chain: the ids of the whole row', async () => {
  const size = 5000;
  const random = createRandom(3);
  const penalty = processorsOf({ repetitionPenalty: 1.2 });
  const chain = { temperature: 0.8, topK: 40, topP: 0.95, minP: 0.05, seed: 11, logprobs: 'raw' as const };
  const whole = sampler({ ...chain, repetitionPenalty: 1.2 });
  const split = sampler(chain);
  for (let step = 0; step < 12; step++) {
    const row = Float32Array.from({ length: size }, (_, id) => 8 * random.uniform('draw', step, id));
    const history = createHistory(whole.ids());
    const input = tf.tensor2d(row, [1, size]);
    const output = applyStepsOnTensor(penalty, input, { histories: [history] });
    const [top] = await readTop(output, 1000);
    tf.dispose([input, output]);
    const a = whole.sample(row);
    const b = split.sampleCandidates(top, size);
    expect(b.id).toBe(a.id);
    // The raw law of the split chain is the penalised one: its normaliser is that of the device.
    expect(b.logprob).toBeCloseTo(top.logits[top.ids.indexOf(b.id)] - top.logSumExp, 6);
  }
});

it('the most likely candidates are those of a sort, with ties, removed tokens and any width', async () => {
  const random = createRandom(5);
  for (const [size, count, grid] of [
    [1, 3, 8],
    [7, 7, 8],
    [300, 40, 8],
    [5000, 40, 1],
    [5000, 1, 8],
    [20_001, 64, 64],
    [4096, 1000, 2],
  ]) {
    const rows = [0, 1].map((r) =>
      Float32Array.from({ length: size }, (_, id) =>
        random.uniform('draw', id, r) < 0.1 && size > 1000
          ? -Infinity
          : Math.round(9 * grid * random.uniform('draw', id, r)) / grid,
      ),
    );
    const before = tf.memory().numTensors;
    const input = tf.tensor2d(
      rows.flatMap((row) => Array.from(row)),
      [2, size],
    );
    const tops = await readTop(input, count);
    input.dispose();
    expect(tf.memory().numTensors).toBe(before);
    rows.forEach((row, r) => {
      const order = Array.from(row.keys()).sort((a, b) => row[b] - row[a] || a - b);
      expect([...tops[r].ids]).toEqual(order.slice(0, count));
      tops[r].ids.forEach((id, i) => {
        expect(tops[r].logits[i]).toBe(row[id]);
      });
      expect(tops[r].logSumExp).toBeCloseTo(Math.log(row.reduce((sum, l) => sum + Math.exp(l), 0)), 4);
    });
  }
});

it('the 40 best of 262,144 are read back in under 8 KB and four reads, beside the normaliser', async () => {
  const random = createRandom(6);
  const input = tf.tensor2d(
    Float32Array.from({ length: 262_144 }, (_, id) => random.uniform('draw', id, 0)),
    [1, 262_144],
  );
  const read = vi.spyOn(tf.Tensor.prototype, 'data');
  const [top] = await readTop(input, 40);
  const sizes = await Promise.all(
    read.mock.results.map(async (r) => ((await r.value) as Float32Array).byteLength),
  );
  read.mockRestore();
  expect(top.ids.length).toBe(40);
  expect(sizes.length).toBeLessThanOrEqual(5);
  expect(sizes.reduce((a, b) => a + b, 0)).toBeLessThan(8192);
  input.dispose();
});
