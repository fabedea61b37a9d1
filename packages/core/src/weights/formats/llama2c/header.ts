import type { ByteSource } from '../../bytes/byte-source.ts';
import { CheckpointError } from '../../checkpoint-error.ts';
import { maxLayers } from '../../limits.ts';
import { groupSize } from '../../quantization/block-format.ts';

/** The header of a llama2.c file. */
export interface Llama2cHeader {
  readonly version: 0 | 1 | 2;
  readonly dim: number;
  readonly hiddenDim: number;
  readonly layerCount: number;
  readonly headCount: number;
  readonly keyValueHeadCount: number;
  readonly vocabSize: number;
  readonly sequenceLength: number;
  /** True when the output layer is the embedding. */
  readonly sharedClassifier: boolean;
  /** Version 2: values a group. */
  readonly groupSize?: number;
  /** Where the weights begin. */
  readonly byteLength: number;
}

const magic = 0x616b3432; // 'ak42'
const fields = ['dim', 'hidden_dim', 'n_layers', 'n_heads', 'n_kv_heads', 'vocab_size', 'seq_len'] as const;

/** True when the first bytes are the magic of llama2.c versions 1 and up. */
export function isLlama2cMagic(bytes: Uint8Array): boolean {
  return bytes.byteLength >= 4 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === magic;
}

/** Reads and checks the header of any of the three versions. */
export async function readLlama2cHeader(source: ByteSource): Promise<Llama2cHeader> {
  if (source.size < 28)
    throw new CheckpointError(source.name, 'size', 'at least 28 bytes (the header)', source.size);
  const start = await source.read(0, Math.min(source.size, 256));
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  if (!isLlama2cMagic(start)) {
    const vocab = view.getInt32(5 * 4, true); // negative: the classifier is its own
    return check(source, {
      ...sizes(view, 0),
      version: 0,
      vocabSize: Math.abs(vocab),
      sharedClassifier: vocab > 0,
      byteLength: 28,
    });
  }
  if (source.size < 256)
    throw new CheckpointError(source.name, 'size', 'at least 256 bytes (the header)', source.size);
  const version = view.getInt32(4, true);
  if (version !== 1 && version !== 2) throw new CheckpointError(source.name, 'version', '0, 1 or 2', version);
  const shared = view.getUint8(36);
  if (shared > 1) throw new CheckpointError(source.name, 'shared_classifier', '0 or 1', shared);
  const header = { ...sizes(view, 8), version, sharedClassifier: shared === 1, byteLength: 256 } as const;
  return check(source, version === 1 ? header : { ...header, groupSize: view.getInt32(37, true) });
}

function sizes(view: DataView, at: number) {
  const [dim, hiddenDim, layerCount, headCount, keyValueHeadCount, vocabSize, sequenceLength] = fields.map(
    (_, i) => view.getInt32(at + i * 4, true),
  );
  return { dim, hiddenDim, layerCount, headCount, keyValueHeadCount, vocabSize, sequenceLength };
}

function check({ name: file, size }: ByteSource, header: Llama2cHeader): Llama2cHeader {
  const { dim, layerCount, headCount, keyValueHeadCount } = header;
  const values = [
    dim,
    header.hiddenDim,
    layerCount,
    headCount,
    keyValueHeadCount,
    header.vocabSize,
    header.sequenceLength,
  ];
  for (const [i, value] of values.entries())
    if (value < 1 || value > 1 << 24)
      throw new CheckpointError(file, fields[i], 'an integer from 1 to 2^24', value);
  if (layerCount > maxLayers) throw new CheckpointError(file, 'n_layers', `at most ${maxLayers}`, layerCount);
  if (dim % headCount !== 0 || (dim / headCount) % 2 !== 0)
    throw new CheckpointError(file, 'n_heads', `heads of an even size that fill dim ${dim}`, headCount);
  if (headCount % keyValueHeadCount !== 0)
    throw new CheckpointError(file, 'n_kv_heads', `a divisor of n_heads ${headCount}`, keyValueHeadCount);
  if (layerCount * dim * dim > size)
    throw new CheckpointError(
      file,
      'size',
      `at least ${layerCount * dim * dim} bytes (n_layers x dim x dim)`,
      size,
    );
  if (header.groupSize !== undefined && groupSize(`Q8_G${header.groupSize}`) === undefined)
    throw new CheckpointError(file, 'group_size', 'a power of two up to 4096', header.groupSize);
  return header;
}
