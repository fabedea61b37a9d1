// Real weights, run as their authors ran them. The files are not ours to commit; where they are absent the tests are reported as skipped.
import '@tensorflow/tfjs-backend-cpu';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { generate } from '../generate/generate.ts';
import { logSumExp } from '../generate/logprobs.ts';
import { captureActivations } from '../hooks/capture-activations.ts';
import { parseModelConfig } from './config.ts';
import { loadModel } from './load-model.ts';
import { loadParameters } from './load-parameters.ts';
import { createModel, type Model } from './model.ts';
import { listParameters } from './parameters.ts';

const folder = fileURLToPath(new URL('../../../../../shared/data/models/', import.meta.url));
const present = existsSync(folder);

beforeAll(async () => {
  await tf.setBackend('cpu');
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(0);
});

interface Packed {
  readonly shape: number[];
  readonly f32_base64: string;
}
const unpack = ({ f32_base64 }: Packed) =>
  new Float32Array(Uint8Array.from(Buffer.from(f32_base64, 'base64')).buffer);
const worst = (a: Float32Array, b: Float32Array) =>
  a.reduce((max, x, i) => Math.max(max, Math.abs(x - b[i])), 0);
const read = async (logits: tf.Tensor) => {
  const values = (await logits.data()) as Float32Array;
  logits.dispose();
  return values;
};
const greedy = async (model: Model, prompt: number[], maxNewTokens: number) => {
  const ids: number[] = [];
  for await (const { id } of generate(model, prompt, { maxNewTokens, stopIds: [] })) ids.push(id);
  return ids;
};

describe.skipIf(!present)('tiny-random-gpt2', () => {
  const expected = present ? JSON.parse(readFileSync(`${folder}tiny-random-gpt2/expected.json`, 'utf8')) : {};
  test('logits and greedy ids are the published ones', async () => {
    using model = await loadModel(`${folder}tiny-random-gpt2`);
    for (const one of expected.logits) {
      expect(worst(await read(model.forward(one.prompt)), unpack(one))).toBeLessThan(2e-5);
    }
    for (const { prompt, output } of expected.greedy) {
      expect([...prompt, ...(await greedy(model, prompt, output.length - prompt.length))]).toEqual(output);
    }
  });
});

describe.skipIf(!present)('stories260K', () => {
  const goldens = present
    ? JSON.parse(gunzipSync(readFileSync(`${folder}goldens/stories260K.json.gz`)).toString())
    : { cases: [] };
  test.each(['llama2c/stories260K.bin', 'llama2c/stories260K_v1.bin', 'gguf/tinyllamas-260k-v3.gguf'])(
    'from %s gives the logits, the residual stream and the greedy ids of the float64 run',
    async (file) => {
      using model = await loadModel(folder + file);
      for (const one of goldens.cases) {
        if (one.logits !== undefined) {
          expect(worst(await read(model.forward(one.ids)), unpack(one.logits))).toBeLessThan(1e-4);
        }
        expect(await greedy(model, one.ids, 48)).toEqual(one.greedy_ids);
        if (one.trace === undefined) continue;
        const points = {
          embed: 'embedding',
          layer0: 'layers.0.residual.after',
          layer4: 'layers.4.residual.after',
          final_norm: 'finalNorm',
        };
        const got = await captureActivations(model, one.ids, Object.values(points));
        for (const [key, point] of Object.entries(points)) {
          expect(worst(got.get(point)!.values, unpack(one.trace[key]))).toBeLessThan(1e-4);
        }
      }
    },
  );
  test('log-probabilities of a real story are those of the float64 run', async () => {
    using model = await loadModel(`${folder}llama2c/stories260K.bin`);
    for (const { ids, token_logprobs: expected } of goldens.nll) {
      const logits = await read(model.forward(ids));
      for (let t = 0; t + 1 < ids.length; t++) {
        const row = logits.subarray(t * model.vocabSize, (t + 1) * model.vocabSize);
        expect(row[ids[t + 1]] - logSumExp(row)).toBeCloseTo(expected[t], 3);
      }
    }
  });
});

describe.skipIf(!present)('gpt-nano-sort', () => {
  test('sorts all 729 inputs', async () => {
    using model = await loadNanoSort();
    const inputs = Array.from({ length: 729 }, (_, n) =>
      Array.from({ length: 6 }, (_, i) => Math.floor(n / 3 ** i) % 3),
    );
    let texts = inputs.map((input) => [...input]);
    for (let step = 0; step < 6; step++) {
      const length = texts[0].length;
      const logits = await read(model.forward(texts));
      texts = texts.map((ids, b) => {
        const row = [...logits.subarray((b * length + length - 1) * 3, (b * length + length) * 3)];
        return [...ids, row.indexOf(Math.max(...row))];
      });
    }
    const sorted = texts.filter((ids, b) => ids.slice(6).join() === inputs[b].toSorted().join()).length;
    expect(sorted).toBe(729);
  });
});

/** minGPT's JSON of base64 tensors: GPT-2's names with PyTorch's [out, in] matrices, which the loader sees as GPT-2's [in, out]. */
async function loadNanoSort(): Promise<Model> {
  const file = JSON.parse(readFileSync(`${folder}gpt-nano-sort/model.json`, 'utf8'));
  const { config: own, ...stored } = file;
  const config = parseModelConfig({
    model_type: 'gpt2',
    n_embd: own.n_embd,
    n_layer: own.n_layer,
    n_head: own.n_head,
    n_positions: own.block_size,
    vocab_size: own.vocab_size,
    tie_word_embeddings: false,
  });
  const tensors = new Map<string, { dtype: 'F32'; shape: number[]; byteLength: number; bytes: Uint8Array }>();
  for (const [name, { shape, data }] of Object.entries(
    stored as Record<string, { shape: number[]; data: string }>,
  )) {
    const bytes = Uint8Array.from(Buffer.from(data, 'base64'));
    const turned = /c_(attn|proj|fc)\.weight$/.test(name);
    const content = turned ? transposed(new Float32Array(bytes.buffer), shape) : bytes;
    tensors.set(name, {
      dtype: 'F32',
      shape: turned ? shape.toReversed() : shape,
      byteLength: bytes.length,
      bytes: content,
    });
  }
  const weights = { tensors, read: async (name: string) => tensors.get(name)!, close: async () => {} };
  const loaded = await loadParameters(listParameters(config), weights);
  const assets = { format: 'huggingface', file: async () => undefined } as const;
  return createModel({ config, parameters: loaded.tensors, assets, hash: loaded.hash });
}

function transposed(values: Float32Array, [rows, columns]: number[]): Uint8Array {
  const result = new Float32Array(values.length);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) result[c * rows + r] = values[r * columns + c];
  return new Uint8Array(result.buffer);
}
