import { CheckpointError } from '../../checkpoint-error.ts';

/** Thrown by `Cursor` when the bytes at hand end before the field does; the reader then fetches more, or reports the file as cut. */
export class NeedMoreBytes extends Error {
  override readonly name = 'NeedMoreBytes';
}

/**
 * Reads little-endian fields from the start of a file of which `bytes` is a prefix. Lengths are compared with what the whole file can hold
 * before they are believed.
 */
export class Cursor {
  readonly file: string;
  readonly fileSize: number;
  readonly bytes: Uint8Array;
  at = 0;
  readonly #view: DataView;

  constructor(file: string, fileSize: number, bytes: Uint8Array) {
    this.file = file;
    this.fileSize = fileSize;
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Moves over `length` bytes and returns where they began. */
  skip(field: string, length: number): number {
    if (length > this.fileSize - this.at)
      throw new CheckpointError(
        this.file,
        field,
        `at most ${this.fileSize - this.at} bytes to the end of the file`,
        length,
      );
    if (length > this.bytes.byteLength - this.at) throw new NeedMoreBytes();
    const start = this.at;
    this.at += length;
    return start;
  }

  u8 = (field: string): number => this.#view.getUint8(this.skip(field, 1));
  i8 = (field: string): number => this.#view.getInt8(this.skip(field, 1));
  u16 = (field: string): number => this.#view.getUint16(this.skip(field, 2), true);
  i16 = (field: string): number => this.#view.getInt16(this.skip(field, 2), true);
  u32 = (field: string): number => this.#view.getUint32(this.skip(field, 4), true);
  i32 = (field: string): number => this.#view.getInt32(this.skip(field, 4), true);
  f32 = (field: string): number => this.#view.getFloat32(this.skip(field, 4), true);
  f64 = (field: string): number => this.#view.getFloat64(this.skip(field, 8), true);
  u64 = (field: string): bigint => this.#view.getBigUint64(this.skip(field, 8), true);
  i64 = (field: string): bigint => this.#view.getBigInt64(this.skip(field, 8), true);

  bool(field: string): boolean {
    const value = this.u8(field);
    if (value > 1) throw new CheckpointError(this.file, field, 'a boolean, 0 or 1', value);
    return value === 1;
  }

  /** A count or length: u32 in version 1, u64 later; at most `most`. */
  count(field: string, version: number, most: number): number {
    const value = version === 1 ? this.u32(field) : this.u64(field);
    if (value > most) throw new CheckpointError(this.file, field, `at most ${most}`, value);
    return Number(value);
  }
}
