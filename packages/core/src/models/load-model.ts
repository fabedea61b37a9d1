// From a place to a model: open the checkpoint, read its configuration, choose a backend, stream the tensors over.

import { engine, getBackend, ready } from '@tensorflow/tfjs-core';
import type { BackendName, BackendOptions } from '../backends/backend.ts';
import { chooseBackend } from '../backends/choose.ts';
import { checkOptions } from '../check-options.ts';
import type { TuningStorage } from '../runtime/webgpu/tuning-cache.ts';
import type { WorkerModel } from '../runtime/worker/worker-model.ts';
import { CheckpointError } from '../weights/checkpoint-error.ts';
import type { HubOptions } from '../weights/hub/hub-folder.ts';
import { type CheckpointPlace, openCheckpoint } from '../weights/open-checkpoint.ts';
import type { ModelAssets } from '../weights/weight-file.ts';
import { parseModelConfig } from './config.ts';
import { families } from './families.ts';
import { findName, type LoadProgress, loadParameters } from './load-parameters.ts';
import { createModel, type Model } from './model.ts';
import type { ModelCacheOptions } from './model-cache-options.ts';
import type { ModelConfig } from './model-config.ts';
import { listParameters } from './parameters.ts';

/** Options of `loadModel`. */
export interface LoadModelOptions {
  /** A tfjs backend or `auto`; default the one that is running, else `auto`. */
  readonly backend?: BackendName | 'auto';
  readonly backendOptions?: BackendOptions;
  /** Which file of a folder with several. */
  readonly file?: string;
  /** For `hf:` places: progress of the download, token, cache directory, retries. */
  readonly hub?: HubOptions;
  readonly cache?: ModelCacheOptions;
  /** `auto` takes a fused executor where the backend has one (simd, webgpu: weights stay packed) for models that generate; `composite` is stock tfjs ops. */
  readonly executor?: 'auto' | 'composite';
  /**
   * For the webgpu executor: how products of one row are cut is measured while the model loads (1.5 s at the most), once for an adapter, and kept in the user's cache directory (Node) or in the
   * storage that is given, such as `localStorage`. Default: true on GPUs, false on software adapters; false takes fixed cuts.
   */
  readonly autotune?: boolean | TuningStorage;
  /**
   * How activations meet 4-bit weights (Q4_0, Q4_1, Q4_K) on simd when several rows pass at once (prompts, batches): `int16` (default) changes logits by less than
   * their float32 noise; `int8` rounds them to 8 bits, as llama.cpp does, and is faster, but answers may differ (docs/decisions/0004).
   * On webgpu activations are float32; with `int8` they meet packed integer weights (Q8_0 to Q6_K) as integers of 8 bits, and with `float16` prompts and batches meet all weights as binary16 with
   * sums in float32 (on devices with shader-f16). Elsewhere both are refused.
   */
  readonly activations?: 'int16' | 'int8' | 'float16';
  /**
   * Loads and runs the whole model in a worker (a thread in Node, a module worker in a page), so that no step blocks the caller's event loop; answers a
   * `WorkerModel`. Place and options are sent to it: functions among them (a folder of your own, loaders of peers) are refused.
   */
  readonly worker?: boolean;
  readonly onProgress?: LoadProgress;
  readonly signal?: AbortSignal;
}

const known: readonly string[] = [
  'backend',
  'backendOptions',
  'file',
  'hub',
  'cache',
  'executor',
  'autotune',
  'activations',
  'worker',
  'onProgress',
  'signal',
];

/**
 * Loads a decoder in its original format (safetensors with config.json, GGUF, llama2.c) onto a tfjs backend.
 *
 * Tensors are read one at a time and dequantised to float32. The model owns them: `dispose()` frees every one.
 *
 * @example
 * ```ts
 * import { generate, loadModel } from '@ashlar/core';
 * using model = await loadModel('conformance/cases/models/gpt2-scales', { backend: 'cpu' });
 * model.family // => 'gpt2'
 * const logits = model.forward([3, 1, 4]);
 * logits.shape // => [1, 3, 61]
 * logits.dispose();
 * const ids: number[] = [];
 * for await (const { id } of generate(model, [3, 1, 4], { maxNewTokens: 5 })) ids.push(id);
 * ids.length // => 5
 * ```
 * @param where a path (Node), a URL, `hf:owner/name[@rev][/file]`, a File, the Files of a directory, or a folder of your own
 * @throws {UnknownArchitectureError} for an architecture outside of the table of families
 * @throws {CheckpointError} for a damaged file
 */
export async function loadModel(
  where: CheckpointPlace,
  options: LoadModelOptions & { readonly worker: true },
): Promise<WorkerModel>;
export async function loadModel(
  where: CheckpointPlace,
  options?: LoadModelOptions & { readonly worker?: false },
): Promise<Model>;
export async function loadModel(
  where: CheckpointPlace,
  options: LoadModelOptions = {},
): Promise<Model | WorkerModel> {
  checkOptions(options, known, 'loadModel');
  if (!['auto', 'composite', undefined].includes(options.executor)) {
    throw new RangeError(`executor: expected auto or composite, got ${JSON.stringify(options.executor)}`);
  }
  const { autotune } = options;
  if (
    autotune !== undefined &&
    typeof autotune !== 'boolean' &&
    (typeof autotune?.getItem !== 'function' || typeof autotune.setItem !== 'function')
  )
    throw new TypeError('autotune: expected true, false or a storage with getItem and setItem');
  const { file, hub, cache, onProgress, signal, activations } = options;
  if (!['int16', 'int8', 'float16', undefined].includes(activations))
    throw new RangeError(`activations: expected int16, int8 or float16, got ${JSON.stringify(activations)}`);
  if (options.worker !== undefined && typeof options.worker !== 'boolean')
    throw new TypeError(`worker: expected true or false, got ${JSON.stringify(options.worker)}`);
  if (options.worker) return loadInWorker(where, options);
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

async function loadInWorker(where: CheckpointPlace, options: LoadModelOptions): Promise<WorkerModel> {
  const { worker: _, onProgress, signal, ...sent } = options;
  signal?.throwIfAborted();
  const [{ startModelWorker }, { connectModel }] = await Promise.all([
    import('../start-model-worker.ts'),
    import('../runtime/worker/worker-model.ts'),
  ]);
  return connectModel(await startModelWorker(), where, sent, { onProgress, signal });
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
