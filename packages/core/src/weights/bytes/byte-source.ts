import { CheckpointError } from '../checkpoint-error.ts';

/** A file that is read in pieces: memory, a Blob, a URL, a file on disk. */
export interface ByteSource {
  /** For messages: a path, a URL, a File's name. */
  readonly name: string;
  /** Length in bytes. */
  readonly size: number;
  /** Exactly `length` bytes from `offset`, or a `CheckpointError`. The bytes may be a view; do not write to them. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Lets go of the file; later reads fail. */
  close(): Promise<void>;
}

/** Throws unless [offset, offset + length) lies in the source. Every `ByteSource.read` calls this before it allocates. */
export function checkRange(source: { name: string; size: number }, offset: number, length: number): void {
  if (!Number.isSafeInteger(offset) || offset < 0 || offset > source.size)
    throw new CheckpointError(
      source.name,
      'offset',
      `0 <= offset <= ${source.size} (the file's size)`,
      offset,
    );
  if (!Number.isSafeInteger(length) || length < 0 || length > source.size - offset)
    throw new CheckpointError(
      source.name,
      'length',
      `at most ${source.size - offset} bytes from offset ${offset}`,
      length,
    );
}
