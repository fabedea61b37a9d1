import type { BlockDtype, StoredTensor } from '../weight-file.ts';
import { blockFormat, isBlockDtype } from './block-format.ts';
import { dequantizeIQ4_NL } from './blocks/iq4-nl.ts';
import { dequantizeIQ4_XS } from './blocks/iq4-xs.ts';
import { dequantizeMXFP4 } from './blocks/mxfp4.ts';
import { dequantizeQ2_K } from './blocks/q2-k.ts';
import { dequantizeQ3_K } from './blocks/q3-k.ts';
import { dequantizeQ4_0 } from './blocks/q4-0.ts';
import { dequantizeQ4_1 } from './blocks/q4-1.ts';
import { dequantizeQ4_K } from './blocks/q4-k.ts';
import { dequantizeQ5_0 } from './blocks/q5-0.ts';
import { dequantizeQ5_1 } from './blocks/q5-1.ts';
import { dequantizeQ5_K } from './blocks/q5-k.ts';
import { dequantizeQ6_K } from './blocks/q6-k.ts';
import { dequantizeQ8_0 } from './blocks/q8-0.ts';
import { dequantizeQ8Group } from './blocks/q8-group.ts';
import { dequantizeTQ1_0 } from './blocks/tq1-0.ts';
import { dequantizeTQ2_0 } from './blocks/tq2-0.ts';
import { dequantizePlain } from './dequantize-plain.ts';
import { isPlain, plainBytes } from './plain.ts';

type Unpack = (bytes: Uint8Array, blocks: number, out: Float32Array) => void;

const unpack: Readonly<Record<BlockDtype, Unpack>> = {
  Q4_0: dequantizeQ4_0,
  Q4_1: dequantizeQ4_1,
  Q5_0: dequantizeQ5_0,
  Q5_1: dequantizeQ5_1,
  Q8_0: dequantizeQ8_0,
  Q2_K: dequantizeQ2_K,
  Q3_K: dequantizeQ3_K,
  Q4_K: dequantizeQ4_K,
  Q5_K: dequantizeQ5_K,
  Q6_K: dequantizeQ6_K,
  IQ4_NL: dequantizeIQ4_NL,
  IQ4_XS: dequantizeIQ4_XS,
  MXFP4: dequantizeMXFP4,
  TQ1_0: dequantizeTQ1_0,
  TQ2_0: dequantizeTQ2_0,
};

/**
 * The tensor's values as float32, row-major, bit-exact with ggml's own dequantisation for packed types (every product fits float32, so
 * there is one rounding at most). `into` receives them when given; its length must be the product of the shape.
 * Throws `RangeError` for a wrong length of `into` or of the bytes, `TypeError` for an unknown type.
 *
 * @example
 * ```ts
 * import { dequantize } from '@ashlar/core';
 *
 * const bytes = Uint8Array.of(0, 60, 0, 192); // binary16: 1, -2
 * Array.from(dequantize({ dtype: 'F16', shape: [2], bytes })); // => [1, -2]
 * ```
 */
export function dequantize(tensor: StoredTensor, into?: Float32Array): Float32Array {
  const { dtype, shape, bytes } = tensor;
  const count = shape.reduce((product, size) => product * size, 1);
  const blocks = isPlain(dtype) ? count : count / blockFormat(dtype).blockSize;
  const byteLength = blocks * (isPlain(dtype) ? plainBytes[dtype] : blockFormat(dtype).bytesPerBlock);
  if (bytes.byteLength !== byteLength || !Number.isInteger(blocks))
    throw new RangeError(`bytes: expected ${byteLength} (${dtype} [${shape}]), got ${bytes.byteLength}`);
  const out = into ?? new Float32Array(count);
  if (out.length !== count) throw new RangeError(`into: expected ${count} elements, got ${out.length}`);
  if (isPlain(dtype)) dequantizePlain(dtype, bytes, out);
  else if (isBlockDtype(dtype)) unpack[dtype](bytes, blocks, out);
  else dequantizeQ8Group(bytes, blocks, out, blockFormat(dtype).blockSize);
  return out;
}
