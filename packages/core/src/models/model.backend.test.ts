import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { KvCacheFullError } from '../kv-cache/kv-cache-error.ts';
import { attentionMask } from '../ops/attention-mask.ts';
import { type Adapter, initLora, loraConfig, mergeLora } from '../train/lora/lora.ts';
import { decoderNames, tinyConfig, tinyIds, tinyModel } from './contract.ts';
import type { Model } from './model.ts';
import { decode } from './transformer.ts';
import { wholeSequence } from './whole-sequence.ts';

const lastRow = async (model: Model, ids: number[]): Promise<Float32Array> => {
  const logits = model.forward(ids);
  const values = (await logits.data()) as Float32Array;
  logits.dispose();
  return values.slice(-model.vocabSize);
};

const expectClose = (got: Float32Array, expected: Float32Array, tolerance = 2e-4) => {
  expect(got.length).toBe(expected.length);
  const worst = got.reduce((max, x, i) => Math.max(max, Math.abs(x - expected[i])), 0);
  expect(worst).toBeLessThan(tolerance);
};

describe('adapters beside the weights', () => {
  test('sequences of one step with different adapters give what models with merged weights give; taken away, the base is as before', async () => {
    await tf.setBackend('cpu');
    const config = tinyConfig('llama');
    using model = tinyModel(config, { pageSize: 4 });
    const random = {
      uniform: (_: string, __: number, lane: number, index = 0) => ((index * 7 + lane) % 13) / 13,
    };
    const make = (by: number, targets: (name: string) => boolean): Adapter => {
      const lora = loraConfig(config, { rank: 2, alpha: 3, targets });
      const tensors = [...initLora(config, lora, random)].map(([name, t], i) => {
        const wave = Float32Array.from({ length: t.size }, (_, k) => 0.3 * Math.sin(k * by + i));
        const tensor = [name, tf.tensor(wave, t.shape)] as const;
        t.dispose();
        return tensor;
      });
      return { tensors: new Map(tensors), lora };
    };
    const all = [make(1, () => true), make(2, (n) => n.includes('attention'))];
    const ids = tinyIds(9);
    const plain = await lastRow(model, ids);
    const merged: Float32Array[] = [];
    for (const { tensors, lora } of all) {
      const weights = mergeLora(model.parameters, tensors, lora);
      using other = tinyModel(config, { pageSize: 4 });
      for (const name of lora.targets) other.setParameter(name, weights.get(name) as tf.Tensor);
      merged.push(await lastRow(other, ids));
    }
    const sequences = [0, 1, 2].map(() => model.newSequence());
    model.useAdapter(all[0], sequences[0]);
    model.useAdapter(all[1], sequences[1]);
    let rows: Float32Array[] = [];
    for (const part of [ids.slice(0, 4), ids.slice(4)])
      rows = await model.step(sequences.map((sequence) => ({ sequence, ids: part })));
    expectClose(rows[0], merged[0]);
    expectClose(rows[1], merged[1]);
    expectClose(rows[2], plain);
    expect(Math.max(...merged[0].map((x, i) => Math.abs(x - plain[i])))).toBeGreaterThan(0.01);

    model.useAdapter(all[1]);
    expectClose(await lastRow(model, ids), merged[1]);
    model.useAdapter(undefined);
    expect(await lastRow(model, ids)).toEqual(plain);
    const { tensors, lora } = all[0];
    expect(() =>
      model.useAdapter({ tensors, lora: { ...lora, targets: ['layers.9.mlp.up.weight'] } }),
    ).toThrow('adapter of layers.9.mlp.up.weight: expected');
    for (const [none, got] of [
      [{}, 'an object of []'],
      [{ tensors: {} }, 'an object of [tensors]'],
      [null, 'null'],
      ['name', 'name'],
    ] as const)
      expect(() => model.useAdapter(none as never)).toThrow(
        `adapter: expected { tensors, lora } (a map, and what loraConfig answers), got ${got}`,
      );
    for (const sequence of sequences) sequence.dispose();
    for (const one of all) tf.dispose([...one.tensors.values()]);
  });
});

describe.each(['cpu', 'wasm'])('on %s', (backend) => {
  let before = 0;
  beforeAll(async () => {
    await tf.setBackend(backend);
    await tf.ready();
    before = tf.memory().numTensors;
  });
  afterEach(() => {
    expect(tf.memory().numTensors).toBe(before);
  });

  describe.each(decoderNames)('%s', (name) => {
    test('cached logits are those of the whole sequence, however it is cut', async () => {
      using model = tinyModel(tinyConfig(name), { pageSize: 4, prefillChunk: 7 });
      const ids = tinyIds(23);
      const sequence = model.newSequence();
      for (const [from, to] of [
        [0, 9],
        [9, 10],
        [10, 11],
        [11, 20],
        [20, 21],
        [21, 23],
      ]) {
        const [row] = await model.step([{ sequence, ids: ids.slice(from, to) }]);
        expectClose(row, await lastRow(model, ids.slice(0, to)));
      }
    });

    test('sequences of unequal length side by side give what each gives alone', async () => {
      using model = tinyModel(tinyConfig(name), { pageSize: 4 });
      const prompts = [tinyIds(3, 1), tinyIds(11, 2), tinyIds(6, 3)];
      const sequences = prompts.map(() => model.newSequence());
      await model.step(prompts.map((ids, i) => ({ sequence: sequences[i], ids })));
      const rows = await model.step(sequences.map((sequence, i) => ({ sequence, ids: [5 + i] })));
      for (const [i, ids] of prompts.entries()) expectClose(rows[i], await lastRow(model, [...ids, 5 + i]));
    });
  });

  test('a fork that goes on does not disturb its parent', async () => {
    using model = tinyModel(tinyConfig('llama'), { pageSize: 4 });
    const parent = model.newSequence();
    await model.step([{ sequence: parent, ids: tinyIds(6) }]);
    const child = parent.fork();
    await model.step([{ sequence: child, ids: [7, 8, 9] }]);
    const [row] = await model.step([{ sequence: parent, ids: [3] }]);
    expectClose(row, await lastRow(model, [...tinyIds(6), 3]));
    const [other] = await model.step([{ sequence: child, ids: [4] }]);
    expectClose(other, await lastRow(model, [...tinyIds(6), 7, 8, 9, 4]));
  });

  test('truncated and continued is as if the rest had never been', async () => {
    using model = tinyModel(tinyConfig('gemma2'), { pageSize: 4 });
    const sequence = model.newSequence();
    await model.step([{ sequence, ids: tinyIds(14) }]);
    sequence.truncate(5);
    const [row] = await model.step([{ sequence, ids: [9, 10] }]);
    expectClose(row, await lastRow(model, [...tinyIds(14).slice(0, 5), 9, 10]));
  });

  test('a restored snapshot goes on as the original', async () => {
    using model = tinyModel(tinyConfig('qwen3'), { pageSize: 4 });
    const sequence = model.newSequence();
    await model.step([{ sequence, ids: tinyIds(10) }]);
    const restored = model.restoreSequence(await sequence.snapshot());
    const rows = await model.step([
      { sequence, ids: [3] },
      { sequence: restored, ids: [3] },
    ]);
    expect(rows[1]).toEqual(rows[0]);
  });

  test('a window over the cache, with sinks, equals full attention under that mask', async () => {
    const config = tinyConfig('llama');
    using model = tinyModel(config, { pageSize: 4, window: 6, sinks: 2 });
    const ids = tinyIds(30);
    const sequence = model.newSequence();
    for (const id of ids.slice(0, -1)) await model.step([{ sequence, ids: [id] }]);
    const [row] = await model.step([{ sequence, ids: ids.slice(-1) }]);
    expect(model.cache.pool.capacity - model.cache.pool.free).toBeLessThanOrEqual(4);
    const positions = [[...ids.keys()]];
    const expected = tf.tidy(() => {
      const mask = attentionMask(positions, positions, { window: 6, sinks: 2 });
      const weights = {
        get: (n: string) => model.parameters.get(n) as tf.Tensor,
        has: (n: string) => model.parameters.has(n),
      };
      const context = { ...wholeSequence(1, ids.length), mask: () => mask };
      return decode(config, weights, tf.tensor2d([ids], [1, ids.length], 'int32'), context);
    });
    expectClose(row, ((await expected.data()) as Float32Array).slice(-model.vocabSize));
    expected.dispose();
  });

  test('an option of the cache that is none is refused', () => {
    expect(() => tinyModel(tinyConfig('llama'), { pagesize: 4 } as object)).toThrow(
      /^cache: unknown option pagesize, expected one of cacheTokens/,
    );
  });

  test('a full cache is a typed error, changes no sequence, and passes once there is room', async () => {
    using model = tinyModel(tinyConfig('llama'), { pageSize: 4, cacheTokens: 16, prefillChunk: 4 });
    const one = model.newSequence();
    const two = model.newSequence();
    await model.step([{ sequence: one, ids: tinyIds(9) }]);
    await expect(model.step([{ sequence: two, ids: tinyIds(9) }])).rejects.toBeInstanceOf(KvCacheFullError);
    expect(two.length).toBe(0);
    one.dispose();
    const [row] = await model.step([{ sequence: two, ids: tinyIds(9) }]);
    expectClose(row, await lastRow(model, tinyIds(9)));
  });

  test('memory is flat over steps within a page count', async () => {
    using model = tinyModel(tinyConfig('llama'), { pageSize: 8 });
    const sequence = model.newSequence();
    await model.step([{ sequence, ids: tinyIds(3) }]);
    const tensors = tf.memory().numTensors;
    for (let i = 0; i < 1000; i++) {
      await model.step([{ sequence, ids: [i % 37] }]);
      sequence.truncate(3);
      expect(tf.memory().numTensors).toBe(tensors);
    }
  });

  test('ids and options out of range are refused by name', async () => {
    using model = tinyModel(tinyConfig('gpt2'));
    expect(() => model.forward([1, 37])).toThrow('ids[1]: expected an integer from 0 to 36, got 37');
    expect(() => model.forward([])).toThrow('ids: expected at least one');
    expect(() => model.forward([[1, 2], [3]])).toThrow('ids: expected rows of 2, got one of 1');
    expect(() => model.forward(tinyIds(97))).toThrow('length: expected at most 96 positions, got 97');
    await expect(model.step([{ sequence: model.newSequence(), ids: [] }])).rejects.toThrow(
      'ids: expected at least one',
    );
    expect(() => tinyModel(tinyConfig('gpt2'), { pageSize: 0 })).toThrow(
      'pageSize: expected an integer >= 1, got 0',
    );
  });
});

test.each(decoderNames)('%s says the same on wasm as on cpu', async (name) => {
  const rows: Float32Array[] = [];
  for (const backend of ['cpu', 'wasm']) {
    await tf.setBackend(backend);
    using model = tinyModel(tinyConfig(name));
    const logits = model.forward([tinyIds(11, 1), tinyIds(11, 2)]);
    rows.push((await logits.data()) as Float32Array);
    logits.dispose();
  }
  expectClose(rows[1], rows[0]);
});
