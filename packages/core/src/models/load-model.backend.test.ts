import '@tensorflow/tfjs-backend-cpu';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { CheckpointError } from '../weights/checkpoint-error.ts';
import { UnknownArchitectureError } from './config.ts';
import { loadModel } from './load-model.ts';

const source = fileURLToPath(new URL('../../../../conformance/cases/models/gpt2-scales', import.meta.url));
let folder = '';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ashlar-load-'));
  cpSync(source, folder, { recursive: true });
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  expect(tf.memory().numTensors).toBe(0);
});

const edit = (change: Record<string, unknown>) => {
  const path = join(folder, 'config.json');
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...change }));
};

test('progress reaches the whole, and nothing is left after dispose', async () => {
  let last: [number, number] = [0, 1];
  let calls = 0;
  const model = await loadModel(folder, {
    onProgress: (loaded, total) => {
      last = [loaded, total];
      calls++;
    },
  });
  expect(last[0]).toBe(last[1]);
  expect(calls).toBeGreaterThan(10);
  expect(model.unusedTensors).toEqual([]);
  model.dispose();
  model.dispose();
  expect(() => model.forward([1])).toThrow('model: expected a live one, got a disposed one');
});

test('a tensor that is missing or of another shape is a CheckpointError that names it, and no tensor is left', async () => {
  edit({ n_layer: 3 });
  await expect(loadModel(folder)).rejects.toBeInstanceOf(CheckpointError);
  await expect(loadModel(folder)).rejects.toThrow(
    'transformer.h.2.ln_1.weight: expected a tensor of shape [32], got no such tensor',
  );
  edit({ n_layer: 2, n_inner: 48 });
  await expect(loadModel(folder)).rejects.toThrow(
    'transformer.h.0.mlp.c_fc.weight: expected shape [32,48], got [32,40]',
  );
});

test('an abort ends the load with its reason, and no tensor is left', async () => {
  const controller = new AbortController();
  const loading = loadModel(folder, {
    signal: controller.signal,
    onProgress: () => controller.abort(new Error('enough')),
  });
  await expect(loading).rejects.toThrow('enough');
});

test('an unknown architecture and an unknown option are refused by name', async () => {
  edit({ model_type: 'mamba' });
  await expect(loadModel(folder)).rejects.toBeInstanceOf(UnknownArchitectureError);
  await expect(loadModel(folder, { dtype: 'f16' } as object)).rejects.toThrow('unknown option dtype');
});

test('ids that end a text come from both files', async () => {
  writeFileSync(join(folder, 'generation_config.json'), JSON.stringify({ eos_token_id: [7, 2] }));
  using model = await loadModel(folder);
  expect(model.eosTokenIds).toEqual([2, 7]);
});

test('the hash is that of the weights', async () => {
  using one = await loadModel(folder);
  using two = await loadModel(folder);
  expect(two.hash).toBe(one.hash);
  const path = join(folder, 'model.safetensors');
  const bytes = readFileSync(path);
  bytes[bytes.length - 100] ^= 1;
  writeFileSync(path, bytes);
  using other = await loadModel(folder);
  expect(other.hash).not.toBe(one.hash);
});
