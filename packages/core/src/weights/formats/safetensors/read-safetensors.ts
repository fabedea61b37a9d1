// safetensors: u64 length, a JSON header {name: {dtype, shape, data_offsets}}, then the data. https://github.com/huggingface/safetensors
// We keep the reference's rules: offsets cover the data without gap or overlap, in any order of the header.
import type { ByteSource } from '../../bytes/byte-source.ts';
import { CheckpointError } from '../../checkpoint-error.ts';
import { maxHeaderBytes, maxNameBytes, maxTensors } from '../../limits.ts';
import { isPlain } from '../../quantization/plain.ts';
import type { PlainDtype, TensorEntry, WeightFile } from '../../weight-file.ts';
import { isObject, readJsonObject } from '../read-json.ts';
import { tensorByteLength } from '../tensor-size.ts';

interface Placed extends TensorEntry {
  readonly dtype: PlainDtype;
  /** From the start of the data. */
  readonly begin: number;
}

/** A safetensors file's tensors and its `__metadata__`. */
export interface SafetensorsFile extends WeightFile {
  /** The header's `__metadata__`: strings by name. */
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Opens a safetensors file: reads and checks the header, then tensors on demand. The source is closed with the file, also when the header
 * is refused. Throws `CheckpointError`.
 */
export async function readSafetensors(source: ByteSource): Promise<SafetensorsFile> {
  try {
    return await open(source);
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function open(source: ByteSource): Promise<SafetensorsFile> {
  if (source.size < 8)
    throw new CheckpointError(source.name, 'size', 'at least 8 bytes (the header length)', source.size);
  const prefix = await source.read(0, 8);
  const claimed = new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true);
  const most = Math.min(maxHeaderBytes, source.size - 8);
  if (claimed > BigInt(most) || claimed < 2n)
    throw new CheckpointError(source.name, 'header length', `2 to ${most} bytes`, claimed);
  const headerBytes = Number(claimed);
  const header = readJsonObject(await source.read(8, headerBytes), source.name, 'header');
  const dataStart = 8 + headerBytes;
  const { tensors, metadata } = readHeader(source.name, header, source.size - dataStart);
  return {
    tensors,
    metadata,
    async read(name) {
      const entry = tensors.get(name);
      if (entry === undefined)
        throw new CheckpointError(source.name, name, 'a tensor of this file', 'no such tensor');
      const bytes = await source.read(dataStart + entry.begin, entry.byteLength);
      return { dtype: entry.dtype, shape: entry.shape, bytes };
    },
    close: () => source.close(),
  };
}

function readHeader(file: string, header: Record<string, unknown>, dataBytes: number) {
  const { __metadata__: notes, ...rest } = header;
  const metadata = new Map<string, string>();
  if (notes !== undefined) {
    if (!isObject(notes)) throw new CheckpointError(file, '__metadata__', 'an object of strings', notes);
    for (const [key, value] of Object.entries(notes)) {
      if (typeof value !== 'string')
        throw new CheckpointError(file, `__metadata__.${key}`, 'a string', value);
      metadata.set(key, value);
    }
  }
  const names = Object.keys(rest);
  if (names.length > maxTensors)
    throw new CheckpointError(file, 'header', `at most ${maxTensors} tensors`, names.length);
  const tensors = new Map<string, Placed>();
  for (const name of names) tensors.set(name, readEntry(file, name, rest[name], dataBytes));
  checkCover(file, tensors, dataBytes);
  return { tensors, metadata };
}

function readEntry(file: string, name: string, value: unknown, dataBytes: number): Placed {
  if (name.length > maxNameBytes)
    throw new CheckpointError(file, 'tensor name', `at most ${maxNameBytes} characters`, name);
  if (!isObject(value))
    throw new CheckpointError(file, name, 'an object {dtype, shape, data_offsets}', value);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !isPlain(dtype))
    throw new CheckpointError(
      file,
      `${name}: dtype`,
      'a known element type (F32, F16, BF16, I8, ...)',
      dtype,
    );
  if (!isIntegers(shape)) throw new CheckpointError(file, `${name}: shape`, 'a list of integers >= 0', shape);
  if (!isIntegers(offsets) || offsets.length !== 2)
    throw new CheckpointError(file, `${name}: data_offsets`, 'two integers >= 0', offsets);
  const [begin, end] = offsets;
  const byteLength = tensorByteLength(file, name, dtype, shape);
  if (begin > end || end > dataBytes)
    throw new CheckpointError(file, `${name}: data_offsets`, `begin <= end <= ${dataBytes}`, offsets);
  if (end - begin !== byteLength)
    throw new CheckpointError(
      file,
      `${name}: data_offsets`,
      `${byteLength} bytes (${dtype} [${shape}])`,
      end - begin,
    );
  return { dtype, shape, byteLength, begin };
}

function isIntegers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function checkCover(file: string, tensors: ReadonlyMap<string, Placed>, dataBytes: number): void {
  const order = [...tensors].sort((a, b) => a[1].begin - b[1].begin || a[1].byteLength - b[1].byteLength);
  let next = 0;
  for (const [name, { begin, byteLength }] of order) {
    if (begin !== next)
      throw new CheckpointError(
        file,
        `${name}: data_offsets`,
        `a begin of ${next} (no gap, no overlap)`,
        begin,
      );
    next = begin + byteLength;
  }
  if (next !== dataBytes)
    throw new CheckpointError(file, 'data', `${next} bytes (the header's sum)`, dataBytes);
}
