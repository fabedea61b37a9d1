// Bytes that the simd executor will hold on the machine's heap: weights as they are packed, pages, and the buffers of one pass. It follows simd-executor.ts and
// packed-matrix.ts; a test compares it with the heap.
import { sizeClass } from '../../backends/simd/heap.ts';
import type { CacheDtype } from '../../kv-cache/page-store.ts';
import type { ModelConfig } from '../../models/model-config.ts';
import { listParameters } from '../../models/parameters.ts';
import type { WeightFile } from '../../weights/weight-file.ts';
import {
  groupLayouts,
  integerBytes,
  integerKindOf,
  logitRows,
  mayBeHalf,
  panelBytes,
} from './packed-layout.ts';
import type { Activations } from './pass-buffers.ts';
import { simdPageBytes } from './simd-page-store.ts';

/** Weights in memory; without a file as float32. A type without kernels of its own becomes float32, as do matrices stored inputs first. */
export function simdWeightBytes(config: ModelConfig, stored?: Pick<WeightFile, 'tensors'>): number {
  const specs = listParameters(config);
  if (stored === undefined) {
    return specs.reduce((sum, { shape }) => sum + sizeClass(4 * shape.reduce((a, b) => a * b, 1)), 0);
  }
  const turned = specs.some(({ role, stored: { layout } }) => role === 'linear' && layout === 'in-out');
  let bytes = 0;
  for (const { dtype, shape } of stored.tensors.values()) {
    const count = shape.reduce((a, b) => a * b, 1);
    const kind = integerKindOf[dtype];
    const columns = shape[shape.length - 1];
    const width = mayBeHalf(dtype) || (!turned && dtype === 'BF16') ? 2 : 4;
    if (shape.length < 2) bytes += sizeClass(4 * count);
    else if (!turned && kind !== undefined && columns % groupLayouts[kind].columns === 0)
      bytes += sizeClass(integerBytes(kind, count / columns, columns));
    else bytes += sizeClass(width * count);
  }
  return bytes;
}

/** One page of keys and values of all layers. */
export function simdCachePageBytes(config: ModelConfig, pageSize: number, dtype: CacheDtype): number {
  const { numLayers: layers, numKeyValueHeads: groups, headDim } = config;
  return sizeClass(simdPageBytes({ layers, groups, pageSize, headDim }, dtype));
}

/** Buffers for passes of at most `maxRows` ids. */
export function simdBufferBytes(
  config: ModelConfig,
  maxRows: number,
  threads = 1,
  activations: Activations = 'int16',
): number {
  const { hiddenSize: C, numHeads: H, numKeyValueHeads: G, headDim: d, vocabSize: V } = config;
  const inner = Math.max(config.intermediateSize, config.experts?.intermediateSize ?? 0);
  const widestInput = Math.max(C, H * d, inner, config.embedding.width);
  const widths = [C, C, H * d, G * d, G * d, H * d, C, C, inner, inner, config.embedding.width];
  widths.push(config.experts?.count ?? 1);
  const ropes = new Set(config.layers.flatMap(({ rope }) => (rope === undefined ? [] : [rope])));
  for (const { rotaryDim } of ropes) widths.push(rotaryDim >> 1, rotaryDim >> 1);
  const four = Math.ceil(maxRows / 4) * 4;
  const blocks = [
    ...widths.map((width) => maxRows * width * 4),
    logitRows * C * 4,
    logitRows * V * 4,
    four * widestInput * 2,
    (maxRows * widestInput) / 8,
    (maxRows * widestInput * 3) / 8,
    ...(activations === 'int8' ? [four * widestInput, (four * widestInput) / 4] : []),
    panelBytes * threads,
    maxRows * 32,
    4096,
  ];
  return blocks.reduce((sum, bytes) => sum + sizeClass(bytes), 0);
}
