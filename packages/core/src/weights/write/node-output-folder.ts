import { nodeBuiltin } from '../bytes/node-builtins.ts';
import { checkFileName } from '../folders/checkpoint-folder.ts';
import type { ByteSink, OutputFolder } from './byte-sink.ts';

/** A file on disk (Node) as a `ByteSink`; what was there is replaced. */
export async function nodeFileSink(path: string): Promise<ByteSink> {
  const handle = await nodeBuiltin('node:fs/promises').open(path, 'w');
  return {
    write: async (bytes) => {
      let done = 0;
      while (done < bytes.byteLength) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.byteLength - done);
        done += bytesWritten;
      }
    },
    close: () => handle.close(),
  };
}

/** A directory on disk (Node) as an `OutputFolder`; it is made when absent. */
export function nodeOutputFolder(directory: string): OutputFolder {
  return {
    create: async (file) => {
      const { join, dirname } = nodeBuiltin('node:path');
      const path = join(directory, checkFileName(directory, 'file', file));
      await nodeBuiltin('node:fs/promises').mkdir(dirname(path), { recursive: true });
      return nodeFileSink(path);
    },
  };
}
