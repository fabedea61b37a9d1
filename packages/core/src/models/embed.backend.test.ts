import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { tinyConfig, tinyIds, tinyModel } from './contract.ts';
import { embed } from './embed.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(0);
});

const encoders: [string, Record<string, unknown>][] = [
  ['bert', {}],
  ['distilbert', { dim: 32, n_heads: 4, n_layers: 3, hidden_dim: 20 }],
  ['roberta', { pad_token_id: 1 }],
  ['data2vec-text', { pad_token_id: 1 }],
  ['electra', {}],
  ['electra', { embedding_size: 12 }],
  ['albert', { embedding_size: 12, num_hidden_groups: 2 }],
  ['albert', { embedding_size: 32 }],
  ['mpnet', { pad_token_id: 1 }],
  ['ernie', {}],
  ['eurobert', {}],
  ['modernbert', { local_attention: 6, global_attn_every_n_layers: 2 }],
  ['llama', {}],
];
const texts = [tinyIds(9, 1), tinyIds(2, 2), tinyIds(17, 3), tinyIds(5, 4), tinyIds(17, 5)];

describe.each(encoders)('%s', (name, extra) => {
  test.each(['mean', 'cls', 'last'] as const)(
    '%s pooling: a batch gives what each text gives alone',
    async (pooling) => {
      using model = tinyModel(tinyConfig(name, extra));
      const batch = await embed(model, texts, { pooling, batchSize: 3 });
      for (const [i, text] of texts.entries()) {
        const [alone] = await embed(model, [text], { pooling });
        alone.forEach((x, c) => {
          expect(batch[i][c]).toBeCloseTo(x, 5);
        });
      }
    },
  );
});

test('an encoder sees what comes later, a decoder does not', async () => {
  for (const [name, sees] of [
    ['bert', true],
    ['llama', false],
  ] as const) {
    using model = tinyModel(tinyConfig(name));
    const [a, b] = await embed(
      model,
      [
        [5, 6, 7],
        [5, 6, 8],
      ],
      { pooling: 'cls' },
    );
    expect(a.join() !== b.join()).toBe(sees);
  }
});

test('vectors have length 1 unless they are wanted as they are, and pooling follows the kind of model', async () => {
  using model = tinyModel(tinyConfig('llama'));
  const [unit] = await embed(model, [tinyIds(4)]);
  expect(Math.hypot(...unit)).toBeCloseTo(1, 6);
  const [raw] = await embed(model, [tinyIds(4)], { normalize: false, pooling: 'last' });
  const length = Math.hypot(...raw);
  raw.forEach((x, c) => {
    expect(x / length).toBeCloseTo(unit[c], 6);
  });
});

test('progress counts the texts, an abort ends it, bad input is refused by name', async () => {
  using model = tinyModel(tinyConfig('bert'));
  const seen: number[] = [];
  await embed(model, texts, { batchSize: 2, onProgress: (done, total) => seen.push(done, total) });
  expect(seen).toEqual([2, 5, 4, 5, 5, 5]);
  const controller = new AbortController();
  controller.abort(new Error('enough'));
  await expect(embed(model, texts, { signal: controller.signal })).rejects.toThrow('enough');
  await expect(embed(model, ['text'])).rejects.toThrow(
    'texts[0]: expected ids where there is no codec, got text',
  );
  await expect(embed(model, [[]])).rejects.toThrow('texts[0]: expected at least one id, got none');
  await expect(embed({ vocabSize: 9 } as never, [[1]])).rejects.toThrow(
    'embed: expected a model of loadModel without worker',
  );
  await expect(embed(model, 'text' as never)).rejects.toThrow('texts: expected a list of texts, got string');
  await expect(embed(model, [tinyIds(97)])).rejects.toThrow('texts[0]: expected at most 96 ids, got 97');
  expect((await embed(model, [tinyIds(97)], { truncate: true })).length).toBe(1);
  await expect(embed(model, texts, { pooling: 'max' } as object)).rejects.toThrow(
    'pooling: expected mean, cls or last',
  );
  await expect(embed(model, texts, { colour: 1 } as object)).rejects.toThrow('unknown option colour');
});

test('an encoder neither generates nor has logits', async () => {
  using model = tinyModel(tinyConfig('bert'));
  expect(() => model.newSequence()).toThrow(
    'newSequence: expected a model that generates, got bert without head',
  );
  expect(() => model.forward([1])).toThrow('head: expected a model with logits, got bert without head');
});
