// Bytes that the simd executor will hold on the machine's heap: weights as they are packed, pages, and the buffers of one pass. It follows simd-executor.ts and
// packed-matrix.ts; a test compares it with the heap.
import { sizeClass } from '../../backends/simd/heap.ts';
import type { ModelConfig } from '../../models/model-config.ts';
import { listParameters } from '../../models/parameters.ts';
import type { WeightFile } from '../../weights/weight-file.ts';

/** Rows of logits computed at a time. */
const logitRows = 8;
/** Bytes of a stored block of 32 weights, and packed. */
const packedBlocks: Readonly<Record<string, readonly [stored: number, packed: number]>> = {
  Q4_0: [18, 20],
  Q4_1: [20, 20],
  Q8_0: [34, 34],
};

/** Weights in memory; without a file as float32. A type without kernels of its own becomes float32, as do matrices stored inputs first. */
export function simdWeightBytes(config: ModelConfig, stored?: Pick<WeightFile, 'tensors'>): number {
  const specs = listParameters(config);
  if (stored === undefined) {
    return specs.reduce((sum, { shape }) => sum + sizeClass(4 * shape.reduce((a, b) => a * b, 1)), 0);
  }
  const turned = specs.some(({ role, stored: { layout } }) => role === 'linear' && layout === 'in-out');
  let bytes = 0;
  for (const { dtype, shape, byteLength } of stored.tensors.values()) {
    const count = shape.reduce((a, b) => a * b, 1);
    const block = packedBlocks[dtype];
    const plain = dtype === 'F16' || dtype === 'BF16' || dtype === 'F32';
    if (shape.length < 2 || turned) bytes += sizeClass(4 * count);
    else if (block !== undefined) bytes += sizeClass((byteLength / block[0]) * block[1]);
    else bytes += sizeClass(plain ? byteLength : 4 * count);
  }
  return bytes;
}

/** One page of keys and values of all layers. */
export function simdPageBytes(config: ModelConfig, pageSize: number): number {
  return sizeClass(config.numLayers * 2 * config.numKeyValueHeads * pageSize * config.headDim * 4);
}

/** Buffers for passes of at most `maxRows` ids. */
export function simdBufferBytes(config: ModelConfig, maxRows: number): number {
  const { hiddenSize: C, numHeads: H, numKeyValueHeads: G, headDim: d, vocabSize: V } = config;
  const inner = Math.max(config.intermediateSize, config.experts?.intermediateSize ?? 0);
  const widestInput = Math.max(C, H * d, inner, config.embedding.width);
  const widths = [C, C, H * d, G * d, G * d, H * d, C, C, inner, inner, config.embedding.width];
  widths.push(config.experts?.count ?? 1);
  const ropes = new Set(config.layers.flatMap(({ rope }) => (rope === undefined ? [] : [rope])));
  for (const { rotaryDim } of ropes) widths.push(rotaryDim >> 1, rotaryDim >> 1);
  const blocks = [
    ...widths.map((width) => maxRows * width * 4),
    logitRows * C * 4,
    logitRows * V * 4,
    maxRows * widestInput,
    (maxRows * widestInput) / 8,
    (maxRows * widestInput) / 8,
    maxRows * 32,
    4096,
  ];
  return blocks.reduce((sum, bytes) => sum + sizeClass(bytes), 0);
}
