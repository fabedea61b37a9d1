// The simd executor of a checkpoint: weights packed into the machine's memory, tensors made only when somebody asks for them.
import { backend } from '@tensorflow/tfjs-core';
import type { SimdBackend } from '../../backends/simd/simd-backend.ts';
import { LazyParameters } from '../../models/lazy-parameters.ts';
import type { LoadProgress } from '../../models/load-parameters.ts';
import type { ModelCacheOptions } from '../../models/model.ts';
import type { ModelConfig } from '../../models/model-config.ts';
import type { ParameterSpec } from '../../models/parameters.ts';
import type { WeightFile } from '../../weights/weight-file.ts';
import type { StepExecutor } from '../step-executor.ts';
import { loadPackedParameters } from './packed-parameters.ts';
import { createSimdExecutor } from './simd-executor.ts';

/** How a load reports and stops. */
export interface SimdLoadOptions {
  readonly prefixes?: readonly string[] | undefined;
  readonly onProgress?: LoadProgress | undefined;
  readonly signal?: AbortSignal | undefined;
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
  const { parameters, unused, hash } = await loadPackedParameters(simd.machine.heap, specs, file, {
    ...(options.prefixes === undefined ? {} : { prefixes: options.prefixes }),
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const executor = createSimdExecutor(simd, config, parameters, {
    pageSize,
    sinks,
    ...(dtype === undefined ? {} : { cacheDtype: dtype }),
    ...(window === undefined ? {} : { window }),
    ...(prefillChunk === undefined ? {} : { maxRows: Math.min(prefillChunk, 256) }),
  });
  return {
    parameters: new LazyParameters(specs, (name) => executor.parameter(name)),
    unused,
    hash,
    executor,
  };
}
