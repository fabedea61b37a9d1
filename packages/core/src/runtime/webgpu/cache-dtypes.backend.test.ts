// The cache in fewer bits under every mask that families have: the webgpu executor's logits against the simd executor's with the same cache. On whatever adapter Dawn finds.
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';
import { allowSwiftShader, peers } from '../../../../../peers/modules.ts';
import { chooseBackend } from '../../backends/choose.ts';
import { registerSimdBackend } from '../../backends/simd/register.ts';
import { tinyConfig, tinyIds, tinyParameters } from '../../models/contract.ts';
import { createModel } from '../../models/model.ts';
import type { ModelCacheOptions } from '../../models/model-cache-options.ts';
import type { ModelConfig } from '../../models/model-config.ts';
import { listParameters } from '../../models/parameters.ts';
import { storedWeights } from '../../train/stored-weights.ts';
import type { WeightFile } from '../../weights/weight-file.ts';
import { stepped } from '../adapter-contract.ts';
import { loadSimdModel } from '../simd/load-simd-model.ts';
import { loadWebgpuModel } from './load-webgpu-model.ts';

allowSwiftShader();
const started = await chooseBackend('webgpu', { peers, allowSoftwareGpu: true }).then(
  () => true,
  () => false,
);
await registerSimdBackend({ threads: 2 });

async function weightsOf(config: ModelConfig): Promise<WeightFile> {
  await tf.setBackend('cpu');
  const values = tinyParameters(config);
  const file = storedWeights(config, values);
  const stored = new Map(
    await Promise.all([...file.tensors.keys()].map(async (name) => [name, await file.read(name)] as const)),
  );
  tf.dispose([...values.values()]);
  return { ...file, read: async (name) => stored.get(name)! };
}

// Long enough for a window's end, several pages and a row of a prompt that stands alone.
const prompts = [tinyIds(40), tinyIds(6, 2), tinyIds(23, 3), tinyIds(2, 4)];

/** Logits behind each prompt's last id. */
async function rowsOn(
  backend: 'simd' | 'webgpu',
  config: ModelConfig,
  weights: WeightFile,
  options: ModelCacheOptions,
): Promise<readonly Float32Array[]> {
  await chooseBackend(backend, backend === 'webgpu' ? { peers, allowSoftwareGpu: true } : {});
  const cache = { pageSize: 4, ...options };
  const load = backend === 'simd' ? loadSimdModel : loadWebgpuModel;
  const { parameters, hash, executor } = await load(config, listParameters(config), weights, {}, cache);
  const assets = { format: 'huggingface', file: async () => undefined } as const;
  using model = createModel({ config, parameters, assets, hash, executor, cache });
  return await stepped(
    model,
    prompts,
    prompts.map(() => undefined),
  );
}
const far = (a: readonly Float32Array[], b: readonly Float32Array[]): number =>
  Math.max(...a.map((row, r) => row.reduce((max, x, i) => Math.max(max, Math.abs(x - b[r][i])), 0)));

const cases: readonly (readonly [string, string, ModelCacheOptions])[] = [
  ['llama', 'all before', {}],
  ['llama', 'a window beside first tokens', { window: 8, sinks: 2 }],
  ['gemma2', 'softcaps and windows', {}],
  ['bloom', 'linear biases', {}],
  ['qwen3', 'normed heads of ten', {}],
  ['olmo2', 'a norm over all heads', {}],
  ['gpt2', 'no rotation', {}],
];

describe.skipIf(!started)('the cache in fewer bits on webgpu', () => {
  afterAll(async () => {
    await tf.setBackend('cpu');
  });

  it.each(cases)('%s, %s: the logits are those of simd with the same cache', async (name, _, options) => {
    const config = tinyConfig(name);
    const weights = await weightsOf(config);
    const exact = await rowsOn('webgpu', config, weights, { ...options, dtype: 'float32' });
    for (const dtype of ['float16', 'int8'] as const) {
      const gpu = await rowsOn('webgpu', config, weights, { ...options, dtype });
      const simd = await rowsOn('simd', config, weights, { ...options, dtype });
      // Less than what the rounding itself changes, so both have rounded the same.
      expect(far(gpu, simd)).toBeLessThan(5e-4);
      expect(far(gpu, exact)).toBeGreaterThan(2 * far(gpu, simd));
    }
  });
});
