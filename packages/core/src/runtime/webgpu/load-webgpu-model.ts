// The webgpu executor of a checkpoint: weights packed on the device, tensors made only when somebody asks for them.
import { backend } from '@tensorflow/tfjs-core';
import { checkBackend } from '../../backends/choose.ts';
import { OutOfMemoryError } from '../../backends/errors.ts';
import { deviceName, hasPackedProducts, isSoftwareDevice } from '../../backends/webgpu.ts';
import { LazyParameters } from '../../models/lazy-parameters.ts';
import type { LoadProgress } from '../../models/load-parameters.ts';
import type { ModelCacheOptions } from '../../models/model-cache-options.ts';
import type { ModelConfig } from '../../models/model-config.ts';
import type { ParameterSpec } from '../../models/parameters.ts';
import type { WeightFile } from '../../weights/weight-file.ts';
import { autotune, kernelVersion } from './autotune.ts';
import { createDeviceMemory } from './device-memory.ts';
import { loadDeviceParameters } from './device-parameters.ts';
import type { Rounding } from './kernels/round-rows.ts';
import { gpuTuning, type LinearTuning, softwareTuning, tilesWithin } from './linear-tuning.ts';
import { createDispatchTimer } from './time-dispatch.ts';
import { nodeTuningStorage, openTuningCache, type TuningStorage } from './tuning-cache.ts';
import { createWebgpuExecutor, type WebgpuExecutor } from './webgpu-executor.ts';

/** How a load reports and stops. */
export interface WebgpuLoadOptions {
  readonly prefixes?: readonly string[] | undefined;
  readonly onProgress?: LoadProgress | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly subgroups?: boolean | undefined;
  readonly tuning?: LinearTuning | undefined;
  /** Activations are rounded on their way into products. */
  readonly rounds?: Rounding | undefined;
  /** Default: true on GPUs, false on adapters that are programs. */
  readonly autotune?: boolean | TuningStorage | undefined;
}

/** Loads `file` for the running webgpu backend. */
export async function loadWebgpuModel(
  config: ModelConfig,
  specs: readonly ParameterSpec[],
  file: WeightFile,
  { prefixes, onProgress, signal, subgroups, tuning, autotune: tunes, rounds }: WebgpuLoadOptions,
  { pageSize = 32, window, sinks = 0, prefillChunk, dtype }: ModelCacheOptions = {},
): Promise<{
  parameters: LazyParameters;
  unused: readonly string[];
  hash: string;
  executor: WebgpuExecutor;
}> {
  const { device } = backend() as unknown as { device: GPUDevice };
  if (rounds === 'float16' && !device.features.has('shader-f16'))
    throw new TypeError('activations: expected int16 on this device, which has no shader-f16');
  if (rounds === 'int8' && !hasPackedProducts(device))
    throw new TypeError(
      'activations: expected int16 on this device, which has no packed_4x8_integer_dot_product',
    );
  const memory = createDeviceMemory(device);
  device.pushErrorScope('out-of-memory');
  let scoped = true;
  const closeScope = async () => {
    scoped = false;
    const problem = await device.popErrorScope();
    if (problem !== null) throw new OutOfMemoryError(`weights on the GPU: ${problem.message}`);
  };
  try {
    const { parameters, unused, hash } = await loadDeviceParameters(memory, specs, file, {
      ...(prefixes === undefined ? {} : { prefixes }),
      ...(onProgress === undefined ? {} : { onProgress }),
      ...(signal === undefined ? {} : { signal }),
    });
    const software = isSoftwareDevice(device);
    const fixed =
      tuning ??
      tilesWithin(software ? softwareTuning : gpuTuning, device.limits.maxComputeWorkgroupStorageSize);
    const measured =
      tuning === undefined && (tunes ?? !software)
        ? await autotune(
            device,
            config,
            parameters,
            fixed,
            await openTuningCache(
              `${deviceName(device)} kernels ${kernelVersion}${subgroups === false ? ' without subgroups' : ''}`,
              typeof tunes === 'object' ? tunes : nodeTuningStorage(),
            ),
            createDispatchTimer(device),
            { subgroups },
          )
        : fixed;
    signal?.throwIfAborted();
    const executor = createWebgpuExecutor(memory, config, parameters, {
      pageSize,
      sinks,
      ...(window === undefined ? {} : { window }),
      ...(prefillChunk === undefined ? {} : { maxRows: Math.min(prefillChunk, 512) }),
      ...(subgroups === undefined ? {} : { subgroups }),
      tuning: measured,
      rounds,
      cacheDtype: dtype,
    });
    await closeScope();
    checkBackend('webgpu');
    return { parameters: new LazyParameters(specs, (name) => executor.tensor(name)), unused, hash, executor };
  } catch (error) {
    if (scoped) await closeScope().catch(() => {});
    memory.dispose();
    throw error;
  }
}
