// A file on a web server, read by Range requests. The server is not trusted either: status, Content-Range, length and ETag of every answer are checked.
import { checkOptions } from '../../check-options.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import { maxAssetBytes } from '../limits.ts';
import { type ByteSource, checkRange } from './byte-source.ts';

/** Options of `httpSource`. */
export interface HttpSourceOptions {
  /** Sent with every request, such as `Authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends all reads. */
  readonly signal?: AbortSignal;
  /** Another `fetch`, for proxies and tests. */
  readonly fetch?: typeof fetch;
}

/** The names of `HttpSourceOptions`. */
export const httpSourceOptions: readonly string[] = ['headers', 'signal', 'fetch'];

/**
 * A `ByteSource` over a URL; undefined when the server says 404, or answers with a page of HTML where no page was asked for, as servers of single-page apps do for every unknown
 * path. A server without Range requests is accepted for files up to 256 MiB, which are then fetched whole, also compressed or in chunks of no stated length. Throws `CheckpointError` for
 * any other answer, and when the file changes between two reads.
 */
export async function httpSource(
  url: string | URL,
  options: HttpSourceOptions = {},
): Promise<ByteSource | undefined> {
  checkOptions(options, httpSourceOptions, 'httpSource');
  const name = String(url).replace(/\?.*$/, '');
  const get = (range: string) =>
    (options.fetch ?? fetch)(url, {
      headers: { ...options.headers, Range: range },
      signal: options.signal ?? null,
    }).catch((cause: Error & { readonly cause?: { readonly message?: string } }) => {
      if (options.signal?.aborted) throw cause;
      // `fetch` says no more than that it failed: nobody there, no such host, or a page that may not ask there (CORS).
      const why = cause.cause?.message || cause.message;
      throw new CheckpointError(name, 'request', 'an answer', why, { cause });
    });
  const probe = await get('bytes=0-0');
  if (probe.status === 404 || isFallbackPage(name, probe)) {
    await probe.body?.cancel();
    return undefined;
  }
  if (probe.status === 200) return wholeFile(name, probe);
  const total = probe.status === 416 ? emptyTotal(probe) : probeTotal(name, probe);
  const tag = probe.headers.get('etag');
  await probe.body?.cancel();
  const source = {
    name,
    size: total,
    read: async (offset: number, length: number) => {
      checkRange(source, offset, length);
      if (length === 0) return new Uint8Array(0);
      const answer = await get(`bytes=${offset}-${offset + length - 1}`);
      const range = contentRange(name, answer, offset, length);
      if (range.total !== total) throw new CheckpointError(name, 'size', `${total} (as before)`, range.total);
      if (tag !== null && answer.headers.get('etag') !== tag)
        throw new CheckpointError(name, 'etag', `${tag} (as before)`, answer.headers.get('etag'));
      return readBody(name, answer, length);
    },
    close: async () => {},
  };
  return source;
}

function isFallbackPage(name: string, answer: Response): boolean {
  return (
    answer.ok && /^text\/html\b/i.test(answer.headers.get('content-type') ?? '') && !/\.x?html?$/i.test(name)
  );
}

async function wholeFile(name: string, answer: Response): Promise<ByteSource> {
  // The stated length is that of what travels: a body that was compressed for the way is longer.
  const stated = answer.headers.get('content-length');
  if (stated !== null && !(Number(stated) <= maxAssetBytes)) {
    await answer.body?.cancel();
    throw tooLarge(name, stated);
  }
  const bytes = await readAll(name, answer, stated === null ? 0 : Number(stated));
  const source = {
    name,
    size: bytes.byteLength,
    read: async (offset: number, length: number) => {
      checkRange(source, offset, length);
      return bytes.subarray(offset, offset + length);
    },
    close: async () => {},
  };
  return source;
}

const tooLarge = (name: string, size: string): CheckpointError =>
  new CheckpointError(
    name,
    'Range',
    `206 (or a file of at most ${maxAssetBytes} bytes)`,
    `200, ${size} bytes`,
  );

/** The whole body, at most `maxAssetBytes`. A body shorter than its stated length is `fetch`'s own error. */
async function readAll(name: string, answer: Response, expected: number): Promise<Uint8Array> {
  let bytes = new Uint8Array(expected);
  let filled = 0;
  const reader = answer.body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done) return bytes.subarray(0, filled);
    const end = filled + value.byteLength;
    if (end > maxAssetBytes) {
      await reader?.cancel();
      throw tooLarge(name, 'more');
    }
    if (end > bytes.byteLength) {
      const larger = new Uint8Array(Math.min(maxAssetBytes, Math.max(end, 2 * bytes.byteLength)));
      larger.set(bytes.subarray(0, filled));
      bytes = larger;
    }
    bytes.set(value, filled);
    filled = end;
  }
}

/** Checks status 206 and `Content-Range: bytes first-last/total` against what was asked. */
export function contentRange(
  name: string,
  answer: Response,
  offset: number,
  length: number,
): { total: number } {
  if (answer.status !== 206) throw new CheckpointError(name, 'status', '206 Partial Content', answer.status);
  const text = answer.headers.get('content-range');
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(text ?? '');
  const [first, last, total] = (match ?? []).slice(1).map(Number);
  if (match === null || first !== offset || last !== offset + length - 1 || last >= total)
    throw new CheckpointError(name, 'Content-Range', `bytes ${offset}-${offset + length - 1}/total`, text);
  return { total };
}

/** Only the total of the first answer is used; some development servers take the range 0-0 for the whole file, and its body is not read. */
function probeTotal(name: string, answer: Response): number {
  const text = answer.headers.get('content-range');
  const match = /^bytes 0-(\d{1,15})\/(\d{1,15})$/.exec(text ?? '');
  if (answer.status === 206 && match !== null && Number(match[1]) < Number(match[2])) return Number(match[2]);
  return contentRange(name, answer, 0, 1).total;
}

function emptyTotal(answer: Response): number {
  return /^bytes \*\/0$/.test(answer.headers.get('content-range') ?? '') ? 0 : Number.NaN;
}

/** The body, which must have exactly `length` bytes; a longer one is cut off at once, so that nothing more than asked for is kept. */
async function readBody(name: string, answer: Response, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  const reader = answer.body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done) break;
    if (value.byteLength > length - filled) {
      await reader?.cancel();
      throw new CheckpointError(name, 'body', `${length} bytes`, 'more');
    }
    bytes.set(value, filled);
    filled += value.byteLength;
  }
  if (filled !== length) throw new CheckpointError(name, 'body', `${length} bytes`, filled);
  return bytes;
}
