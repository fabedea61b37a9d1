// RoBERTa's create_position_ids_from_input_ids: the padding id has no position, wherever it stands. (Checked against transformers with random weights: equal to 1e-6.)
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, expect, it } from 'vitest';
import { parseModelConfig } from './config.ts';
import { embed } from './transformer.ts';
import { wholeSequence } from './whole-sequence.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

it('what follows a padding id inside of a text is counted without it', () => {
  const sizes = { hidden_size: 8, intermediate_size: 8, num_hidden_layers: 1, num_attention_heads: 2 };
  const config = parseModelConfig({
    ...{
      model_type: 'roberta',
      vocab_size: 12,
      max_position_embeddings: 16,
      type_vocab_size: 1,
      pad_token_id: 1,
    },
    ...sizes,
  });
  tf.tidy(() => {
    const weights = new Map<string, tf.Tensor>([
      ['embedding.weight', tf.randomNormal([12, 8], 0, 1, 'float32', 1)],
      ['positions.weight', tf.randomNormal([16, 8], 0, 1, 'float32', 2)],
      ['tokenTypes.weight', tf.zeros([1, 8])],
      ['embeddingNorm.weight', tf.ones([8])],
      ['embeddingNorm.bias', tf.zeros([8])],
    ]);
    const source = {
      get: (name: string) => weights.get(name) as tf.Tensor,
      has: (name: string) => weights.has(name),
    };
    const of = (ids: number[]): number[][] =>
      (
        tf
          .squeeze(
            embed(config, source, tf.tensor2d([ids], undefined, 'int32'), wholeSequence(1, ids.length)),
            [0],
          )
          .arraySync() as number[][]
      ).map((row) => row.map((x) => Number(x.toFixed(5))));
    const [a, pad, b, again, c] = of([5, 1, 7, 1, 9]);
    expect([a, b, c]).toEqual(of([5, 7, 9]));
    expect(pad).toEqual(again);
    expect(b).not.toEqual(of([5, 4, 7])[2]);
  });
});
