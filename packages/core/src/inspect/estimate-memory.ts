// Bytes a model will take, from its configuration alone, before anything is loaded. Weights and cache are counted exactly; activations are counted for the
// composite path, whose stock tfjs operations keep every intermediate result of a step until its end: the sum over the layers, an upper bound. Backends with kernels
// of our own need less (the cpu backend's attention keeps no scores); tests hold the bound against tf.profile there, from above and within 2.5. For the simd and webgpu
// executors everything is counted as it lies on the heap or the device; tests hold it within 10 % there.

import { OutOfMemoryError } from '../backends/errors.ts';
import { checkOptions } from '../check-options.ts';
import type { CacheDtype } from '../kv-cache/page-store.ts';
import type { ModelConfig } from '../models/model-config.ts';
import { listParameters } from '../models/parameters.ts';
import {
  simdBufferBytes,
  simdCachePageBytes,
  simdWeightBytes,
} from '../runtime/simd/estimate-simd-memory.ts';
import {
  webgpuBufferBytes,
  webgpuCachePageBytes,
  webgpuWeightBytes,
} from '../runtime/webgpu/estimate-webgpu-memory.ts';
import type { WeightFile } from '../weights/weight-file.ts';

/** Options of `estimateMemory`. */
export interface EstimateMemoryOptions {
  /** Tokens of one sequence, prompt and answer; default the model's longest. */
  readonly contextTokens?: number;
  /** Sequences at a time; default 1. */
  readonly batch?: number;
  /** Prompt tokens computed at a time; default 512. */
  readonly prefillChunk?: number;
  /** Tokens a page of the cache; default 32. */
  readonly pageSize?: number;
  /** How the cache keeps keys and values; default `float32`, the only one of `composite`. */
  readonly cacheDtype?: CacheDtype;
  /** With it, `weights` counts the tensors as they are stored (packed); without, as float32. */
  readonly stored?: Pick<WeightFile, 'tensors'>;
  /** What runs sequences: `composite` (default), or `simd` or `webgpu`, whose weights stay packed and whose buffers are fixed. */
  readonly executor?: 'composite' | 'simd' | 'webgpu';
  /** Bytes there are. A larger total throws `OutOfMemoryError`. */
  readonly room?: number;
}

/** Bytes by use. */
export interface MemoryEstimate {
  readonly weights: number;
  readonly kvCache: number;
  readonly activations: number;
  readonly total: number;
}

const known = [
  'contextTokens',
  'batch',
  'prefillChunk',
  'pageSize',
  'cacheDtype',
  'stored',
  'executor',
  'room',
];

/**
 * Bytes of weights, key-value cache and activations for a model of this configuration.
 *
 * weights = 4 bytes a parameter, or the stored bytes; kvCache = 2 x layers x key-value heads x head size x 4 bytes a token, in whole pages;
 * activations = the intermediate results of the largest step (for `simd` and `webgpu` the buffers of a pass). Throws `OutOfMemoryError`, naming need and room, when `room` is given and too small;
 * `RangeError` and `TypeError` for options out of range or unknown.
 *
 * @example
 * ```ts
 * import { estimateMemory, parseModelConfig } from '@ashlar/core';
 *
 * const config = parseModelConfig({
 *   model_type: 'llama', hidden_size: 64, intermediate_size: 160, num_hidden_layers: 3, num_attention_heads: 4,
 *   num_key_value_heads: 2, vocab_size: 307, max_position_embeddings: 256, rms_norm_eps: 1e-5, tie_word_embeddings: true,
 * });
 * estimateMemory(config, { contextTokens: 128 }).kvCache // => 98304
 * ```
 */
export function estimateMemory(config: ModelConfig, options: EstimateMemoryOptions = {}): MemoryEstimate {
  checkOptions(options, known, 'estimateMemory');
  const {
    contextTokens = config.maxPositions,
    batch = 1,
    prefillChunk = 512,
    pageSize = 32,
    cacheDtype = 'float32',
    stored,
    executor = 'composite',
    room,
  } = options;
  for (const [name, value] of Object.entries({ contextTokens, batch, prefillChunk, pageSize }))
    if (!Number.isSafeInteger(value) || value < 1)
      throw new RangeError(`${name}: expected an integer >= 1, got ${value}`);
  if (!['composite', 'simd', 'webgpu'].includes(executor))
    throw new RangeError(`executor: expected composite, simd or webgpu, got ${executor}`);
  const simd = executor === 'simd';
  const dtypes = executor === 'composite' ? ['float32'] : ['float32', 'float16', 'int8'];
  if (!dtypes.includes(cacheDtype))
    throw new RangeError(`cacheDtype: expected ${dtypes.join(', ')} for ${executor}, got ${cacheDtype}`);
  const webgpu = executor === 'webgpu';
  const weights = simd
    ? simdWeightBytes(config, stored)
    : webgpu
      ? webgpuWeightBytes(config, stored)
      : stored === undefined
        ? parameterBytes(config)
        : storedBytes(stored);
  const pages = batch * Math.ceil(contextTokens / pageSize);
  const pageBytes = simd
    ? simdCachePageBytes(config, pageSize, cacheDtype)
    : webgpu
      ? webgpuCachePageBytes(config, pageSize, cacheDtype)
      : 2 * config.numLayers * config.numKeyValueHeads * config.headDim * pageSize * 4;
  const kvCache = pages * pageBytes;
  const activations = simd
    ? simdBufferBytes(config, Math.min(prefillChunk, 256))
    : webgpu
      ? webgpuBufferBytes(config, Math.min(prefillChunk, 512), batch)
      : activationBytes(config, batch, Math.min(prefillChunk, contextTokens), contextTokens);
  const total = weights + kvCache + activations;
  if (room !== undefined && total > room)
    throw new OutOfMemoryError(
      `memory: expected at most ${formatBytes(room)}, need ${formatBytes(total)} (weights ${formatBytes(weights)}, ` +
        `cache of ${batch} x ${contextTokens} tokens ${formatBytes(kvCache)}, activations ${formatBytes(activations)})`,
    );
  return { weights, kvCache, activations, total };
}

function parameterBytes(config: ModelConfig): number {
  let count = 0;
  for (const { shape } of listParameters(config)) count += shape.reduce((product, size) => product * size, 1);
  return count * 4;
}

function storedBytes({ tensors }: Pick<WeightFile, 'tensors'>): number {
  let bytes = 0;
  for (const { byteLength } of tensors.values()) bytes += byteLength;
  return bytes;
}

// How many arrays of each width the composite operations of one layer leave behind (measured). Should a step come to free a layer's results before the next,
// the factor numLayers below goes.
const copies = { hidden: 16, heads: 8, scores: 6, inner: 14, gelu: 8 };

function activationBytes(config: ModelConfig, batch: number, rows: number, keys: number): number {
  const { hiddenSize, numHeads, numKeyValueHeads, headDim, intermediateSize, experts, mlp, vocabSize } =
    config;
  const projected = (numHeads + 2 * numKeyValueHeads) * headDim;
  const inner = experts === undefined ? intermediateSize : experts.intermediateSize * experts.count;
  const act = copies.inner + (mlp.activation.includes('gelu') ? copies.gelu : 0);
  const aRow =
    copies.hidden * hiddenSize + copies.heads * projected + copies.scores * numHeads * keys + act * inner;
  const gathered = 2 * 2 * keys * numHeads * headDim; // keys and values of the context, side by side, then one for each query head
  return 4 * batch * (config.numLayers * (rows * aRow + gathered) + 2 * vocabSize);
}

/** 1536 -> '1.5 KiB'. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const unit = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** unit;
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${units[unit]}`;
}
