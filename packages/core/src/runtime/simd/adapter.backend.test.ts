// Adapters on the simd executor: what the composite path gives, in every family, and what merged weights give.
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseBackend } from '../../backends/choose.ts';
import { registerSimdBackend } from '../../backends/simd/register.ts';
import { decoderNames, tinyConfig, tinyIds, tinyModel, tinyParameters } from '../../models/contract.ts';
import { createModel, type Model } from '../../models/model.ts';
import type { ModelConfig } from '../../models/model-config.ts';
import { listParameters } from '../../models/parameters.ts';
import { mergeLora } from '../../train/lora/lora.ts';
import { storedWeights } from '../../train/stored-weights.ts';
import { stepped, waveAdapter } from '../adapter-contract.ts';
import { loadSimdModel } from './load-simd-model.ts';

const heapBytes = (): number =>
  (tf.backend() as unknown as { machine: { heap: { liveBytes: number } } }).machine.heap.liveBytes;

beforeAll(async () => {
  await registerSimdBackend({ threads: 2 });
  await chooseBackend('simd');
});
afterAll(async () => {
  await tf.setBackend('cpu');
});

async function fusedModel(config: ModelConfig): Promise<Model> {
  const values = tinyParameters(config);
  const { parameters, hash, executor } = await loadSimdModel(
    config,
    listParameters(config),
    storedWeights(config, values),
    {},
    { pageSize: 4 },
  );
  tf.dispose([...values.values()]);
  const assets = { format: 'huggingface', file: async () => undefined } as const;
  return createModel({ config, parameters, assets, hash, executor, cache: { pageSize: 4 } });
}

const expectClose = (got: Float32Array, expected: Float32Array, tolerance = 5e-4) => {
  expect(got.length).toBe(expected.length);
  const worst = got.reduce((max, x, i) => Math.max(max, Math.abs(x - expected[i])), 0);
  expect(worst).toBeLessThan(tolerance);
};

describe.each(decoderNames)('%s', (name) => {
  it('each sequence of a pass gets the logits of the composite path with its adapter, and none without', async () => {
    const config = tinyConfig(name);
    using fused = await fusedModel(config);
    using composite = tinyModel(config, { pageSize: 4 });
    expect(fused.executor).toBe('simd');
    const wide = waveAdapter(config, 1, 3);
    const own = [wide, undefined, waveAdapter(config, 2, 5, (n) => n.includes('attention')), wide];
    const prompts = [tinyIds(11), tinyIds(6, 2), tinyIds(9, 3), tinyIds(2, 4)];
    const got = await stepped(fused, prompts, own);
    for (const [i, ids] of prompts.entries()) {
      const [expected] = await stepped(composite, [ids], [own[i]]);
      const [plain] = await stepped(composite, [ids], [undefined]);
      expectClose(got[i], expected);
      if (own[i] !== undefined)
        expect(Math.max(...expected.map((x, k) => Math.abs(x - plain[k])))).toBeGreaterThan(0.01);
    }
    for (const one of own) if (one !== undefined) tf.dispose([...one.tensors.values()]);
  });
});

describe('an adapter on the simd executor', () => {
  const config = tinyConfig('llama');
  const ids = tinyIds(9);

  it('is the model with merged weights; taken away, the base is bit for bit as before and nothing stays in memory', async () => {
    const adapter = waveAdapter(config, 1, 4);
    const base = tinyParameters(config);
    const weights = mergeLora(base, adapter.tensors, adapter.lora);
    const merged = await fusedModel(config);
    for (const name of adapter.lora.targets)
      merged.setParameter(name, tf.clone(weights.get(name) as tf.Tensor));
    const [expected] = await stepped(merged, [ids], [undefined]);
    merged.dispose();
    tf.dispose([...new Set([...base.values(), ...weights.values()])]);

    using fused = await fusedModel(config);
    const [plain] = await stepped(fused, [ids], [undefined]);
    fused.useAdapter(adapter);
    await stepped(fused, [ids], [undefined]);
    fused.useAdapter(undefined);
    const [bytes, tensors] = [heapBytes(), tf.memory().numTensors];
    fused.useAdapter(adapter);
    expectClose((await stepped(fused, [ids], [undefined]))[0], expected);
    expect(heapBytes()).toBeGreaterThan(bytes);
    fused.useAdapter(undefined);
    expect((await stepped(fused, [ids], [undefined]))[0]).toEqual(plain);
    expect([heapBytes(), tf.memory().numTensors]).toEqual([bytes, tensors]);
    tf.dispose([...adapter.tensors.values()]);
  });

  it('whose tensors are replaced is taken in again', async () => {
    using fused = await fusedModel(config);
    const first = waveAdapter(config, 1, 2);
    const second = waveAdapter(config, 3, 2);
    const changing = { tensors: new Map(first.tensors), lora: first.lora };
    fused.useAdapter(changing);
    await stepped(fused, [ids], [undefined]);
    for (const [name, tensor] of second.tensors) changing.tensors.set(name, tensor);
    const [got] = await stepped(fused, [ids], [undefined]);
    fused.useAdapter(second);
    expect(got).toEqual((await stepped(fused, [ids], [undefined]))[0]);
    for (const one of [first, second]) tf.dispose([...one.tensors.values()]);
  });

  it('of many only some keep a packed copy', async () => {
    using fused = await fusedModel(config);
    const many = Array.from({ length: 20 }, (_, i) => waveAdapter(config, i + 1, 2));
    await stepped(fused, [ids], [many[0]]);
    const before = heapBytes();
    for (const one of many) await stepped(fused, [ids], [one]);
    const after = heapBytes();
    for (const one of many) await stepped(fused, [ids], [one]);
    expect(heapBytes()).toBe(after);
    expect(after).toBeGreaterThan(before);
    for (const one of many) tf.dispose([...one.tensors.values()]);
  });
});
