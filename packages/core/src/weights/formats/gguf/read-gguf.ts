import type { ByteSource } from '../../bytes/byte-source.ts';
import { CheckpointError } from '../../checkpoint-error.ts';
import { maxHeaderBytes } from '../../limits.ts';
import type { WeightFile } from '../../weight-file.ts';
import { NeedMoreBytes } from './cursor.ts';
import { type GgufEntry, type GgufHeader, parseGgufHeader } from './gguf-header.ts';

/** A GGUF file as it is: ggml's tensor names and row order, and all key-values. `openCheckpoint` gives the Hugging Face view. */
export interface GgufFile extends WeightFile {
  readonly version: number;
  readonly metadata: ReadonlyMap<string, unknown>;
  readonly tensors: ReadonlyMap<string, GgufEntry>;
  /** Bytes of the file, for readers that need a part of a tensor. */
  readonly source: ByteSource;
}

/** Opens a GGUF file of version 1, 2 or 3: reads and checks its header, then tensors on demand. Throws `CheckpointError`; the source is closed then. */
export async function readGguf(source: ByteSource): Promise<GgufFile> {
  try {
    const header = await readHeader(source);
    const read = async (name: string) => {
      const entry = header.tensors.get(name);
      if (entry === undefined)
        throw new CheckpointError(source.name, name, 'a tensor of this file', 'no such tensor');
      const bytes = await source.read(entry.begin, entry.byteLength);
      return { dtype: entry.dtype, shape: entry.shape, bytes };
    };
    return { ...header, source, read, close: () => source.close() };
  } catch (error) {
    await source.close();
    throw error;
  }
}

// Where the header ends is known only after parsing it, so it is parsed from a prefix that grows fourfold until it suffices.
async function readHeader(source: ByteSource): Promise<GgufHeader> {
  let bytes: Uint8Array = new Uint8Array(0);
  for (let want = 1 << 20; ; want *= 4) {
    const size = Math.min(want, source.size, maxHeaderBytes);
    if (size <= bytes.byteLength)
      throw size < source.size
        ? new CheckpointError(source.name, 'header', `at most ${size} bytes`, 'more')
        : new CheckpointError(
            source.name,
            'header',
            'a whole one',
            `a file that ends in it, after ${size} bytes`,
          );
    bytes = await extend(source, bytes, size);
    try {
      return parseGgufHeader(source.name, source.size, bytes);
    } catch (error) {
      if (!(error instanceof NeedMoreBytes)) throw error;
    }
  }
}

async function extend(source: ByteSource, bytes: Uint8Array, size: number): Promise<Uint8Array> {
  const rest = await source.read(bytes.byteLength, size - bytes.byteLength);
  if (bytes.byteLength === 0) return rest;
  const joined = new Uint8Array(size);
  joined.set(bytes);
  joined.set(rest, bytes.byteLength);
  return joined;
}
