// The GGUF header (versions 1 to 3, little-endian): magic, version, counts, key-values, tensor table.
// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Our own parser, because the file is not to be trusted: docs/decisions/0002-own-gguf-parser.md.
import { CheckpointError } from '../../checkpoint-error.ts';
import { maxKeyValues, maxNameBytes, maxTensors } from '../../limits.ts';
import type { TensorEntry } from '../../weight-file.ts';
import { tensorByteLength } from '../tensor-size.ts';
import { Cursor } from './cursor.ts';
import { type GgmlDtype, ggmlDtype, ggmlTypeName } from './ggml-types.ts';
import { readKey, readString, readValue } from './gguf-value.ts';

/** A tensor's line in a GGUF file. */
export interface GgufEntry extends TensorEntry {
  readonly dtype: GgmlDtype;
  /** From the start of the file. */
  readonly begin: number;
}

/** Everything before the data. */
export interface GgufHeader {
  readonly version: number;
  readonly metadata: ReadonlyMap<string, unknown>;
  /** Under ggml's own names. */
  readonly tensors: ReadonlyMap<string, GgufEntry>;
}

/** ggml's GGML_MAX_DIMS. */
const maxGgmlRank = 4;

/** What stands where a magic number should, as text where it is text; the pointer that Git LFS leaves for a file is named. */
function beginning(bytes: Uint8Array): string {
  const start = bytes.subarray(0, 4);
  if (new TextDecoder().decode(bytes.subarray(0, 24)) === 'version https://git-lfs.')
    return 'the pointer of a file that Git LFS has not fetched (git lfs pull)';
  return start.every((byte) => byte >= 0x20 && byte < 0x7f)
    ? JSON.stringify(String.fromCharCode(...start))
    : [...start].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

/** Reads a header from the first bytes of a file. Throws `NeedMoreBytes` when they end too early, `CheckpointError` when they are wrong. */
export function parseGgufHeader(file: string, fileSize: number, bytes: Uint8Array): GgufHeader {
  const cursor = new Cursor(file, fileSize, bytes);
  const magic = cursor.u32('magic');
  if (magic !== 0x46554747) throw new CheckpointError(file, 'magic', 'GGUF', beginning(bytes));
  const version = cursor.u32('version');
  if (version < 1 || version > 3)
    throw new CheckpointError(
      file,
      'version',
      '1, 2 or 3, little-endian',
      version % 65536 === 0 && version > 0 ? `${version} (a big-endian file)` : version,
    );
  const tensorCount = cursor.count('tensor_count', version, maxTensors);
  const keyCount = cursor.count('metadata_kv_count', version, maxKeyValues);
  const metadata = readMetadata(cursor, version, keyCount);
  return {
    version,
    metadata,
    tensors: readTable(cursor, version, tensorCount, readAlignment(file, metadata)),
  };
}

function readMetadata(cursor: Cursor, version: number, count: number): ReadonlyMap<string, unknown> {
  const metadata = new Map<string, unknown>();
  for (let i = 0; i < count; i++) {
    const key = readKey(cursor, `metadata key ${i}`, version, maxNameBytes);
    if (metadata.has(key)) throw new CheckpointError(cursor.file, `metadata key ${i}`, 'a new key', key);
    metadata.set(key, readValue(cursor, key, version));
  }
  return metadata;
}

function readAlignment(file: string, metadata: ReadonlyMap<string, unknown>): number {
  const value = metadata.get('general.alignment') ?? 32;
  if (
    typeof value !== 'number' ||
    !Number.isInteger(value) ||
    value < 1 ||
    value > 65536 ||
    (value & (value - 1)) !== 0
  )
    throw new CheckpointError(file, 'general.alignment', 'a power of two up to 65536', value);
  return value;
}

function readTable(
  cursor: Cursor,
  version: number,
  count: number,
  alignment: number,
): Map<string, GgufEntry> {
  const { file } = cursor;
  const found: { name: string; dtype: GgmlDtype; shape: number[]; byteLength: number; offset: bigint }[] = [];
  const names = new Set<string>();
  for (let i = 0; i < count; i++) {
    const name = readString(cursor, `tensor ${i}: name`, version, maxNameBytes);
    if (names.has(name)) throw new CheckpointError(file, `tensor ${i}: name`, 'a new name', name);
    names.add(name);
    const rank = cursor.u32(`${name}: n_dimensions`);
    if (rank > maxGgmlRank)
      throw new CheckpointError(file, `${name}: n_dimensions`, `at most ${maxGgmlRank}`, rank);
    const shape: number[] = [];
    for (let d = 0; d < rank; d++) shape.unshift(cursor.count(`${name}: dimension ${d}`, version, 2 ** 40));
    const type = cursor.u32(`${name}: type`);
    const dtype = ggmlDtype(type);
    if (dtype === undefined)
      throw new CheckpointError(
        file,
        `${name}: type`,
        'F32, F16, BF16, a Q, K, IQ4, MXFP4 or TQ type that can be dequantised',
        `${type} (${ggmlTypeName(type) ?? 'unknown'})`,
      );
    const offset = cursor.u64(`${name}: offset`);
    found.push({ name, dtype, shape, byteLength: tensorByteLength(file, name, dtype, shape), offset });
  }
  return place(cursor, found, alignment);
}

function place(
  { file, fileSize, at }: Cursor,
  found: readonly { name: string; dtype: GgmlDtype; shape: number[]; byteLength: number; offset: bigint }[],
  alignment: number,
): Map<string, GgufEntry> {
  const dataStart = Math.ceil(at / alignment) * alignment;
  const room = Math.max(0, fileSize - dataStart);
  const tensors = new Map<string, GgufEntry>();
  for (const { name, dtype, shape, byteLength, offset } of found) {
    if (offset > BigInt(room) || byteLength > room - Number(offset))
      throw new CheckpointError(
        file,
        `${name}: offset`,
        `${byteLength} bytes within the ${room} of data`,
        offset,
      );
    if (Number(offset) % alignment !== 0)
      throw new CheckpointError(file, `${name}: offset`, `a multiple of ${alignment}`, offset);
    // an empty tensor may stand behind the last byte
    const begin = byteLength === 0 ? 0 : dataStart + Number(offset);
    tensors.set(name, { dtype, shape, byteLength, begin });
  }
  const order = [...tensors].sort((a, b) => a[1].begin - b[1].begin || a[1].byteLength - b[1].byteLength);
  let end = dataStart;
  for (const [name, entry] of order) {
    if (entry.begin < end && entry.byteLength > 0)
      throw new CheckpointError(
        file,
        `${name}: offset`,
        'tensors that do not overlap',
        entry.begin - dataStart,
      );
    end = Math.max(end, entry.begin + entry.byteLength);
  }
  return tensors;
}
