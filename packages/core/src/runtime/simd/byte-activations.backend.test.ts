import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseBackend } from '../../backends/choose.ts';
import { registerSimdBackend } from '../../backends/simd/register.ts';
import { loadModel } from '../../models/load-model.ts';
import type { Model } from '../../models/model.ts';
import { writeGgufCheckpoint } from '../../weights/formats/gguf/write-gguf-checkpoint.ts';
import { openCheckpoint } from '../../weights/open-checkpoint.ts';

// The embedded model with 4-bit weights, its activations of 16 and of 8 bits.
const place = join(dirname(fileURLToPath(import.meta.url)), '../../../../../models/stories');
const prompt = Array.from({ length: 96 }, (_, i) => (i * 37 + 11) % 1000);
let file: File;
const models: Model[] = [];
const open = async (activations: 'int16' | 'int8'): Promise<Model> => {
  const model = await loadModel(file, { activations });
  models.push(model);
  return model;
};

beforeAll(async () => {
  await registerSimdBackend({ threads: 2 });
  await chooseBackend('simd');
  const checkpoint = await openCheckpoint(place);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const sink = { write: async (bytes: Uint8Array) => void parts.push(bytes.slice()), close: async () => {} };
  await writeGgufCheckpoint(sink, checkpoint, { dtype: 'Q4_0' });
  await checkpoint.close();
  file = new File(parts, 'stories.gguf');
});
afterAll(async () => {
  for (const model of models) model.dispose();
  await tf.setBackend('cpu');
});

/** Rows of logits behind 24 prompts of growing length. */
async function rows(model: Model): Promise<Float32Array[]> {
  const out: Float32Array[] = [];
  for (let length = 4; length <= 96; length += 4) {
    using sequence = model.newSequence();
    out.push(...(await model.step([{ sequence, ids: prompt.slice(0, length) }])));
  }
  return out;
}

const logProbabilities = (row: Float32Array): Float64Array => {
  const most = row.reduce((a, b) => Math.max(a, b));
  const sum = row.reduce((all, v) => all + Math.exp(v - most), 0);
  return Float64Array.from(row, (v) => v - most - Math.log(sum));
};

describe("activations: 'int8'", () => {
  it('rounds prompts a little: the mean KL to 16 bits is below 0.02 and not zero', async () => {
    const [exact, bytes] = [await rows(await open('int16')), await rows(await open('int8'))];
    const divergences = exact.map((row, i) => {
      const [p, q] = [logProbabilities(row), logProbabilities(bytes[i])];
      return p.reduce((sum, v, j) => sum + Math.exp(v) * (v - q[j]), 0);
    });
    const mean = divergences.reduce((a, b) => a + b) / divergences.length;
    expect(mean).toBeLessThan(0.02);
    expect(mean).toBeGreaterThan(1e-7);
  });

  it('leaves the steps of one sequence as they are', async () => {
    const [exact, bytes] = [await open('int16'), await open('int8')];
    const step = async (model: Model) => {
      using sequence = model.newSequence();
      let row: Float32Array | undefined;
      for (const id of prompt.slice(0, 6)) [row] = await model.step([{ sequence, ids: [id] }]);
      return row as Float32Array;
    };
    expect(await step(bytes)).toEqual(await step(exact));
  });

  it('is refused where no kernel rounds, and any other word everywhere', async () => {
    await expect(loadModel(place, { activations: 'int8', executor: 'composite' })).rejects.toThrow(
      "activations: expected int16 on simd's composite path, got int8",
    );
    await expect(loadModel(place, { activations: 'int4' as 'int8' })).rejects.toThrow(
      'activations: expected int16, int8 or float16, got "int4"',
    );
  });
});
