import { tensorByteLength } from '../formats/tensor-size.ts';
import { dequantize } from '../quantization/dequantize.ts';
import { isPlain } from '../quantization/plain.ts';
import { quantize, type WrittenDtype } from '../quantization/quantize.ts';
import type { StoredDtype, StoredTensor, TensorEntry, WeightFile } from '../weight-file.ts';

/** A tensor that will be written: its table line now, its bytes when its turn comes. */
export interface TensorToWrite extends TensorEntry {
  readonly name: string;
  /** The bytes, `byteLength` of them. */
  read(): Promise<Uint8Array>;
}

/** Every tensor of a weight file as it is, or with `dtype` converted to that type (packed types that stay are not touched). */
export function tensorsToWrite(
  weights: WeightFile,
  dtypeOf: (name: string, entry: TensorEntry) => StoredDtype = (_, entry) => entry.dtype,
): TensorToWrite[] {
  return [...weights.tensors].map(([name, entry]) => {
    const dtype = dtypeOf(name, entry);
    if (dtype === entry.dtype)
      return { name, ...pick(entry), read: async () => (await weights.read(name)).bytes };
    if (!isWritten(dtype))
      throw new TypeError(`dtype of ${name}: expected F32, F16, BF16, Q8_0 or Q4_0, got ${dtype}`);
    const byteLength = tensorByteLength(name, name, dtype, entry.shape);
    return {
      name,
      dtype,
      shape: entry.shape,
      byteLength,
      read: async () => convert(await weights.read(name), dtype),
    };
  });
}

/** True for a type that has a writer. */
export function isWritten(dtype: StoredDtype): dtype is WrittenDtype {
  return ['F32', 'F16', 'BF16', 'Q8_0', 'Q4_0'].includes(dtype);
}

/** The type that safetensors keeps a tensor in: its own when plain, float32 for packed blocks. */
export function plainDtype(dtype: StoredDtype): StoredDtype {
  return isPlain(dtype) ? dtype : 'F32';
}

function convert(tensor: StoredTensor, dtype: WrittenDtype): Uint8Array {
  return quantize(dequantize(tensor), dtype);
}

function pick({ dtype, shape, byteLength }: TensorEntry): TensorEntry {
  return { dtype, shape, byteLength };
}
