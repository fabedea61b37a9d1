import { CheckpointError } from '../../checkpoint-error.ts';
import { maxArrayDepth, maxArrayLength, maxStringBytes } from '../../limits.ts';
import type { Cursor } from './cursor.ts';

// gguf_metadata_value_type
const types = [
  'u8',
  'i8',
  'u16',
  'i16',
  'u32',
  'i32',
  'f32',
  'bool',
  'string',
  'array',
  'u64',
  'i64',
  'f64',
] as const;
type ValueType = (typeof types)[number];

const numeric = {
  u8: Uint8Array,
  i8: Int8Array,
  u16: Uint16Array,
  i16: Int16Array,
  u32: Uint32Array,
  i32: Int32Array,
  f32: Float32Array,
  u64: BigUint64Array,
  i64: BigInt64Array,
  f64: Float64Array,
};

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder('utf-8', { ignoreBOM: true });

/** A metadata key: as a string, but its UTF-8 must be right. */
export function readKey(cursor: Cursor, field: string, version: number, most: number): string {
  const length = cursor.count(`${field}: length`, version, most);
  const start = cursor.skip(field, length);
  try {
    return strict.decode(cursor.bytes.subarray(start, start + length));
  } catch (cause) {
    throw new CheckpointError(cursor.file, field, 'UTF-8', 'other bytes', { cause });
  }
}

/** A string; bytes that are no UTF-8 (tokens may be such) become U+FFFD. */
export function readString(cursor: Cursor, field: string, version: number, most = maxStringBytes): string {
  const length = cursor.count(`${field}: length`, version, most);
  const start = cursor.skip(field, length);
  return decode(cursor.bytes, start, start + length);
}

// A vocabulary is 10^5 short strings, mostly ASCII: for those a TextDecoder call each costs more than the characters.
function decode(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > 24) return lenient.decode(bytes.subarray(start, end));
  let text = '';
  for (let i = start; i < end; i++) {
    if (bytes[i] > 127) return lenient.decode(bytes.subarray(start, end));
    text += String.fromCharCode(bytes[i]);
  }
  return text;
}

/** A typed value: number, bigint (64 bits), boolean, string, typed array, boolean[], string[] or an array of arrays. */
export function readValue(cursor: Cursor, key: string, version: number): unknown {
  return readTyped(cursor, key, version, readType(cursor, key));
}

function readType(cursor: Cursor, key: string): ValueType {
  const number = cursor.u32(`${key}: type`);
  const type = types[number];
  if (type === undefined) throw new CheckpointError(cursor.file, `${key}: type`, '0 to 12', number);
  return type;
}

function readTyped(cursor: Cursor, key: string, version: number, type: ValueType, depth = 0): unknown {
  if (type === 'string') return readString(cursor, key, version);
  if (type !== 'array') return cursor[type](key);
  if (depth === maxArrayDepth)
    throw new CheckpointError(cursor.file, key, `at most ${maxArrayDepth} arrays in arrays`, 'more');
  const element = readType(cursor, key);
  const count = cursor.count(`${key}: length`, version, maxArrayLength);
  if (element !== 'string' && element !== 'array' && element !== 'bool') {
    const { BYTES_PER_ELEMENT: size } = numeric[element];
    const start = cursor.skip(`${key}: length`, count * size);
    return new numeric[element](new Uint8Array(cursor.bytes.subarray(start, start + count * size)).buffer);
  }
  // Every string or array takes at least its length field: a count that the file cannot hold is refused before any element is made.
  const least = element === 'bool' ? 1 : version === 1 ? 4 : 8;
  if (count * least > cursor.fileSize - cursor.at)
    throw new CheckpointError(cursor.file, `${key}: length`, 'a count that fits the file', count);
  const values: unknown[] = [];
  for (let i = 0; i < count; i++) values.push(readTyped(cursor, key, version, element, depth + 1));
  return values;
}
