// GGUF version 3, little-endian. Streams: the table's offsets follow from the sizes, so each tensor is read when its turn comes.
import type { ByteSink } from '../../write/byte-sink.ts';
import type { TensorToWrite } from '../../write/tensor-to-write.ts';
import { exactly } from '../safetensors/write-safetensors.ts';
import { type GgmlDtype, ggmlTypeNumber } from './ggml-types.ts';

/**
 * A metadata value. Plain numbers are typed by their size: non-negative integers u32, negative ones i32, others f32; wrap one as
 * `{ type, value }` for another type. Typed arrays and lists of strings or booleans become arrays.
 */
export type GgufValue =
  | number
  | bigint
  | string
  | boolean
  | readonly string[]
  | readonly boolean[]
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigUint64Array
  | BigInt64Array
  | { readonly type: 'f32' | 'f64' | 'u8' | 'i32' | 'u32' | 'u64' | 'i64'; readonly value: number | bigint };

const typeNumber = {
  u8: 0,
  i8: 1,
  u16: 2,
  i16: 3,
  u32: 4,
  i32: 5,
  f32: 6,
  bool: 7,
  string: 8,
  array: 9,
  u64: 10,
  i64: 11,
  f64: 12,
};
const arrayTypes: Readonly<Record<string, number>> = {
  Uint8Array: 0,
  Int8Array: 1,
  Uint16Array: 2,
  Int16Array: 3,
  Uint32Array: 4,
  Int32Array: 5,
  Float32Array: 6,
  BigUint64Array: 10,
  BigInt64Array: 11,
  Float64Array: 12,
};
const alignment = 32;

/** Writes a GGUF file. Tensor names and shapes are ggml's view with sizes outermost first, as `readGguf` gives them. The sink is not closed. */
export async function writeGguf(
  sink: ByteSink,
  metadata: ReadonlyMap<string, GgufValue>,
  tensors: readonly TensorToWrite[],
): Promise<void> {
  const header = new HeaderWriter();
  header.u32(0x46554747);
  header.u32(3);
  header.u64(tensors.length);
  const entries = [...metadata].filter(([key]) => key !== 'general.alignment');
  header.u64(entries.length);
  for (const [key, value] of entries) {
    header.string(key);
    header.value(key, value);
  }
  let offset = 0;
  for (const { name, dtype, shape, byteLength } of tensors) {
    header.string(name);
    header.u32(shape.length);
    for (const size of [...shape].reverse()) header.u64(size);
    const type = ggmlTypeNumber(dtype as GgmlDtype);
    if (type < 0) throw new TypeError(`dtype of ${name}: expected one of ggml's types, got ${dtype}`);
    header.u32(type);
    header.u64(offset);
    offset += Math.ceil(byteLength / alignment) * alignment;
  }
  header.pad(alignment);
  await sink.write(header.bytes());
  for (const tensor of tensors) {
    await sink.write(await exactly(tensor));
    const padding = -tensor.byteLength & (alignment - 1);
    if (padding > 0) await sink.write(new Uint8Array(padding));
  }
}

class HeaderWriter {
  #bytes = new Uint8Array(1 << 16);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  #grow(length: number): number {
    const at = this.#at;
    this.#at += length;
    if (this.#at > this.#bytes.byteLength) {
      const larger = new Uint8Array(Math.max(this.#at, this.#bytes.byteLength * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }

  u32(value: number): void {
    const at = this.#grow(4);
    this.#view.setUint32(at, value, true);
  }

  u64(value: number | bigint): void {
    const at = this.#grow(8);
    this.#view.setBigUint64(at, BigInt(value), true);
  }

  string(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.u64(bytes.byteLength);
    this.raw(bytes);
  }

  raw(bytes: Uint8Array): void {
    const at = this.#grow(bytes.byteLength);
    this.#bytes.set(bytes, at);
  }

  value(key: string, value: GgufValue): void {
    if (typeof value === 'number') this.number(value);
    else if (typeof value === 'bigint') this.scalar(value < 0n ? 'i64' : 'u64', value);
    else if (typeof value === 'boolean') this.scalar('bool', value ? 1 : 0);
    else if (typeof value === 'string') {
      this.u32(typeNumber.string);
      this.string(value);
    } else if (ArrayBuffer.isView(value)) this.typedArray(value as Uint8Array);
    else if (Array.isArray(value)) this.list(key, value);
    else if ('type' in value) this.scalar(value.type, value.value);
    else throw new TypeError(`${key}: expected a GGUF value, got ${typeof value}`);
  }

  number(value: number): void {
    const whole = Number.isInteger(value);
    this.scalar(
      whole && value >= 0 && value < 2 ** 32
        ? 'u32'
        : whole && value >= -(2 ** 31) && value < 0
          ? 'i32'
          : 'f32',
      value,
    );
  }

  scalar(type: keyof typeof typeNumber, value: number | bigint): void {
    this.u32(typeNumber[type]);
    const at = this.#grow(type === 'u8' || type === 'bool' ? 1 : type.endsWith('64') ? 8 : 4);
    if (type === 'u8' || type === 'bool') this.#view.setUint8(at, Number(value));
    else if (type === 'u32') this.#view.setUint32(at, Number(value), true);
    else if (type === 'i32') this.#view.setInt32(at, Number(value), true);
    else if (type === 'f32') this.#view.setFloat32(at, Number(value), true);
    else if (type === 'f64') this.#view.setFloat64(at, Number(value), true);
    else if (type === 'i64') this.#view.setBigInt64(at, BigInt(value), true);
    else this.#view.setBigUint64(at, BigInt(value), true);
  }

  typedArray(value: Uint8Array): void {
    this.u32(typeNumber.array);
    this.u32(arrayTypes[value.constructor.name]);
    this.u64(value.length);
    this.raw(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }

  list(key: string, values: readonly unknown[]): void {
    this.u32(typeNumber.array);
    const flags = values.length > 0 && values.every((value) => typeof value === 'boolean');
    this.u32(flags ? typeNumber.bool : typeNumber.string);
    this.u64(values.length);
    for (const value of values) {
      if (flags) this.raw(Uint8Array.of(value ? 1 : 0));
      else if (typeof value === 'string') this.string(value);
      else throw new TypeError(`${key}: expected strings or booleans, got ${typeof value}`);
    }
  }

  pad(to: number): void {
    this.#grow(-this.#at & (to - 1));
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }
}
