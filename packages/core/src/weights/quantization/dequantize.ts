import type { StoredTensor } from '../weight-file.ts';
import { dequantizePlain } from './dequantize-plain.ts';
import { isPlain } from './plain.ts';

/**
 * The tensor's values as float32, row-major, bit-exact with ggml's own dequantisation for packed types.
 * `into` receives them (its length must be the product of the shape); without it a new array is made.
 */
export function dequantize(tensor: StoredTensor, into?: Float32Array): Float32Array {
  const count = tensor.shape.reduce((product, size) => product * size, 1);
  const out = into ?? new Float32Array(count);
  if (out.length !== count) throw new RangeError(`into: expected ${count} elements, got ${out.length}`);
  if (isPlain(tensor.dtype)) dequantizePlain(tensor.dtype, tensor.bytes, out);
  else throw new TypeError(`dtype: expected a type with a dequantiser, got ${tensor.dtype}`);
  return out;
}
