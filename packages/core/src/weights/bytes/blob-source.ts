import { CheckpointError } from '../checkpoint-error.ts';
import { type ByteSource, checkRange } from './byte-source.ts';

/** A `ByteSource` over a Blob or a File (an `<input type="file">`, a drop, OPFS); each read fetches only its slice. */
export function blobSource(blob: Blob, name = 'name' in blob ? String(blob.name) : 'blob'): ByteSource {
  const source = {
    name,
    size: blob.size,
    read: async (offset: number, length: number) => {
      checkRange(source, offset, length);
      const bytes = new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
      if (bytes.byteLength !== length)
        throw new CheckpointError(name, 'bytes read', `${length}`, bytes.byteLength);
      return bytes;
    },
    close: async () => {},
  };
  return source;
}
