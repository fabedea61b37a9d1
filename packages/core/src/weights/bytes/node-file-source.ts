import { CheckpointError } from '../checkpoint-error.ts';
import { type ByteSource, checkRange } from './byte-source.ts';
import { nodeBuiltin } from './node-builtins.ts';

/** A `ByteSource` over a file on disk (Node); the file stays open until `close()`. */
export async function nodeFileSource(path: string): Promise<ByteSource> {
  const handle = await nodeBuiltin('node:fs/promises').open(path, 'r');
  const info = await handle.stat();
  if (!info.isFile()) {
    await handle.close();
    throw new CheckpointError(path, 'kind', 'a regular file', 'something else');
  }
  const source = {
    name: path,
    size: info.size,
    read: async (offset: number, length: number) => {
      checkRange(source, offset, length);
      const bytes = new Uint8Array(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled);
        if (bytesRead === 0)
          throw new CheckpointError(path, 'bytes read', `${length} (the file shrank)`, filled);
        filled += bytesRead;
      }
      return bytes;
    },
    close: () => handle.close(),
  };
  return source;
}
