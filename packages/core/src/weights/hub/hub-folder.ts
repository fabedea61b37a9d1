// A repository on the Hugging Face hub as a folder. In Node each file that is opened goes into the cache that Python's huggingface_hub and other tools use
// (and is taken from there when it is there); elsewhere files are read by Range requests.
import { checkOptions } from '../../check-options.ts';
import { httpSource } from '../bytes/http-source.ts';
import { nodeFileSource } from '../bytes/node-file-source.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import { type CheckpointFolder, checkFileName } from '../folders/checkpoint-folder.ts';
import { nodeFolder } from '../folders/node-folder.ts';
import { downloadToCache } from './download-to-cache.ts';
import { cachedSnapshot, type HubCache, openHubCache } from './hub-cache.ts';
import type { HubId } from './hub-id.ts';
import { hubLibrary } from './hub-library.ts';

export { parseHubId } from './hub-id.ts';

/** How far a download is. `loaded` never falls; it starts above 0 when a download is resumed. */
export interface HubProgress {
  readonly file: string;
  readonly loaded: number;
  readonly total: number;
}

/** Options of `hubFolder`. */
export interface HubOptions {
  /** Default: HF_ENDPOINT, else https://huggingface.co. */
  readonly hubUrl?: string;
  /** Default: HF_TOKEN. */
  readonly accessToken?: string;
  /** Node: default as Python's huggingface_hub, HF_HUB_CACHE, HF_HOME/hub or ~/.cache/huggingface/hub. */
  readonly cacheDirectory?: string;
  /** Told when a download starts and after each piece. */
  readonly onProgress?: (progress: HubProgress) => void;
  readonly signal?: AbortSignal;
  /** How often a cut connection is taken up again, with pauses of 0.5, 1, 2 ... s; default 5. */
  readonly retries?: number;
  /** Another `fetch`, for proxies and tests. */
  readonly fetch?: typeof fetch;
}

const known = ['hubUrl', 'accessToken', 'cacheDirectory', 'onProgress', 'signal', 'retries', 'fetch'];

/**
 * Opens a repository: asks the hub for the revision's commit and, when the hub cannot be reached, takes what the cache has. Needs the optional
 * peer `@huggingface/hub`. Throws `CheckpointError` for a file whose checksum is wrong.
 */
export async function hubFolder(id: HubId, options: HubOptions = {}): Promise<CheckpointFolder> {
  checkOptions(options, known, 'hubFolder');
  const library = await hubLibrary();
  const environment =
    (globalThis as { process?: { env: Record<string, string | undefined> } }).process?.env ?? {};
  const request = {
    repo: { type: 'model', name: id.repository } as const,
    hubUrl: options.hubUrl ?? environment.HF_ENDPOINT ?? library.HUB_URL,
    fetch: options.fetch ?? fetch,
    accessToken: options.accessToken ?? environment.HF_TOKEN,
  };
  const name = `hf:${id.repository}@${id.revision}`;
  const cache = await openHubCache(id, options.cacheDirectory);
  const commit = await commitOf(library, id, request, cache);
  if (commit.offline) return { ...nodeFolder(commit.snapshot), name };
  const revision = commit.sha;
  // A commit does not change: its listing is asked for once, and one download serves all who want the file at the same time.
  const entries = async (path: string) => {
    const found = { file: new Set<string>(), directory: new Set<string>() };
    for await (const entry of library.listFiles({ ...request, revision, ...(path && { path }) }))
      if (entry.type === 'file' || entry.type === 'directory')
        found[entry.type].add(entry.path.slice(path === '' ? 0 : path.length + 1));
    return found;
  };
  const listings = new Map<string, ReturnType<typeof entries>>();
  const listed = (path: string) => {
    const listing = listings.get(path) ?? entries(path);
    listings.set(path, listing);
    return listing;
  };
  // The hub answers a folder that is not there with an error: it is looked for in the listing above it.
  const exists = async (path: string): Promise<boolean> => {
    if (path === '') return true;
    const cut = path.lastIndexOf('/');
    const above = path.slice(0, Math.max(cut, 0));
    return (await exists(above)) && (await listed(above)).directory.has(path.slice(cut + 1));
  };
  const list = async (under?: string): Promise<string[]> => {
    const path = under === undefined ? '' : checkFileName(name, 'folder', under);
    return (await exists(path)) ? [...(await listed(path)).file] : [];
  };
  const downloads = new Map<string, Promise<string | undefined>>();
  const download = (file: string, into: HubCache): Promise<string | undefined> => {
    const running =
      downloads.get(file) ??
      downloadToCache(library, { ...request, revision, file, cache: into, options }).finally(() =>
        downloads.delete(file),
      );
    downloads.set(file, running);
    return running;
  };
  return {
    name,
    list,
    async open(file) {
      checkFileName(name, 'file', file);
      if (cache === undefined) {
        const headers: Record<string, string> = request.accessToken
          ? { Authorization: `Bearer ${request.accessToken}` }
          : {};
        const url = `${request.hubUrl}/${id.repository}/resolve/${revision}/${file}`;
        return httpSource(url, {
          headers,
          fetch: request.fetch,
          ...(options.signal && { signal: options.signal }),
        });
      }
      if (!file.includes('/') && !(await listed('')).file.has(file)) return undefined;
      const path = await download(file, cache);
      return path === undefined ? undefined : nodeFileSource(path);
    },
  };
}

type Commit = { offline: false; sha: string } | { offline: true; snapshot: string };

async function commitOf(
  library: Awaited<ReturnType<typeof hubLibrary>>,
  id: HubId,
  request: { hubUrl: string; fetch: typeof fetch; accessToken: string | undefined },
  cache: HubCache | undefined,
): Promise<Commit> {
  try {
    const { sha } = await library.modelInfo({
      name: id.repository,
      revision: id.revision,
      additionalFields: ['sha'],
      ...request,
    });
    await cache?.writeRef(id.revision, sha);
    return { offline: false, sha };
  } catch (error) {
    // An answer of the hub (no such repository, no right to it) counts; only a hub that cannot be reached leads to the cache.
    const snapshot = 'statusCode' in (error as object) ? undefined : await cachedSnapshot(cache, id.revision);
    if (snapshot === undefined)
      throw 'statusCode' in (error as object) ? error : unreachable(id, request.hubUrl, error as Error);
    return { offline: true, snapshot };
  }
}

/** `fetch` says no more than that it failed; the cause says why. */
function unreachable(id: HubId, hubUrl: string, cause: Error): CheckpointError {
  const why = (cause.cause as Error | undefined)?.message || cause.message;
  return new CheckpointError(
    `hf:${id.repository}`,
    `request to ${hubUrl}`,
    'an answer, or a copy in the cache',
    why,
    {
      cause,
    },
  );
}
