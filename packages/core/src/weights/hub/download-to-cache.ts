// One file of a commit into the cache. `@huggingface/hub` 2.17 finds the file and knows the cache's layout; its own download neither resumes nor checks a
// checksum nor reports progress, so the transfer is ours: Range from what `<blob>.incomplete` has, SHA-256 (LFS) or git's SHA-1 over the whole, then rename.
import { contentRange } from '../bytes/http-source.ts';
import { nodeBuiltin } from '../bytes/node-builtins.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import type { HubCache } from './hub-cache.ts';
import type { HubOptions } from './hub-folder.ts';
import type { hubLibrary } from './hub-library.ts';

/** What to fetch and where to put it. */
export interface HubDownload {
  readonly repo: { readonly type: 'model'; readonly name: string };
  readonly hubUrl: string;
  readonly fetch: typeof fetch;
  readonly accessToken: string | undefined;
  /** A commit. */
  readonly revision: string;
  readonly file: string;
  readonly cache: HubCache;
  readonly options: HubOptions;
}

interface Content {
  readonly size: number;
  readonly algorithm: 'sha256' | 'sha1';
  readonly hash: string;
}

/** The path of the file in the cache, downloaded if need be; undefined when the repository has no such file. */
export async function downloadToCache(
  library: Awaited<ReturnType<typeof hubLibrary>>,
  download: HubDownload,
): Promise<string | undefined> {
  const { cache, revision, file } = download;
  const { stat, mkdir, rename } = nodeBuiltin('node:fs/promises');
  const { dirname } = nodeBuiltin('node:path');
  const exists = (path: string) =>
    stat(path).then(
      () => true,
      () => false,
    );
  const pointer = cache.pointer(revision, file);
  if (await exists(pointer)) return pointer;
  const content = await contentOf(library, download);
  if (content === undefined) return undefined;
  const blob = cache.blob(content.hash);
  await mkdir(dirname(blob), { recursive: true });
  await mkdir(dirname(pointer), { recursive: true });
  if (!(await exists(blob))) {
    await transfer(download, content, `${blob}.incomplete`);
    await rename(`${blob}.incomplete`, blob);
  }
  await link(blob, pointer);
  return pointer;
}

async function contentOf(
  library: Awaited<ReturnType<typeof hubLibrary>>,
  { repo, hubUrl, fetch, accessToken, revision, file }: HubDownload,
): Promise<Content | undefined> {
  const credentials = accessToken === undefined ? {} : { accessToken };
  const [info] = await library.pathsInfo({ repo, hubUrl, fetch, revision, paths: [file], ...credentials });
  if (info === undefined || info.type !== 'file') return undefined;
  const size = info.lfs?.size ?? info.size;
  const hash = info.lfs?.oid ?? info.oid;
  if (!Number.isSafeInteger(size) || size < 0)
    throw new CheckpointError(file, 'size', 'an integer >= 0', size);
  const algorithm = info.lfs === undefined ? 'sha1' : 'sha256';
  if (!new RegExp(`^[0-9a-f]{${algorithm === 'sha1' ? 40 : 64}}$`).test(hash ?? ''))
    throw new CheckpointError(file, 'checksum', `a ${algorithm} from the hub`, hash);
  return { size, hash: hash!, algorithm };
}

async function transfer(download: HubDownload, content: Content, path: string): Promise<void> {
  const { retries = 5, signal } = download.options;
  let reported = 0;
  const report = (loaded: number) => {
    reported = Math.max(reported, loaded); // a server without ranges makes us start again; what is reported never falls
    download.options.onProgress?.({ file: download.file, loaded: reported, total: content.size });
  };
  for (let attempt = 0; ; attempt++) {
    try {
      await transferOnce(download, content, path, report);
      break;
    } catch (error) {
      if (error instanceof CheckpointError || signal?.aborted || attempt >= retries) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** attempt));
    }
  }
  await check(download.file, content, path);
}

async function transferOnce(
  download: HubDownload,
  content: Content,
  path: string,
  report: (loaded: number) => void,
): Promise<void> {
  const { file } = download;
  const { open } = nodeBuiltin('node:fs/promises');
  const handle = await open(path, 'a');
  try {
    let loaded = (await handle.stat()).size;
    if (loaded > content.size) {
      await handle.truncate(0);
      loaded = 0;
    }
    report(loaded);
    if (loaded === content.size) return;
    const answer = await request(download, loaded);
    if (loaded > 0 && answer.status === 200) {
      await handle.truncate(0);
      loaded = 0;
    } else if (loaded > 0) contentRange(file, answer, loaded, content.size - loaded);
    for await (const chunk of answer.body ?? []) {
      if (chunk.byteLength > content.size - loaded)
        throw new CheckpointError(file, 'body', `${content.size} bytes`, 'more');
      await handle.write(chunk);
      loaded += chunk.byteLength;
      report(loaded);
    }
    if (loaded !== content.size)
      throw new Error(`${file}: connection ended at ${loaded} of ${content.size} bytes`);
  } finally {
    await handle.close();
  }
}

async function request(download: HubDownload, from: number): Promise<Response> {
  const { hubUrl, repo, revision, file, accessToken, options } = download;
  const path = file.split('/').map(encodeURIComponent).join('/');
  const headers: Record<string, string> = { 'Accept-Encoding': 'identity' };
  if (from > 0) headers.Range = `bytes=${from}-`;
  if (accessToken !== undefined) headers.Authorization = `Bearer ${accessToken}`;
  const answer = await download.fetch(`${hubUrl}/${repo.name}/resolve/${revision}/${path}`, {
    headers,
    signal: options.signal ?? null,
  });
  if (answer.status >= 500) throw new Error(`${file}: status ${answer.status}`); // worth another try
  if (!answer.ok) throw new CheckpointError(file, 'status', '200 or 206', answer.status);
  return answer;
}

/** The whole file against the hub's hash; a wrong one is deleted, so that the next try starts afresh. */
async function check(file: string, { size, algorithm, hash }: Content, path: string): Promise<void> {
  const { open, unlink } = nodeBuiltin('node:fs/promises');
  const digest = nodeBuiltin('node:crypto').createHash(algorithm);
  if (algorithm === 'sha1') digest.update(`blob ${size}\0`); // a git object's name
  const handle = await open(path, 'r');
  try {
    const buffer = new Uint8Array(1 << 20);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.byteLength, null);
      if (bytesRead === 0) break;
      digest.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
  const found = digest.digest('hex');
  if (found === hash) return;
  await unlink(path);
  throw new CheckpointError(file, algorithm, hash, found);
}

async function link(blob: string, pointer: string): Promise<void> {
  const { symlink, copyFile, unlink } = nodeBuiltin('node:fs/promises');
  const { relative, dirname } = nodeBuiltin('node:path');
  await unlink(pointer).catch(() => {}); // a link whose blob is gone
  await symlink(relative(dirname(pointer), blob), pointer).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') return copyFile(blob, pointer); // file systems without links
  });
}
