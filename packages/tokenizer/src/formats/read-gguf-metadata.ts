// The key-values of a GGUF file (ggml-org/ggml docs/gguf.md), versions 2 and 3. Numbers come as numbers where they fit, arrays of numbers as typed arrays.
// The tensors behind them are not looked at.
import { decodeUtf8 } from '../unicode/utf8.ts';

/**
 * The key-values at the beginning of a GGUF file. Throws a RangeError when `bytes` ends before they do (read more of the file and try again),
 * a TypeError when it is no GGUF file.
 */
export function readGgufMetadata(bytes: Uint8Array): ReadonlyMap<string, unknown> {
  const reader = new Reader(bytes);
  const magic = reader.number(4);
  if (magic !== 0x46554747) throw new TypeError('gguf: the file does not begin with GGUF');
  const version = reader.number(4);
  if (version !== 2 && version !== 3) throw new TypeError(`gguf: expected version 2 or 3, got ${version}`);
  reader.number(8); // tensors
  const count = reader.number(8);
  const metadata = new Map<string, unknown>();
  for (let i = 0; i < count; i++) {
    const key = reader.text();
    metadata.set(key, reader.value(reader.number(4)));
  }
  return metadata;
}

const WIDTHS = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];
const ARRAYS = [
  Uint8Array,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  undefined,
  undefined,
  undefined,
  BigUint64Array,
  BigInt64Array,
  Float64Array,
];
const STRING = 8;
const ARRAY = 9;

class Reader {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private at = 0;

  constructor(bytes: Uint8Array) {
    // A plain view: the slice() of Node's Buffer shares its memory, so that `.buffer` would be the whole file
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** An unsigned little-endian integer of 4 or 8 bytes. */
  number(width: 4 | 8): number {
    const at = this.take(width);
    if (width === 4) return this.view.getUint32(at, true);
    return Number(this.view.getBigUint64(at, true));
  }

  text(): string {
    const length = this.number(8);
    const at = this.take(length);
    return decodeUtf8(this.bytes.subarray(at, at + length));
  }

  value(type: number): unknown {
    if (type === STRING) return this.text();
    if (type === ARRAY) return this.array();
    if (type >= WIDTHS.length) throw new TypeError(`gguf: the value type ${type} is not known`);
    const at = this.take(WIDTHS[type]);
    const { view } = this;
    switch (type) {
      case 0:
        return view.getUint8(at);
      case 1:
        return view.getInt8(at);
      case 2:
        return view.getUint16(at, true);
      case 3:
        return view.getInt16(at, true);
      case 4:
        return view.getUint32(at, true);
      case 5:
        return view.getInt32(at, true);
      case 6:
        return view.getFloat32(at, true);
      case 7:
        return view.getUint8(at) !== 0;
      case 10:
        return view.getBigUint64(at, true);
      case 11:
        return view.getBigInt64(at, true);
      default:
        return view.getFloat64(at, true);
    }
  }

  private array(): unknown {
    const type = this.number(4);
    const count = this.number(8);
    const typed = ARRAYS[type];
    if (typed !== undefined) {
      const at = this.take(count * WIDTHS[type]);
      return new typed(this.bytes.slice(at, at + count * WIDTHS[type]).buffer);
    }
    if (type >= WIDTHS.length) throw new TypeError(`gguf: the value type ${type} is not known`);
    if (count > this.bytes.length) throw new RangeError('gguf: an array is longer than the file');
    return Array.from({ length: count }, () => this.value(type));
  }

  private take(length: number): number {
    const at = this.at;
    if (at + length > this.bytes.length)
      throw new RangeError(`gguf: the key-values go on behind byte ${this.bytes.length}`);
    this.at += length;
    return at;
  }
}
