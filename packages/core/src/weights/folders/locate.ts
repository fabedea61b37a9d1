import { nodeBuiltin } from '../bytes/node-builtins.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import type { HubOptions } from '../hub/hub-folder.ts';
import type { CheckpointFolder } from './checkpoint-folder.ts';
import { httpFolder } from './http-folder.ts';
import { nodeFolder } from './node-folder.ts';

/** A path, a URL or an `hf:` id as a folder and, when it names one, the file in it. */
export async function locate(
  where: string | URL,
  hub?: HubOptions,
): Promise<{ folder: CheckpointFolder; file?: string }> {
  const text = String(where);
  if (text.startsWith('hf:')) {
    const { hubFolder, parseHubId } = await import('../hub/hub-folder.ts');
    const { file, ...id } = parseHubId(text);
    return { folder: await hubFolder(id, hub), ...(file === undefined ? {} : { file }) };
  }
  if (/^https?:/.test(text)) return locateUrl(new URL(text));
  if (text.startsWith('file:')) return locatePath(nodeBuiltin('node:url').fileURLToPath(text));
  return locatePath(text);
}

function locateUrl(url: URL): { folder: CheckpointFolder; file?: string } {
  const last = decodeURIComponent(url.pathname.split('/').at(-1) ?? '');
  if (!/\.(gguf|safetensors|bin|json)$/.test(last)) return { folder: httpFolder(url) };
  const base = new URL(url);
  base.pathname = url.pathname.slice(0, url.pathname.lastIndexOf('/') + 1);
  return { folder: httpFolder(base), file: last };
}

async function locatePath(path: string): Promise<{ folder: CheckpointFolder; file?: string }> {
  const { dirname, basename } = nodeBuiltin('node:path');
  const info = await nodeBuiltin('node:fs/promises')
    .stat(path)
    .catch((cause: NodeJS.ErrnoException) => {
      // What other libraries take for a repository of the hub is a path here.
      const hint = /^[\w.-]+\/[\w.-]+$/.test(path) ? ` (of the hub: 'hf:${path}')` : '';
      const code = cause.code === 'ENOENT' ? 'no such file' : (cause.code ?? cause.message);
      throw new CheckpointError(path, 'path', `a file or a directory${hint}`, code, { cause });
    });
  return info.isDirectory()
    ? { folder: nodeFolder(path) }
    : { folder: nodeFolder(dirname(path)), file: basename(path) };
}
