import { nodeBuiltin } from '../bytes/node-builtins.ts';
import { nodeFileSource } from '../bytes/node-file-source.ts';
import { type CheckpointFolder, checkFileName } from './checkpoint-folder.ts';

/** A directory on disk (Node) as a `CheckpointFolder`. */
export function nodeFolder(directory: string): CheckpointFolder {
  const path = nodeBuiltin('node:path');
  return {
    name: directory,
    list: async (under) => {
      const place =
        under === undefined ? directory : path.join(directory, checkFileName(directory, 'folder', under));
      const entries = await nodeBuiltin('node:fs/promises')
        .readdir(place, { withFileTypes: true })
        .catch((error: NodeJS.ErrnoException) => {
          if (under !== undefined && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return [];
          throw error;
        });
      return entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
    },
    open: async (file) => {
      try {
        return await nodeFileSource(path.join(directory, checkFileName(directory, 'file', file)));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
  };
}
