// Small llama2.c files of every version for tests: the weights are those of `tinyWeights`, rows in the pairwise order of the format.
import { dequantize } from '../../quantization/dequantize.ts';
import { quantize } from '../../quantization/quantize.ts';
import { tinyConfig, tinyWeights } from '../../tiny-checkpoint.ts';
import { sourceRow } from '../gguf/change.ts';
import { reorderRows } from '../interleaved-rope.ts';
import type { Llama2cHeader } from './header.ts';
import { llama2cLayout } from './layout.ts';

const sizes = { heads: 4, keyValueHeads: 2, headSize: 8 };

/** A llama2.c file; version 2 has groups of 32, whose int8 are Q8_0's. */
export async function tinyLlama2c(version: 0 | 1 | 2): Promise<Uint8Array> {
  const header: Llama2cHeader = {
    version,
    dim: tinyConfig.hidden_size,
    hiddenDim: tinyConfig.intermediate_size,
    layerCount: tinyConfig.num_hidden_layers,
    headCount: sizes.heads,
    keyValueHeadCount: sizes.keyValueHeads,
    vocabSize: tinyConfig.vocab_size,
    sequenceLength: tinyConfig.max_position_embeddings,
    sharedClassifier: false,
    byteLength: version === 0 ? 28 : 256,
    ...(version === 2 && { groupSize: 32 }),
  };
  const parts: Uint8Array[] = [headerBytes(header)];
  const weights = tinyWeights();
  for (const { name, shape, permuted } of llama2cLayout(header)) {
    let values = new Float32Array(shape.reduce((product, size) => product * size, 1));
    if (name !== undefined) {
      let { bytes } = await weights.read(name);
      const change = name.includes('q_proj') ? 'pairwise-query' : 'pairwise-key';
      if (permuted) bytes = reorderRows(bytes, shape[0], sourceRow(change, shape[0], sizes)!);
      values = dequantize({ dtype: 'F32', shape, bytes }) as typeof values;
    }
    if (version === 2 && shape.length === 2) parts.push(...groups(values));
    else parts.push(new Uint8Array(values.buffer));
  }
  const file = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    file.set(part, at);
    at += part.byteLength;
  }
  return file;
}

function headerBytes(header: Llama2cHeader): Uint8Array {
  const bytes = new Uint8Array(header.byteLength);
  const view = new DataView(bytes.buffer);
  const vocab = header.version === 0 ? -header.vocabSize : header.vocabSize;
  const { dim, hiddenDim, layerCount, headCount, keyValueHeadCount, sequenceLength } = header;
  const sizes = [dim, hiddenDim, layerCount, headCount, keyValueHeadCount, vocab, sequenceLength];
  const start = header.version === 0 ? 0 : 8;
  for (const [i, size] of sizes.entries()) view.setInt32(start + i * 4, size, true);
  if (header.version > 0) {
    view.setUint32(0, 0x616b3432, true);
    view.setInt32(4, header.version, true);
    view.setUint8(36, 0);
    if (header.groupSize !== undefined) view.setInt32(37, header.groupSize, true);
  }
  return bytes;
}

/** All int8, then all float32 scales. */
function groups(values: Float32Array): Uint8Array[] {
  const blocks = quantize(values, 'Q8_0');
  const count = values.length / 32;
  const integers = new Uint8Array(values.length);
  const scales = new Float32Array(count);
  for (let b = 0; b < count; b++) {
    integers.set(blocks.subarray(b * 34 + 2, b * 34 + 34), b * 32);
    scales[b] = dequantize({ dtype: 'F16', shape: [1], bytes: blocks.subarray(b * 34, b * 34 + 2) })[0];
  }
  return [integers, new Uint8Array(scales.buffer)];
}
