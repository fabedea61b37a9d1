import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { parseModelConfig } from '../models/config.ts';
import { lastLayers, overFrozen, trainedPart } from './frozen.ts';
import { initParameters } from './init-parameters.ts';
import { languageModelObjective } from './objective.ts';
import { sgd } from './optimizers/sgd.ts';
import { padRows } from './token-batch.ts';
import { sourceOf } from './token-log-probs.ts';
import { disposeTrainState, initTrainState, trainStep } from './train-step.ts';

const config = parseModelConfig({
  model_type: 'llama',
  vocab_size: 19,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 3,
  num_attention_heads: 2,
  num_key_value_heads: 2,
  max_position_embeddings: 16,
  rms_norm_eps: 1e-6,
  tie_word_embeddings: false,
});
const random = {
  uniform: (_: string, __: number, lane: number, index = 0) => {
    const x = Math.sin(12.9898 * (index + 1) + 78.233 * lane) * 43758.5453;
    return Math.min(1 - 1e-9, Math.max(1e-9, x - Math.floor(x)));
  },
};
const batch = padRows([{ ids: [1, 5, 2, 7, 3] }, { ids: [4, 4, 9] }]);

beforeAll(async () => {
  await tf.setBackend('cpu');
});

test('training the last layers moves them as full training would, and nothing else', async () => {
  const base = initParameters(config, random);
  const before = new Map([...base].map(([name, t]) => [name, t.dataSync().slice()]));
  const optimizer = sgd();
  const options = { optimizer, learningRate: 0.5 };
  const part = trainedPart(base, lastLayers(config, 2));
  expect([...part.keys()].some((name) => name.startsWith('layers.0.') || name.startsWith('embedding'))).toBe(
    false,
  );
  expect(part.has('head.weight') && part.has('finalNorm.weight') && part.has('layers.1.mlp.up.weight')).toBe(
    true,
  );
  const view = overFrozen(sourceOf(base));
  const partial = await trainStep(
    initTrainState(part, optimizer),
    [batch],
    languageModelObjective(config, view),
    options,
  );
  for (const [name, t] of base) expect(t.dataSync()).toEqual(before.get(name));

  const whole = initTrainState(new Map([...base].map(([name, t]) => [name, tf.clone(t)])), optimizer);
  const full = await trainStep(whole, [batch], languageModelObjective(config), options);
  expect(partial.report.loss).toBe(full.report.loss);
  expect(partial.report.gradNorm).toBeLessThan(full.report.gradNorm);
  for (const [name, t] of partial.state.parameters) {
    expect(t.dataSync()).toEqual(full.state.parameters.get(name)?.dataSync());
    expect(t.dataSync()).not.toEqual(before.get(name));
  }
  disposeTrainState(partial.state);
  disposeTrainState(full.state);
});

test('bad counts and empty parts are refused', () => {
  expect(() => lastLayers(config, 4)).toThrow('count: expected 0 to 3, got 4');
  expect(() => trainedPart(new Map(), () => true)).toThrow(
    'trains: expected at least one parameter, got none',
  );
});
