import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scanCacheDir } from '@huggingface/hub';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openCheckpoint } from '../open-checkpoint.ts';
import { tinyCheckpoint } from '../tiny-checkpoint.ts';
import { type HubProgress, hubFolder } from './hub-folder.ts';

// A server on 127.0.0.1 that answers as the hub does: model info, tree, paths-info, resolve with Range.
const commit = 'c0ffee'.padEnd(40, '0');
const files = new Map<string, Uint8Array>();
const faults = { cutAfter: 0, wrongHash: false, noRanges: false };
const requests: { url: string; range: string | undefined }[] = [];
let server: Server;
let hubUrl: string;
let cacheDirectory: string;

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const gitHash = (bytes: Uint8Array) =>
  createHash('sha1').update(`blob ${bytes.byteLength}\0`).update(bytes).digest('hex');

function describeFile(path: string) {
  const bytes = files.get(path)!;
  const base = { type: 'file', path, size: bytes.byteLength, oid: gitHash(bytes) };
  const wrong = (hash: string) =>
    faults.wrongHash ? hash.replace(/^./, (digit) => (digit === '0' ? '1' : '0')) : hash;
  return path.endsWith('.safetensors')
    ? { ...base, lfs: { oid: wrong(sha256(bytes)), size: bytes.byteLength, pointerSize: 130 } }
    : { ...base, oid: wrong(base.oid) };
}

beforeAll(async () => {
  for (const [name, bytes] of await tinyCheckpoint()) files.set(name, bytes);
  files.set('additional_chat_templates/rag.jinja', new Uint8Array([82]));
  server = createServer((request, response) => {
    const url = request.url ?? '';
    requests.push({ url, range: request.headers.range });
    const json = (value: unknown) => {
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify(value));
    };
    const tree = `/api/models/me/tiny/tree/${commit}`;
    if (url.startsWith(tree)) {
      const under = decodeURIComponent(url.slice(tree.length).split('?')[0]).slice(1);
      const inside = [...files.keys()].filter((name) => under === '' || name.startsWith(`${under}/`));
      if (inside.length === 0) response.statusCode = 404;
      const depth = under === '' ? 1 : under.split('/').length + 1;
      const folders = new Set(inside.filter((name) => name.split('/').length > depth));
      return json([
        ...inside.filter((name) => !folders.has(name)).map(describeFile),
        ...[...folders].map((name) => ({
          type: 'directory',
          path: name.split('/').slice(0, depth).join('/'),
          size: 0,
          oid: 'f00d',
        })),
      ]);
    }
    if (url.startsWith(`/api/models/me/tiny/paths-info/${commit}`)) {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        const { paths } = JSON.parse(body) as { paths: string[] };
        json(paths.filter((path) => files.has(path)).map(describeFile));
      });
      return;
    }
    if (/^\/api\/models\/me\/tiny(\/revision\/\w+)?(\?|$)/.test(url))
      return json({ _id: '1', id: 'me/tiny', sha: commit });
    const bytes = files.get(url.replace(`/me/tiny/resolve/${commit}/`, ''));
    if (bytes === undefined) {
      response.statusCode = 404;
      return json({ error: 'not found' });
    }
    const from = faults.noRanges ? 0 : Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const part = bytes.subarray(from);
    response.setHeader('Content-Length', part.byteLength);
    if (from > 0) {
      response.statusCode = 206;
      response.setHeader('Content-Range', `bytes ${from}-${bytes.byteLength - 1}/${bytes.byteLength}`);
    }
    if (faults.cutAfter > 0 && part.byteLength > faults.cutAfter) {
      response.write(part.subarray(0, faults.cutAfter), () => setTimeout(() => response.destroy(), 20));
      faults.cutAfter = 0;
      return;
    }
    response.end(part);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  hubUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.close();
  server.closeAllConnections();
});

beforeEach(() => {
  cacheDirectory = mkdtempSync(join(tmpdir(), 'ashlar-hub-'));
  Object.assign(faults, { cutAfter: 0, wrongHash: false, noRanges: false });
  requests.length = 0;
  return () => rmSync(cacheDirectory, { recursive: true, force: true });
});

const id = { repository: 'me/tiny', revision: 'main' };
const resolves = () => requests.filter(({ url }) => url.includes('/resolve/'));

describe('hubFolder', () => {
  it('opens a checkpoint of the hub, into the cache layout that other tools read', async () => {
    const checkpoint = await openCheckpoint(await hubFolder(id, { hubUrl, cacheDirectory }));
    expect(checkpoint.config.model_type).toBe('llama');
    for (const name of checkpoint.weights.tensors.keys()) await checkpoint.weights.read(name);
    await checkpoint.close();
    const cache = await scanCacheDir(cacheDirectory);
    expect(cache.warnings).toEqual([]);
    expect(cache.repos[0].id.name).toBe('me/tiny');
    expect(cache.repos[0].revisions[0]).toMatchObject({ commitOid: commit, refs: ['main'] });
    const blobs = readdirSync(join(cacheDirectory, 'models--me--tiny', 'blobs'));
    expect(blobs).toContain(sha256(files.get('model.safetensors')!));
    expect(blobs).toContain(gitHash(files.get('config.json')!));
  });

  it('what is in the cache is not fetched again', async () => {
    const folder = await hubFolder(id, { hubUrl, cacheDirectory });
    await (await folder.open('config.json'))?.close();
    await (await folder.open('config.json'))?.close();
    expect(resolves()).toHaveLength(1);
  });

  it('two readers of one file share a download', async () => {
    const folder = await hubFolder(id, { hubUrl, cacheDirectory });
    const sources = await Promise.all([folder.open('model.safetensors'), folder.open('model.safetensors')]);
    for (const source of sources) await source?.close();
    expect(resolves()).toHaveLength(1);
  });

  it('a cut connection is taken up where it ended, and progress never falls', async () => {
    faults.cutAfter = 1500;
    const progress: HubProgress[] = [];
    const folder = await hubFolder(id, { hubUrl, cacheDirectory, onProgress: (step) => progress.push(step) });
    const source = await folder.open('model.safetensors');
    const bytes = files.get('model.safetensors')!;
    expect(await source?.read(0, bytes.byteLength)).toEqual(new Uint8Array(bytes));
    await source?.close();
    expect(resolves().map(({ range }) => range)).toEqual([undefined, 'bytes=1500-']);
    const loaded = progress.map((step) => step.loaded);
    expect(loaded).toEqual([...loaded].sort((a, b) => a - b));
    expect(loaded.at(-1)).toBe(bytes.byteLength);
  });

  it('an .incomplete file of an earlier run is continued', async () => {
    const bytes = files.get('model.safetensors')!;
    const blobs = join(cacheDirectory, 'models--me--tiny', 'blobs');
    const folder = await hubFolder(id, { hubUrl, cacheDirectory });
    mkdirSync(blobs, { recursive: true });
    writeFileSync(join(blobs, `${sha256(bytes)}.incomplete`), bytes.subarray(0, 1000));
    await (await folder.open('model.safetensors'))?.close();
    expect(resolves()[0].range).toBe('bytes=1000-');
    expect(new Uint8Array(readFileSync(join(blobs, sha256(bytes))))).toEqual(new Uint8Array(bytes));
  });

  it('a server without ranges makes the file start again', async () => {
    Object.assign(faults, { cutAfter: 1500, noRanges: true });
    const folder = await hubFolder(id, { hubUrl, cacheDirectory });
    const source = await folder.open('model.safetensors');
    expect(source?.size).toBe(files.get('model.safetensors')!.byteLength);
    await source?.close();
  });

  it.each(['model.safetensors', 'config.json'])(
    'a wrong checksum of %s is refused and leaves nothing behind',
    async (file) => {
      faults.wrongHash = true;
      const folder = await hubFolder(id, { hubUrl, cacheDirectory });
      await expect(folder.open(file)).rejects.toThrow(/sha(256|1): expected/);
      const home = join(cacheDirectory, 'models--me--tiny');
      expect(readdirSync(join(home, 'blobs'))).toEqual([]);
      expect(existsSync(join(home, 'snapshots', commit, file))).toBe(false);
    },
  );

  it('without the hub the cache is used', async () => {
    const first = await openCheckpoint(await hubFolder(id, { hubUrl, cacheDirectory }));
    await first.close();
    const offline = await openCheckpoint(
      await hubFolder(id, { hubUrl: 'http://127.0.0.1:9', cacheDirectory }),
    );
    expect(offline.config).toEqual(first.config);
    await offline.close();
  });

  it('an abort ends the download and keeps what has come', async () => {
    const abort = new AbortController();
    faults.cutAfter = 1500;
    const folder = await hubFolder(id, {
      hubUrl,
      cacheDirectory,
      signal: abort.signal,
      onProgress: ({ loaded }) => loaded > 0 && abort.abort(),
    });
    await expect(folder.open('model.safetensors')).rejects.toThrow();
    const blobs = join(cacheDirectory, 'models--me--tiny', 'blobs');
    expect(statSync(join(blobs, readdirSync(blobs)[0])).size).toBeGreaterThan(0);
  });

  it('the files of a folder are listed and fetched, from the cache when the hub is away', async () => {
    const under = 'additional_chat_templates';
    for (const url of [hubUrl, 'http://127.0.0.1:9']) {
      const { assets, close } = await openCheckpoint(await hubFolder(id, { hubUrl: url, cacheDirectory }));
      expect(await assets.list?.(under)).toEqual(['rag.jinja']);
      expect(await assets.list?.('nowhere')).toEqual([]);
      expect(await assets.list?.(`${under}/nowhere`)).toEqual([]);
      expect(await assets.file(`${under}/rag.jinja`)).toEqual(new Uint8Array([82]));
      await close();
    }
  });

  it('a file that the repository has not is undefined, an option that is none throws', async () => {
    const folder = await hubFolder(id, { hubUrl, cacheDirectory });
    expect(await folder.open('nothing.txt')).toBeUndefined();
    await expect(hubFolder(id, { hubURL: hubUrl } as object)).rejects.toThrow(/unknown option/);
  });
});
