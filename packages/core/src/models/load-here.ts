// Loads a model in this thread: open the checkpoint, read its configuration, choose a backend, stream the tensors over. It knows nothing of workers: the worker's script comes here too, and a script
// that refers to itself as a worker stops some bundlers (Turbopack waits for ever).

import { engine, getBackend, ready } from '@tensorflow/tfjs-core';
import { chooseBackend } from '../backends/choose.ts';
import { CheckpointError } from '../weights/checkpoint-error.ts';
import { type CheckpointPlace, openCheckpoint } from '../weights/open-checkpoint.ts';
import type { ModelAssets } from '../weights/weight-file.ts';
import { parseModelConfig } from './config.ts';
import { families } from './families.ts';
import type { LoadModelOptions } from './load-model.ts';
import { findName, loadParameters } from './load-parameters.ts';
import { createModel, type Model } from './model.ts';
import type { ModelConfig } from './model-config.ts';
import { listParameters } from './parameters.ts';

/** What `loadModel` does without a worker; its options are checked already. */
export async function loadHere(
  where: CheckpointPlace,
  options: Omit<LoadModelOptions, 'worker'>,
): Promise<Model> {
  const { file, hub, cache, onProgress, signal, activations } = options;
  await startBackend(options);
  const checkpoint = await openCheckpoint(where, {
    ...(file === undefined ? {} : { file }),
    ...(hub === undefined ? {} : { hub }),
  });
  try {
    const parsed = parseModelConfig(checkpoint.config);
    const names = families.find((family) => family.name === parsed.family)?.tensors;
    const prefixes = names?.prefixes;
    const headName = names?.modules['head'];
    const lacksHead =
      !parsed.head.tied &&
      typeof headName === 'string' &&
      !findName(`${headName}.weight`, checkpoint.weights, prefixes ?? []);
    // A checkpoint of the base model (an embedding model): hidden states, no logits.
    const bare = lacksHead ? { ...parsed, head: { ...parsed.head, present: false } } : parsed;
    const { assets } = checkpoint;
    const config = await withGenerationConfig(bare, assets);
    const specs = listParameters(config);
    // The fused embed step has no learned positions behind a projection (OPT-350M): those run composite.
    const plain = !config.embedding.learnedPositions || config.embedding.width === config.hiddenSize;
    const generates = config.attention.causal && config.head.present && options.executor !== 'composite';
    const onWebgpu = generates && getBackend() === 'webgpu';
    const takesInt8 = onWebgpu || (generates && plain && getBackend() === 'simd');
    const rounds = activations === 'int16' ? undefined : activations;
    if (rounds !== undefined && !takesInt8)
      throw new RangeError(
        `activations: expected int16 on ${getBackend()}'s composite path, got ${rounds} (the fused executors')`,
      );
    if (rounds === 'float16' && !onWebgpu)
      throw new RangeError('activations: expected int16 or int8 on simd, got float16 (webgpu only)');
    const load = { prefixes, onProgress, signal };
    if (options.autotune !== undefined && !onWebgpu)
      throw new TypeError('autotune: has no effect without the webgpu executor');
    let loaded:
      | Awaited<ReturnType<typeof import('../runtime/simd/load-simd-model.ts').loadSimdModel>>
      | undefined;
    if (onWebgpu) {
      const { loadWebgpuModel } = await import('../runtime/webgpu/load-webgpu-model.ts');
      const settings = { ...load, autotune: options.autotune, rounds };
      loaded = await loadWebgpuModel(config, specs, checkpoint.weights, settings, cache);
    } else if (generates && plain && getBackend() === 'simd') {
      const { loadSimdModel } = await import('../runtime/simd/load-simd-model.ts');
      loaded = await loadSimdModel(
        config,
        specs,
        checkpoint.weights,
        { ...load, activations: rounds === 'int8' ? 'int8' : 'int16' },
        cache,
      );
    }
    if (loaded !== undefined) {
      const { parameters, unused, hash, executor } = loaded;
      return createModel({
        config,
        parameters,
        assets,
        hash: modelHash(config, hash),
        unusedTensors: unused,
        cache,
        executor,
      });
    }
    const { tensors, unused, hash } = await loadParameters(specs, checkpoint.weights, {
      prefixes,
      onProgress,
      signal,
    });
    return createModel({
      config,
      parameters: tensors,
      assets,
      hash: modelHash(config, hash),
      unusedTensors: unused,
      cache,
    });
  } finally {
    await checkpoint.close();
  }
}

/** generation_config.json often names more ids that end a text than config.json (a chat's end of turn). */
async function withGenerationConfig(config: ModelConfig, assets: ModelAssets): Promise<ModelConfig> {
  const bytes = assets.format === 'huggingface' ? await assets.file('generation_config.json') : undefined;
  if (bytes === undefined) return config;
  let eos: unknown;
  try {
    eos = (JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>)['eos_token_id'];
  } catch {
    throw new CheckpointError('generation_config.json', 'content', 'JSON', 'something else');
  }
  const more = (Array.isArray(eos) ? eos : [eos]).filter((id): id is number => Number.isInteger(id));
  return { ...config, eosTokenIds: [...new Set([...config.eosTokenIds, ...more])] };
}

async function startBackend({ backend, backendOptions }: LoadModelOptions): Promise<void> {
  if (backend !== undefined) {
    if (backend === 'auto' || engine().backendName !== backend) await chooseBackend(backend, backendOptions);
  } else if (engine().backendNames().length === 0) {
    await chooseBackend('auto', backendOptions);
  }
  await ready();
  getBackend();
}

const modelHash = (config: ModelConfig, weights: string): string =>
  `${config.family}-${config.numLayers}x${config.hiddenSize}-${weights}`;
