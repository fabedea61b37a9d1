import { CheckpointError } from '../checkpoint-error.ts';
import { maxRank } from '../limits.ts';
import { blockFormat } from '../quantization/block-format.ts';
import { isPlain, plainBytes } from '../quantization/plain.ts';
import type { StoredDtype } from '../weight-file.ts';

/**
 * Bytes of a tensor: product of the shape x bytes per element (or per block along the innermost size). Throws `CheckpointError` unless
 * the shape is a short list of non-negative integers whose product stays a safe integer and whose innermost size is whole blocks.
 */
export function tensorByteLength(
  file: string,
  field: string,
  dtype: StoredDtype,
  shape: readonly number[],
): number {
  if (shape.length > maxRank)
    throw new CheckpointError(file, `${field}: shape`, `at most ${maxRank} dimensions`, shape.length);
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0)
      throw new CheckpointError(file, `${field}: shape`, 'sizes that are integers >= 0', shape);
    count *= size;
    if (!Number.isSafeInteger(count * 8))
      throw new CheckpointError(file, `${field}: shape`, 'a number of elements below 2^50', shape);
  }
  if (isPlain(dtype)) return count * plainBytes[dtype];
  const { blockSize, bytesPerBlock } = blockFormat(dtype);
  const innermost = shape.at(-1) ?? 1;
  if (innermost % blockSize !== 0)
    throw new CheckpointError(
      file,
      `${field}: shape`,
      `an innermost size that is a multiple of ${blockSize} (${dtype})`,
      shape,
    );
  return (count / blockSize) * bytesPerBlock;
}
