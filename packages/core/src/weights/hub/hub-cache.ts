// The cache layout of Python's huggingface_hub: models--owner--name/{blobs/<etag>, refs/<revision>, snapshots/<commit>/<file> -> blobs}.
import { nodeBuiltin } from '../bytes/node-builtins.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import { checkFileName } from '../folders/checkpoint-folder.ts';
import type { HubId } from './hub-id.ts';
import { hubLibrary } from './hub-library.ts';

/** One repository's directory in the cache. */
export interface HubCache {
  readonly directory: string;
  /** Where a file of a commit is or will be. */
  pointer(commit: string, file: string): string;
  /** Where a content is or will be. */
  blob(etag: string): string;
  writeRef(revision: string, commit: string): Promise<void>;
  readRef(revision: string): Promise<string | undefined>;
}

/** The repository's part of the cache; undefined where there is no file system. */
export async function openHubCache(id: HubId, cacheDirectory?: string): Promise<HubCache | undefined> {
  const library = await hubLibrary();
  if ((globalThis as { process?: { versions?: { node?: string } } }).process?.versions?.node === undefined)
    return undefined;
  const { join, dirname } = nodeBuiltin('node:path');
  const { mkdir, writeFile, readFile } = nodeBuiltin('node:fs/promises');
  const folder = library.getRepoFolderName({ type: 'model', name: id.repository });
  const directory = join(cacheDirectory ?? library.getHFHubCachePath(), folder);
  const ref = (revision: string) => join(directory, 'refs', checkFileName(directory, 'revision', revision));
  return {
    directory,
    pointer: (commit, file) => join(directory, 'snapshots', commit, checkFileName(directory, 'file', file)),
    blob(etag) {
      if (!/^[0-9a-zA-Z]{4,128}$/.test(etag)) throw new CheckpointError(directory, 'etag', 'a hash', etag);
      return join(directory, 'blobs', etag);
    },
    async writeRef(revision, commit) {
      if (!isCommit(commit)) throw new CheckpointError(directory, 'commit', '40 hexadecimal digits', commit);
      if (revision === commit) return;
      await mkdir(dirname(ref(revision)), { recursive: true });
      await writeFile(ref(revision), commit);
    },
    async readRef(revision) {
      if (isCommit(revision)) return revision;
      const text = await readFile(ref(revision), 'utf8').catch(() => '');
      return isCommit(text.trim()) ? text.trim() : undefined;
    },
  };
}

/** The snapshot directory of a revision when the cache has one. */
export async function cachedSnapshot(
  cache: HubCache | undefined,
  revision: string,
): Promise<string | undefined> {
  const commit = await cache?.readRef(revision);
  if (cache === undefined || commit === undefined) return undefined;
  const path = nodeBuiltin('node:path').join(cache.directory, 'snapshots', commit);
  const found = await nodeBuiltin('node:fs/promises')
    .stat(path)
    .catch(() => undefined);
  return found?.isDirectory() ? path : undefined;
}

function isCommit(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}
