import { nodeBuiltin } from '../bytes/node-builtins.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import type { CheckpointFolder } from './checkpoint-folder.ts';
import { nodeFolder } from './node-folder.ts';

/** A string or URL as a folder and, when it names one, the file in it. */
export async function locate(where: string | URL): Promise<{ folder: CheckpointFolder; file?: string }> {
  const text = String(where);
  if (text.startsWith('file:')) return locatePath(decodeURIComponent(new URL(text).pathname));
  return locatePath(text);
}

async function locatePath(path: string): Promise<{ folder: CheckpointFolder; file?: string }> {
  const { dirname, basename } = nodeBuiltin('node:path');
  const info = await nodeBuiltin('node:fs/promises')
    .stat(path)
    .catch((cause: NodeJS.ErrnoException) => {
      throw new CheckpointError(path, 'path', 'a file or a directory', cause.code ?? cause.message, {
        cause,
      });
    });
  return info.isDirectory()
    ? { folder: nodeFolder(path) }
    : { folder: nodeFolder(dirname(path)), file: basename(path) };
}
