// Bytes that the webgpu executor will hold on the device: weights as they are packed, pages, and the buffers of one pass. It follows device-parameters.ts and
// pass-buffers.ts; a test compares it with the device.
import type { CacheDtype } from '../../kv-cache/page-store.ts';
import type { ModelConfig } from '../../models/model-config.ts';
import { listParameters } from '../../models/parameters.ts';
import type { WeightFile } from '../../weights/weight-file.ts';
import { rowBytes } from './device-matrix.ts';
import { rowWords } from './kernels/gather.ts';
import { sideBytes } from './kernels/page-access.ts';
import { rowWidths } from './pass-buffers.ts';
import { floatKind, kindOf } from './weight-kind.ts';

/** Weights on the device; without a file as float32. A type without a kind of its own becomes float32, as do matrices stored inputs first. */
export function webgpuWeightBytes(config: ModelConfig, stored?: Pick<WeightFile, 'tensors'>): number {
  const specs = listParameters(config);
  if (stored === undefined)
    return specs.reduce((sum, { shape }) => sum + 4 * shape.reduce((a, b) => a * b, 1), 0);
  const turned = specs.some(({ role, stored: { layout } }) => role === 'linear' && layout === 'in-out');
  let bytes = 0;
  for (const { dtype, shape } of stored.tensors.values()) {
    const count = shape.reduce((a, b) => a * b, 1);
    const columns = shape.at(-1) ?? 1;
    const kind = (turned ? undefined : kindOf(dtype, columns)) ?? floatKind;
    bytes += shape.length < 2 ? 4 * count : (count / columns) * rowBytes(kind, columns);
  }
  return bytes;
}

/** One page of keys and values of all layers. */
export function webgpuCachePageBytes(config: ModelConfig, pageSize: number, dtype: CacheDtype): number {
  const { numLayers: layers, numKeyValueHeads: groups, headDim } = config;
  return layers * 2 * sideBytes({ layers, groups, pageSize, headDim }, dtype);
}

/** Buffers for passes of at most `maxRows` rows with logits for `wanted` of them. */
export function webgpuBufferBytes(config: ModelConfig, maxRows: number, wanted = 1): number {
  const widths = Object.values(rowWidths(config)).reduce((a, b) => a + b, 0);
  const ropes = new Set(config.layers.flatMap(({ rope }) => (rope === undefined ? [] : [rope])));
  const angles = [...ropes].reduce((sum, { rotaryDim }) => sum + 2 * (rotaryDim >> 1), 0);
  return (
    maxRows * 4 * (widths + angles + rowWords + 1 + 2 * (config.experts?.perToken ?? 1)) +
    wanted * config.vocabSize * 4
  );
}
