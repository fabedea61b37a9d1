// The simd executor of a checkpoint: weights packed into the machine's memory, tensors made only when somebody asks for them.
import { backend } from '@tensorflow/tfjs-core';
import { OutOfMemoryError } from '../../backends/errors.ts';
import type { Heap } from '../../backends/simd/heap.ts';
import type { SimdBackend } from '../../backends/simd/simd-backend.ts';
import { formatBytes } from '../../inspect/estimate-memory.ts';
import { LazyParameters } from '../../models/lazy-parameters.ts';
import type { LoadProgress } from '../../models/load-parameters.ts';
import type { ModelCacheOptions } from '../../models/model-cache-options.ts';
import type { ModelConfig } from '../../models/model-config.ts';
import type { ParameterSpec } from '../../models/parameters.ts';
import type { WeightFile } from '../../weights/weight-file.ts';
import type { StepExecutor } from '../step-executor.ts';
import { simdBufferBytes, simdCachePageBytes, simdWeightBytes } from './estimate-simd-memory.ts';
import { loadPackedParameters } from './packed-parameters.ts';
import type { Activations } from './pass-buffers.ts';
import { createSimdExecutor } from './simd-executor.ts';

/** How a load reports and stops. */
export interface SimdLoadOptions {
  readonly prefixes?: readonly string[] | undefined;
  readonly onProgress?: LoadProgress | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly activations?: Activations | undefined;
}

/** Loads `file` for the running simd backend. */
export async function loadSimdModel(
  config: ModelConfig,
  specs: readonly ParameterSpec[],
  file: WeightFile,
  options: SimdLoadOptions,
  { pageSize = 32, window, sinks = 0, prefillChunk, dtype }: ModelCacheOptions = {},
): Promise<{ parameters: LazyParameters; unused: readonly string[]; hash: string; executor: StepExecutor }> {
  const simd = backend() as SimdBackend;
  const { heap, threads } = simd.machine;
  const maxRows = Math.min(prefillChunk ?? 256, 256);
  checkRoom(heap, {
    weights: simdWeightBytes(config, file),
    buffers: simdBufferBytes(config, maxRows, threads, options.activations),
    page: simdCachePageBytes(config, pageSize, dtype ?? 'float32'),
  });
  const { parameters, unused, hash } = await loadPackedParameters(heap, specs, file, {
    ...(options.prefixes === undefined ? {} : { prefixes: options.prefixes }),
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const executor = createSimdExecutor(simd, config, parameters, {
    pageSize,
    sinks,
    ...(options.activations === undefined ? {} : { activations: options.activations }),
    ...(dtype === undefined ? {} : { cacheDtype: dtype }),
    ...(window === undefined ? {} : { window }),
    maxRows,
  });
  return {
    parameters: new LazyParameters(specs, (name) => executor.parameter(name)),
    unused,
    hash,
    executor,
  };
}

/** Throws before anything is read when the model cannot fit: WASM's memory ends at 4 GiB. */
export function checkRoom(
  heap: Pick<Heap, 'maximumBytes' | 'liveBytes'>,
  need: { readonly weights: number; readonly buffers: number; readonly page: number },
): void {
  const room = heap.maximumBytes - heap.liveBytes;
  const total = need.weights + need.buffers + need.page;
  if (total <= room) return;
  throw new OutOfMemoryError(
    `backend "simd": expected a model of at most ${formatBytes(room)} (WASM memory ends at ${formatBytes(heap.maximumBytes)}, ${formatBytes(heap.liveBytes)} of it in use), ` +
      `need ${formatBytes(total)}: weights ${formatBytes(need.weights)}, buffers ${formatBytes(need.buffers)}, a first page of the cache ${formatBytes(need.page)}`,
  );
}
