// Training through the fused kernels, whole steps: as on the cpu backend, and the same bits when cut and resumed.
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseModelConfig } from '../../models/config.ts';
import { decodeTrainState, encodeTrainState } from '../../train/checkpoint.ts';
import { packDocuments, packedBatch } from '../../train/data/pack-documents.ts';
import { initParameters } from '../../train/init-parameters.ts';
import { languageModelObjective } from '../../train/objective.ts';
import { adamw } from '../../train/optimizers/adamw.ts';
import { cosineSchedule } from '../../train/schedules/cosine.ts';
import type { TokenBatch } from '../../train/token-batch.ts';
import { train } from '../../train/train.ts';
import { disposeTrainState, initTrainState, type TrainState } from '../../train/train-step.ts';
import { registerSimdBackend } from './register.ts';

const config = parseModelConfig({
  model_type: 'llama',
  vocab_size: 61,
  hidden_size: 32,
  intermediate_size: 52,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 80,
  rms_norm_eps: 1e-6,
  tie_word_embeddings: true,
});
const random = {
  uniform: (_: string, __: number, lane: number, index = 0): number => {
    const x = Math.sin(12.9898 * (index + 1) + 78.233 * lane) * 43758.5453;
    return Math.min(1 - 1e-9, Math.max(1e-9, x - Math.floor(x)));
  },
};
const optimizer = adamw({ weightDecay: 0.1 });

// Rows long enough for several blocks of queries, packed with documents of unequal length.
function batchAt(index: number): TokenBatch {
  const lengths = [41, 17, 9, 30, 66, 5];
  const documents = lengths.map((length, d) => ({
    ids: Int32Array.from({ length }, (_, i) => (i * i + 7 * d + 3 * index) % 61),
  }));
  return packedBatch(documents, packDocuments(lengths, 72), 72);
}

const go = (state: TrainState, steps: number, losses: number[]): Promise<TrainState> =>
  train(state, {
    objective: languageModelObjective(config),
    optimizer,
    schedule: cosineSchedule({ peak: 1e-2, warmupSteps: 2, totalSteps: 8 }),
    steps,
    accumulate: 2,
    batchAt,
    onStep: ({ loss, gradNorm }) => void losses.push(loss, gradNorm),
  });
const start = (): TrainState => initTrainState(initParameters(config, random), optimizer);
const valuesOf = (state: TrainState): Float32Array[] =>
  [...state.parameters.values()].map((t) => t.dataSync<'float32'>().slice());

beforeAll(() => registerSimdBackend({ threads: 2 }));
afterAll(() => tf.setBackend('cpu'));

test('steps on packed rows are those of the cpu backend', async () => {
  const curves: number[][] = [];
  for (const backend of ['cpu', 'simd']) {
    await tf.setBackend(backend);
    const losses: number[] = [];
    disposeTrainState(await go(start(), 4, losses));
    curves.push(losses);
  }
  curves[0].forEach((x, i) => {
    expect(Math.abs(curves[1][i] / x - 1)).toBeLessThan(2e-4);
  });
  expect(curves[0][6]).toBeLessThan(curves[0][0]);
});

test('training 8 steps is training 4, saving, loading and training 4 more, bit for bit', async () => {
  await tf.setBackend('simd');
  const before = tf.memory().numTensors;
  const whole: number[] = [];
  const straight = await go(start(), 8, whole);
  const parts: number[] = [];
  const half = await go(start(), 4, parts);
  const bytes = await encodeTrainState(half);
  disposeTrainState(half);
  const resumed = await go((await decodeTrainState(bytes)).state, 8, parts);
  expect(parts).toEqual(whole);
  expect(valuesOf(resumed)).toEqual(valuesOf(straight));
  disposeTrainState(straight);
  disposeTrainState(resumed);
  expect(tf.memory().numTensors).toBe(before);
});
