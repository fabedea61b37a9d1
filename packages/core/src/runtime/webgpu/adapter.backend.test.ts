// Adapters on the webgpu executor against the composite path on cpu, on whatever adapter Dawn finds.
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allowSwiftShader, peers } from '../../../../../peers/modules.ts';
import { chooseBackend } from '../../backends/choose.ts';
import { decoderNames, tinyConfig, tinyIds, tinyModel, tinyParameters } from '../../models/contract.ts';
import { createModel, type Model } from '../../models/model.ts';
import type { ModelConfig } from '../../models/model-config.ts';
import { listParameters } from '../../models/parameters.ts';
import type { Adapter } from '../../train/lora/lora.ts';
import { storedWeights } from '../../train/stored-weights.ts';
import { stepped, waveAdapter } from '../adapter-contract.ts';
import { loadWebgpuModel } from './load-webgpu-model.ts';
import type { WebgpuExecutor } from './webgpu-executor.ts';

allowSwiftShader();
const start = () => chooseBackend('webgpu', { peers, allowSoftwareGpu: true });
const started = await start().then(
  () => true,
  () => false,
);

async function fusedModel(config: ModelConfig): Promise<{ model: Model; executor: WebgpuExecutor }> {
  await tf.setBackend('cpu');
  const values = tinyParameters(config);
  const file = storedWeights(config, values);
  const stored = new Map(
    await Promise.all([...file.tensors.keys()].map(async (name) => [name, await file.read(name)] as const)),
  );
  tf.dispose([...values.values()]);
  await start();
  const { parameters, hash, executor } = await loadWebgpuModel(
    config,
    listParameters(config),
    { ...file, read: async (name) => stored.get(name)! },
    {},
    { pageSize: 4 },
  );
  const assets = { format: 'huggingface', file: async () => undefined } as const;
  return {
    executor,
    model: createModel({ config, parameters, assets, hash, executor, cache: { pageSize: 4 } }),
  };
}

const adaptersOf = (config: ModelConfig): (Adapter | undefined)[] => {
  const dense = (name: string) => !/\.experts\.\d/.test(name);
  const wide = waveAdapter(config, 1, 3, dense);
  return [wide, undefined, waveAdapter(config, 2, 5, (n) => n.includes('attention')), wide];
};
const prompts = [tinyIds(11), tinyIds(6, 2), tinyIds(9, 3), tinyIds(2, 4)];
const far = (a: Float32Array, b: Float32Array): number =>
  a.reduce((max, x, i) => Math.max(max, Math.abs(x - b[i])), 0);

// One of each way a plan can be: fused and separate projections, biases, gated or not, norms behind, parallel layers, linear biases, experts.
const some = ['llama', 'gpt2', 'gemma2', 'phi', 'bloom', 'mixtral', 'qwen3', 'olmo2', 'cohere'];

describe.skipIf(!started)('the webgpu executor', () => {
  beforeAll(async () => {
    await start();
  });
  afterAll(async () => {
    await tf.setBackend('cpu');
  });

  it.each(process.env['ASHLAR_ALL_FAMILIES'] === undefined ? some : decoderNames)(
    '%s: each sequence of a pass gets the logits of the composite path with its adapter, and none without',
    async (name) => {
      const config = tinyConfig(name);
      await tf.setBackend('cpu');
      using oracle = tinyModel(config, { pageSize: 4 });
      const slow = adaptersOf(config);
      const expected: Float32Array[] = [];
      const plain: Float32Array[] = [];
      for (const [i, ids] of prompts.entries()) {
        expected.push((await stepped(oracle, [ids], [slow[i]]))[0]);
        plain.push((await stepped(oracle, [ids], [undefined]))[0]);
      }
      for (const one of new Set(slow)) if (one !== undefined) tf.dispose([...one.tensors.values()]);
      const { model, executor } = await fusedModel(config);
      const own = adaptersOf(config);
      const got = await stepped(model, prompts, own);
      got.forEach((row, i) => {
        expect(far(row, expected[i])).toBeLessThan(1e-3);
        if (own[i] !== undefined) expect(far(expected[i], plain[i])).toBeGreaterThan(0.01);
      });
      // Taken away, the base is bit for bit as before, and swapping leaves nothing on the device.
      const [before] = await stepped(model, [prompts[0]], [undefined]);
      model.useAdapter(own[0]);
      const [adapted] = await stepped(model, [prompts[0]], [undefined]);
      expect(far(adapted, expected[0])).toBeLessThan(1e-3);
      model.useAdapter(undefined);
      const bytes = executor.deviceBytes;
      expect((await stepped(model, [prompts[0]], [undefined]))[0]).toEqual(before);
      for (let swap = 0; swap < 3; swap++) {
        model.useAdapter(own[0]);
        await stepped(model, [prompts[0]], [undefined]);
        model.useAdapter(undefined);
      }
      expect(executor.deviceBytes).toBe(bytes);
      model.dispose();
      for (const one of new Set(own)) if (one !== undefined) tf.dispose([...one.tensors.values()]);
      await tf.setBackend('cpu');
    },
  );

  it('refuses a term beside an expert by its name', async () => {
    const config = tinyConfig('mixtral');
    const { model } = await fusedModel(config);
    const adapter = waveAdapter(config, 1, 2, (name) => name.includes('experts.1.up'));
    model.useAdapter(adapter);
    await expect(stepped(model, [prompts[0]], [undefined])).rejects.toThrow(
      /experts\.1\.up\.weight: expected/,
    );
    model.dispose();
    tf.dispose([...adapter.tensors.values()]);
    await tf.setBackend('cpu');
  });
});
