import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { decoderNames, tinyConfig, tinyIds, tinyModel } from '../models/contract.ts';
import { attentionMaps } from './attention-maps.ts';
import { captureActivations } from './capture-activations.ts';
import { type Hooks, hookPoints } from './hooks.ts';
import { logitLens } from './logit-lens.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(0);
});

const read = (logits: tf.Tensor): Float32Array => {
  const values = logits.dataSync() as Float32Array;
  logits.dispose();
  return values.slice();
};

describe.each(decoderNames)('hooks of %s', (name) => {
  test('every point is reached once, in order, and looking changes nothing', () => {
    using model = tinyModel(tinyConfig(name));
    const seen: string[] = [];
    const hooks: Hooks = Object.fromEntries(
      hookPoints(model.config).map((p) => [p, (_t: tf.Tensor, point: string) => void seen.push(point)]),
    );
    // A look at the pattern takes the unfused path, which rounds differently.
    const plain = read(model.forward(tinyIds(7), { hooks: { 'layers.*.attention.pattern': () => {} } }));
    expect(read(model.forward(tinyIds(7), { hooks }))).toEqual(plain);
    expect(seen).toEqual(hookPoints(model.config));
  });
});

describe('patching', () => {
  test('a layer whose attention and MLP answer 0 hands the residual stream on', async () => {
    using model = tinyModel(tinyConfig('llama'));
    const zero = (t: tf.Tensor) => tf.zerosLike(t);
    const hooks = { 'layers.1.attention.output': zero, 'layers.1.mlp.output': zero };
    const got = await captureActivations(
      model,
      tinyIds(6),
      ['layers.1.residual.before', 'layers.1.residual.after'],
      hooks,
    );
    expect(got.get('layers.1.residual.after')).toEqual(got.get('layers.1.residual.before'));
  });

  test('an activation of another text put in at every position of the residual stream gives that text’s logits', async () => {
    using model = tinyModel(tinyConfig('llama'));
    const clean = tinyIds(6, 1);
    const other = tinyIds(6, 2);
    const point = 'layers.1.residual.after';
    const saved = (await captureActivations(model, clean, [point])).get(point)!;
    const patched = read(
      model.forward(other, { hooks: { [point]: () => tf.tensor(saved.values, [...saved.shape]) } }),
    );
    expect(patched).toEqual(read(model.forward(clean)));
  });

  test('changing one position changes that position and later ones only', () => {
    using model = tinyModel(tinyConfig('llama'));
    const ids = tinyIds(6);
    const bump = tf.buffer([1, 6, 32], 'float32');
    bump.set(5, 0, 3, 0);
    const plain = read(model.forward(ids));
    const changed = read(
      model.forward(ids, { hooks: { 'layers.0.mlp.output': (t) => tf.add(t, bump.toTensor()) } }),
    );
    const v = model.vocabSize;
    expect(changed.slice(0, 3 * v)).toEqual(plain.slice(0, 3 * v));
    for (let t = 3; t < 6; t++)
      expect(changed.slice(t * v, (t + 1) * v)).not.toEqual(plain.slice(t * v, (t + 1) * v));
  });

  test('steering adds exactly what the head makes of the direction (no final norm in between)', () => {
    const config = { ...tinyConfig('llama'), finalNorm: false };
    using model = tinyModel(config);
    const direction = tf.tidy(() =>
      tf.tensor3d(
        Array.from({ length: 32 }, (_, i) => Math.sin(i)),
        [1, 1, 32],
      ),
    );
    const plain = read(model.forward([5]));
    const steered = read(
      model.forward([5], { hooks: { 'layers.2.residual.after': (t) => tf.add(t, direction) } }),
    );
    const expected = read(model.unembed(direction));
    direction.dispose();
    steered.forEach((x, i) => {
      expect(x - plain[i]).toBeCloseTo(expected[i], 4);
    });
  });

  test('a hook at an unknown point, or of the wrong shape, is refused by name', () => {
    using model = tinyModel(tinyConfig('phi'));
    expect(() => model.forward([1], { hooks: { 'layers.9.mlp.output': () => {} } })).toThrow(
      'got layers.9.mlp.output',
    );
    expect(() => model.forward([1], { hooks: { 'layers.0.residual.middle': () => {} } })).toThrow(
      'expected a point of the model',
    );
    expect(() => model.forward([1], { hooks: { logits: () => tf.zeros([1]) } })).toThrow(
      'hook logits: expected shape [1,1,37], got [1]',
    );
  });
});

describe('views', () => {
  test('the weights of a query sum to 1 and none looks ahead', async () => {
    using model = tinyModel(tinyConfig('gemma2'));
    const maps = await attentionMaps(model, tinyIds(9));
    expect(maps.length).toBe(3);
    for (const { heads, tokens, weight } of maps) {
      for (let h = 0; h < heads; h++) {
        for (let from = 0; from < tokens; from++) {
          let sum = 0;
          for (let to = 0; to < tokens; to++) {
            if (to > from) expect(weight(h, from, to)).toBe(0);
            sum += weight(h, from, to);
          }
          expect(sum).toBeCloseTo(1, 5);
        }
      }
    }
  });

  test('the last row of the logit lens is what the model says', async () => {
    using model = tinyModel(tinyConfig('gemma'));
    const ids = tinyIds(5);
    const rows = await logitLens(model, ids, { top: 1 });
    const logits = read(model.forward(ids));
    expect(rows.length).toBe(4);
    rows.at(-1)!.top.forEach(([{ id }], t) => {
      const row = [...logits.slice(t * 37, (t + 1) * 37)];
      expect(id).toBe(row.indexOf(Math.max(...row)));
    });
  });
});
