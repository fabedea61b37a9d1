// From a place to a model: open the checkpoint, read its configuration, choose a backend, stream the tensors over.
import { engine, getBackend, ready } from '@tensorflow/tfjs-core';
import type { BackendName, BackendOptions } from '../backends/backend.ts';
import { chooseBackend } from '../backends/choose.ts';
import { type CheckpointPlace, openCheckpoint } from '../weights/open-checkpoint.ts';
import { parseModelConfig } from './config.ts';
import { families } from './families.ts';
import { findName, type LoadProgress, loadParameters } from './load-parameters.ts';
import { createModel, type Model, type ModelCacheOptions } from './model.ts';
import type { ModelConfig } from './model-config.ts';
import { listParameters } from './parameters.ts';

/** Options of `loadModel`. */
export interface LoadModelOptions {
  /** A tfjs backend or `auto`; default the one that is running, else `auto`. */
  readonly backend?: BackendName | 'auto';
  readonly backendOptions?: BackendOptions;
  /** Which file of a folder with several. */
  readonly file?: string;
  readonly cache?: ModelCacheOptions;
  readonly onProgress?: LoadProgress;
  readonly signal?: AbortSignal;
}

const known: readonly string[] = ['backend', 'backendOptions', 'file', 'cache', 'onProgress', 'signal'];

/**
 * Loads a decoder in its original format (safetensors with config.json, GGUF, llama2.c) onto a tfjs backend.
 *
 * Tensors are read one at a time and dequantised to float32. The model owns them: `dispose()` frees every one.
 *
 * @param where a path (Node), a URL, `hf:owner/name[@rev][/file]`, a File, the Files of a directory, or a folder of your own
 * @throws {UnknownArchitectureError} for an architecture outside of the table of families
 * @throws {CheckpointError} for a damaged file
 */
export async function loadModel(where: CheckpointPlace, options: LoadModelOptions = {}): Promise<Model> {
  for (const key of Object.keys(options)) {
    if (!known.includes(key))
      throw new TypeError(`loadModel: expected options ${known.join(', ')}, got ${key}`);
  }
  const { file, cache, onProgress, signal } = options;
  await startBackend(options);
  const checkpoint = await openCheckpoint(where, file === undefined ? {} : { file });
  try {
    const parsed = parseModelConfig(checkpoint.config);
    const names = families.find((family) => family.name === parsed.family)?.tensors;
    const prefixes = names?.prefixes;
    const headName = names?.modules['head'];
    const lacksHead =
      !parsed.head.tied &&
      typeof headName === 'string' &&
      !findName(`${headName}.weight`, checkpoint.weights, []);
    // A checkpoint of the base model (an embedding model): hidden states, no logits.
    const config = lacksHead ? { ...parsed, head: { ...parsed.head, present: false } } : parsed;
    const { tensors, unused, hash } = await loadParameters(listParameters(config), checkpoint.weights, {
      prefixes,
      onProgress,
      signal,
    });
    const { assets } = checkpoint;
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
