// From a place to a model: checks what was asked for, then loads it here or in a worker.

import type { BackendName, BackendOptions } from '../backends/backend.ts';
import { checkOptions } from '../check-options.ts';
import type { TuningStorage } from '../runtime/webgpu/tuning-cache.ts';
import type { WorkerModel } from '../runtime/worker/worker-model.ts';
import type { HubOptions } from '../weights/hub/hub-folder.ts';
import type { CheckpointPlace } from '../weights/open-checkpoint.ts';
import { loadHere } from './load-here.ts';
import type { LoadProgress } from './load-parameters.ts';
import type { Model } from './model.ts';
import type { ModelCacheOptions } from './model-cache-options.ts';

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
  const { activations } = options;
  if (!['int16', 'int8', 'float16', undefined].includes(activations))
    throw new RangeError(`activations: expected int16, int8 or float16, got ${JSON.stringify(activations)}`);
  if (options.worker !== undefined && typeof options.worker !== 'boolean')
    throw new TypeError(`worker: expected true or false, got ${JSON.stringify(options.worker)}`);
  if (options.worker) return loadInWorker(where, options);
  return loadHere(where, options);
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
