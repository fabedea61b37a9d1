import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CheckpointError } from '../checkpoint-error.ts';
import { blobSource } from './blob-source.ts';
import type { ByteSource } from './byte-source.ts';
import { httpSource } from './http-source.ts';
import { memorySource } from './memory-source.ts';
import { nodeFileSource } from './node-file-source.ts';

const bytes = Uint8Array.from({ length: 1000 }, (_, i) => (i * 31) & 255);
const directory = mkdtempSync(join(tmpdir(), 'ashlar-bytes-'));
let server: Server;
let base: string;

beforeAll(async () => {
  writeFileSync(join(directory, 'file'), bytes);
  server = createServer((request, response) => {
    const [, first, last] = (/^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []).map(Number);
    const part = bytes.subarray(first, last + 1);
    const answer = (range: string, body: Uint8Array, status = 206, etag = '"a"') => {
      response.writeHead(status, { 'Content-Range': range, ETag: etag, 'Content-Length': body.byteLength });
      response.end(body);
    };
    const honest = `bytes ${first}-${last}/1000`;
    const probe = first === 0 && last === 0;
    switch (request.url) {
      case '/file':
        return answer(honest, part);
      case '/short':
        return answer(honest, probe ? part : part.subarray(1));
      case '/long':
        return answer(honest, probe ? part : bytes);
      case '/other-range':
        return answer(probe ? honest : `bytes ${first + 1}-${last + 1}/1000`, part);
      case '/changed':
        return answer(honest, part, 206, probe ? '"a"' : '"b"');
      case '/grown':
        return answer(probe ? honest : `bytes ${first}-${last}/2000`, part);
      case '/huge':
        return answer(`bytes ${first}-${last}/${'9'.repeat(40)}`, part);
      case '/no-ranges':
        response.writeHead(200, { 'Content-Length': bytes.byteLength });
        return response.end(bytes);
      case '/no-ranges-huge':
        response.writeHead(200, { 'Content-Length': 2 ** 40 });
        return response.write(bytes);
      case '/chunks':
        response.write(bytes.subarray(0, 400));
        return response.end(bytes.subarray(400));
      case '/compressed': {
        const body = gzipSync(bytes);
        response.writeHead(200, { 'Content-Length': body.byteLength, 'Content-Encoding': 'gzip' });
        return response.end(body);
      }
      case '/cut':
        response.writeHead(200, { 'Content-Length': 2000 });
        response.write(bytes);
        return setTimeout(() => response.destroy(), 20);
      case '/app/config.json':
      case '/app/page.html':
        response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
        return response.end('<!doctype html><div id=app></div>');
      default:
        response.writeHead(request.url === '/broken' ? 500 : 404);
        return response.end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.close();
  server.closeAllConnections();
  rmSync(directory, { recursive: true, force: true });
});

const kinds: [string, () => Promise<ByteSource | undefined>][] = [
  ['memory', async () => memorySource(bytes)],
  ['blob', async () => blobSource(new Blob([bytes]))],
  ['file', () => nodeFileSource(join(directory, 'file'))],
  ['http', () => httpSource(`${base}/file`)],
  ['http without ranges', () => httpSource(`${base}/no-ranges`)],
  ['http in chunks of no stated length', () => httpSource(`${base}/chunks`)],
  ['http, compressed on the way', () => httpSource(`${base}/compressed`)],
];

describe.each(kinds)('ByteSource: %s', (_, open) => {
  it('reads exactly the slice that is asked for', async () => {
    const source = (await open())!;
    expect(source.size).toBe(1000);
    await fc.assert(
      fc.asyncProperty(fc.nat(1000), fc.nat(1000), async (offset, length) => {
        fc.pre(offset + length <= 1000);
        expect(Array.from(await source.read(offset, length))).toEqual(
          Array.from(bytes.subarray(offset, offset + length)),
        );
      }),
      { numRuns: 30 },
    );
    await source.close();
  });

  it.each([
    [-1, 1],
    [0, -1],
    [0, 1001],
    [1000, 1],
    [1001, 0],
    [0.5, 1],
    [0, 2 ** 53],
    [2 ** 53, 2 ** 53],
    [Number.NaN, 1],
    [0, Number.POSITIVE_INFINITY],
  ])('refuses offset %d, length %d before it allocates', async (offset, length) => {
    const source = (await open())!;
    await expect(source.read(offset, length)).rejects.toThrow(CheckpointError);
    await source.close();
  });
});

describe('httpSource', () => {
  it.each(['short', 'long', 'other-range', 'changed', 'grown'])(
    'refuses a lying answer: %s',
    async (path) => {
      const source = (await httpSource(`${base}/${path}`))!;
      await expect(source.read(10, 20)).rejects.toThrow(/expected|terminated|aborted|fetch failed/);
    },
  );

  it.each(['huge', 'broken', 'no-ranges-huge'])('refuses to open: %s', async (path) => {
    await expect(httpSource(`${base}/${path}`)).rejects.toThrow(CheckpointError);
  });

  it('is undefined for 404', async () => {
    expect(await httpSource(`${base}/nothing`)).toBeUndefined();
  });

  it("is undefined for a single-page app's page in place of a file, but a page that was asked for is a file", async () => {
    expect(await httpSource(`${base}/app/config.json`)).toBeUndefined();
    expect((await httpSource(`${base}/app/page.html`))?.size).toBe(33);
  });

  it('a body that is cut off is an error, not a shorter file', async () => {
    await expect(httpSource(`${base}/cut`)).rejects.toThrow(/terminated|aborted|request: expected an answer/);
  });

  it('where nobody answers the error names the address, and an abort stays an abort', async () => {
    await expect(httpSource('http://127.0.0.1:1/model.gguf')).rejects.toThrow(
      /^http:\/\/127\.0\.0\.1:1\/model\.gguf: request: expected an answer, got ./,
    );
    const signal = AbortSignal.abort();
    await expect(httpSource(`${base}/nothing`, { signal })).rejects.toThrow(signal.reason);
  });
});

describe('nodeFileSource', () => {
  it('refuses a directory', async () => {
    await expect(nodeFileSource(directory)).rejects.toThrow(/a regular file|EISDIR/);
  });
});
