import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { generate, generateBatch } from '../generate/generate.ts';
import { registerGradients } from '../ops/gradients/register-gradients.ts';
import {
  createRnn,
  listRnnParameters,
  parseRnnConfig,
  type RnnConfig,
  type RnnModel,
  runRnn,
} from './rnn.ts';
import type { RnnCell } from './rnn-cell.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
  registerGradients();
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(0);
});

const configOf = (cell: RnnCell): RnnConfig =>
  parseRnnConfig({
    model_type: 'char-rnn',
    cell,
    vocab_size: 11,
    embedding_size: 3,
    hidden_size: 5,
    num_hidden_layers: 2,
  });

function parametersOf(config: RnnConfig): Map<string, tf.Tensor> {
  let n = 0;
  return new Map(
    listRnnParameters(config).map(({ name, shape }) => {
      const count = shape.reduce((product, size) => product * size, 1);
      return [
        name,
        tf.keep(
          tf.tensor(
            Float32Array.from({ length: count }, () => Math.sin(++n * 1.7)),
            [...shape],
          ),
        ),
      ];
    }),
  );
}
const makeModel = (cell: RnnCell): RnnModel => {
  const config = configOf(cell);
  return createRnn(config, parametersOf(config));
};

/** The same network in float64 and plain loops, from the papers' formulas. */
function naive({ config, parameters }: RnnModel, ids: readonly number[]): number[][] {
  const get = (name: string) => {
    const tensor = parameters.get(name)!;
    const values = [...tensor.dataSync()];
    return { values, columns: tensor.shape.at(-1)! };
  };
  const product = (x: readonly number[], name: string) => {
    const { values, columns } = get(`${name}.weight`);
    const bias = get(`${name}.bias`).values;
    return Array.from({ length: columns }, (_, j) =>
      x.reduce((sum, xi, i) => sum + xi * values[i * columns + j], bias[j]),
    );
  };
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  const size = config.hiddenSize;
  const hidden = Array.from({ length: config.numLayers }, () => new Array<number>(size).fill(0));
  const cells = hidden.map((row) => [...row]);
  const table = get('embedding.weight');
  return ids.map((id) => {
    let x = table.values.slice(id * table.columns, (id + 1) * table.columns);
    for (let l = 0; l < config.numLayers; l++) {
      const a = product(x, `layers.${l}.input`);
      const b = product(hidden[l], `layers.${l}.state`);
      x = Array.from({ length: size }, (_, j) => {
        const at = (list: readonly number[], gate: number) => list[gate * size + j];
        if (config.cell === 'gru') {
          const r = sigmoid(at(a, 0) + at(b, 0));
          const z = sigmoid(at(a, 1) + at(b, 1));
          return (1 - z) * Math.tanh(at(a, 2) + r * at(b, 2)) + z * hidden[l][j];
        }
        const [i, f, g, o] = [0, 1, 2, 3].map((gate) => at(a, gate) + at(b, gate));
        cells[l][j] = sigmoid(f) * cells[l][j] + sigmoid(i) * Math.tanh(g);
        return sigmoid(o) * Math.tanh(cells[l][j]);
      });
      hidden[l] = x;
    }
    return product(x, 'head');
  });
}

const ids = [3, 1, 4, 1, 5, 9, 2, 6];

describe.each(['lstm', 'gru'] as const)('%s', (cell) => {
  test('logits are those of the formulas', () => {
    using model = makeModel(cell);
    const logits = model.forward(ids);
    const got = logits.dataSync();
    logits.dispose();
    naive(model, ids)
      .flat()
      .forEach((expected, i) => {
        expect(got[i]).toBeCloseTo(expected, 5);
      });
  });

  test('step by step, forked and truncated it says what it says of the whole', async () => {
    using model = makeModel(cell);
    const sequence = model.newSequence();
    const expected = naive(model, ids);
    await model.step([{ sequence, ids: ids.slice(0, 3) }]);
    const child = sequence.fork();
    await model.step([{ sequence: child, ids: [7, 7] }]);
    sequence.truncate(2);
    const rows = await model.step([
      { sequence, ids: ids.slice(2, 5) },
      { sequence: child, ids: [8] },
    ]);
    rows[0].forEach((x, i) => {
      expect(x).toBeCloseTo(expected[4][i], 5);
    });
    const forked = naive(model, [...ids.slice(0, 3), 7, 7, 8]).at(-1)!;
    rows[1].forEach((x, i) => {
      expect(x).toBeCloseTo(forked[i], 5);
    });
  });

  test('generates, alone and in a batch, the same ids', async () => {
    using model = makeModel(cell);
    const alone: number[] = [];
    for await (const { id } of generate(model, ids, { maxNewTokens: 6 })) alone.push(id);
    const batch: number[] = [];
    for await (const { id, sequence } of generateBatch(model, [[1], ids], { maxNewTokens: 6 }))
      if (sequence === 1) batch.push(id);
    expect(alone.length).toBe(6);
    expect(batch).toEqual(alone);
  });

  test('gradients reach every parameter and are those of finite differences', () => {
    const config = configOf(cell);
    const parameters = parametersOf(config);
    const names = [...parameters.keys()];
    const loss = (...tensors: tf.Tensor[]) => {
      const weights = {
        get: (name: string) => tensors[names.indexOf(name)],
        has: (name: string) => names.includes(name),
      };
      const { logits } = runRnn(config, weights, tf.tensor2d([ids], [1, ids.length], 'int32'));
      return tf.mean(tf.square(logits)) as tf.Scalar;
    };
    tf.tidy(() => {
      const tensors = names.map((name) => parameters.get(name)!);
      const gradients = tf.grads(loss)(tensors);
      gradients.forEach((gradient, k) => {
        expect(gradient.shape).toEqual(tensors[k].shape);
        const values = gradient.dataSync();
        // The embedding's rows of ids that do not occur have none.
        const at = values.findIndex((x) => Math.abs(x) > 1e-4);
        expect(at).toBeGreaterThanOrEqual(0);
        const moved = (by: number) => {
          const changed = tensors[k].dataSync().slice();
          changed[at] += by;
          const list = tensors.map((t, i) => (i === k ? tf.tensor(changed, t.shape) : t));
          return loss(...list).dataSync()[0];
        };
        const slope = (moved(1e-2) - moved(-1e-2)) / 2e-2;
        expect(Math.abs(slope - values[at])).toBeLessThan(1e-2 * Math.max(1, Math.abs(slope)));
      });
    });
    for (const tensor of parameters.values()) tensor.dispose();
  });
});

test('a configuration of another kind is refused by name', () => {
  expect(() => parseRnnConfig({ model_type: 'llama' })).toThrow('model_type: expected char-rnn, got "llama"');
  expect(() => parseRnnConfig({ model_type: 'char-rnn', cell: 'elman' })).toThrow(
    'config cell: expected lstm or gru',
  );
});
