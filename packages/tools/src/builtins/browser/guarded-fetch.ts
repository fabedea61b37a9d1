// Fetching what a model asks for without serving an attacker: only http(s), no credentials, ordinary ports; the address is judged when the connection is
// made (so neither a name that points inward nor one that changes its mind passes), again on every redirect; caps on redirects, time, decoded bytes
// and content types. Needs the optional peers `undici` and `ipaddr.js`. Node only.

import { lookup as systemLookup } from 'node:dns';
import { createRequire } from 'node:module';
import type { LookupFunction } from 'node:net';
import { checkOptions } from '../../check-options.ts';

/** A fetch was refused or failed, with a reason that may be shown to a model. */
export class FetchRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FetchRefused';
  }
}

/** Resolves a name to addresses. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

/** Options of {@link guardedFetch}. */
export interface GuardedFetchOptions {
  /** Lets private, loopback, link-local and other special addresses through. Off; for tests and closed networks. */
  readonly allowPrivateAddresses?: boolean;
  /** Ports besides 80 and 443. */
  readonly allowedPorts?: readonly number[];
  readonly maxBytes?: number;
  readonly maxRedirects?: number;
  readonly timeoutMs?: number;
  readonly contentTypes?: readonly string[];
  readonly signal?: AbortSignal;
  readonly resolve?: Resolve;
  /** Called before each hop: throws or answers false to refuse (an egress rule for redirects). */
  readonly allow?: (url: URL) => boolean;
}
export const guardedFetchOptions: readonly string[] = [
  'allowPrivateAddresses',
  'allowedPorts',
  'maxBytes',
  'maxRedirects',
  'timeoutMs',
  'contentTypes',
  'signal',
  'resolve',
  'allow',
];
/** A page that was fetched. */
export interface FetchedPage {
  /** Where it was found after redirects. */
  readonly url: string;
  readonly status: number;
  readonly contentType: string;
  readonly bytes: Uint8Array;
  /** True when the page was longer than `maxBytes`. */
  readonly cut: boolean;
  readonly redirects: readonly string[];
}

interface IpLibrary {
  isValid(text: string): boolean;
  process(text: string): { range(): string };
}
const load = <T>(name: string): T => {
  try {
    return createRequire(import.meta.url)(name) as T;
  } catch {
    throw new Error(`browser: install ${name}`);
  }
};

/** True for an address that any host on the internet may have: public unicast, and not a special range wrapped in IPv6. */
export function isPublicAddress(address: string): boolean {
  const ip = load<IpLibrary & { default?: IpLibrary }>('ipaddr.js');
  const text = address.replace(/%.*$/, '');
  try {
    return (ip.default ?? ip).process(text).range() === 'unicast';
  } catch {
    return false;
  }
}

/** Refuses a URL by what is written in it. @throws FetchRefused */
export function checkUrl(text: string, options: GuardedFetchOptions = {}): URL {
  checkOptions(options, guardedFetchOptions, 'checkUrl');
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new FetchRefused('url: not a URL');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new FetchRefused(`url: expected http or https, got ${url.protocol}`);
  if (url.username !== '' || url.password !== '') throw new FetchRefused('url: credentials are not allowed');
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  if (![80, 443, ...(options.allowedPorts ?? [])].includes(port))
    throw new FetchRefused(`url: port ${port} is not allowed`);
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  if (options.allowPrivateAddresses !== true) {
    const ip = load<IpLibrary & { default?: IpLibrary }>('ipaddr.js');
    if ((ip.default ?? ip).isValid(host) && !isPublicAddress(host))
      throw new FetchRefused('url: the address is not public');
    if (host === 'localhost' || host.endsWith('.localhost') || (!host.includes('.') && !host.includes(':')))
      throw new FetchRefused('url: the host name is not public');
  }
  if (options.allow && !options.allow(url)) throw new FetchRefused(`url: ${url.origin} is not allowed`);
  return url;
}

/**
 * Fetches a page under guard.
 *
 * @throws FetchRefused with a short reason.
 */
export async function guardedFetch(text: string, options: GuardedFetchOptions = {}): Promise<FetchedPage> {
  checkOptions(options, guardedFetchOptions, 'guardedFetch');
  const {
    maxBytes = 2_000_000,
    maxRedirects = 5,
    timeoutMs = 15_000,
    contentTypes = ['text/', 'application/json', 'application/xhtml+xml', 'application/xml'],
  } = options;
  const { Agent, fetch: undiciFetch } = load<typeof import('undici')>('undici');
  // Judged where the socket is opened: these very addresses are connected to.
  const lookup: LookupFunction = (hostname, settings, done) => {
    const answer = (addresses: readonly string[]): void => {
      const wrong = options.allowPrivateAddresses ? undefined : addresses.find((a) => !isPublicAddress(a));
      if (addresses.length === 0 || wrong !== undefined) {
        done(new FetchRefused('url: the address is not public'), '', 4);
        return;
      }
      const list = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
      if (settings.all) done(null, list);
      else done(null, list[0]!.address, list[0]!.family);
    };
    if (options.resolve)
      options
        .resolve(hostname)
        .then(answer, () => done(new FetchRefused('url: the host is not known'), '', 4));
    else
      systemLookup(hostname, { all: true, verbatim: true }, (error, found) => {
        if (error) done(new FetchRefused('url: the host is not known'), '', 4);
        else answer(found.map((f) => f.address));
      });
  };
  const agent = new Agent({
    connect: { lookup, timeout: Math.min(timeoutMs, 10_000) },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxHeaderSize: 16_384,
    pipelining: 0,
    connections: 1,
  });
  const clock = AbortSignal.timeout(timeoutMs);
  const signal = options.signal ? AbortSignal.any([options.signal, clock]) : clock;
  const redirects: string[] = [];
  try {
    let url = checkUrl(text, options);
    for (;;) {
      const response = await undiciFetch(url.href, {
        dispatcher: agent,
        redirect: 'manual',
        signal,
        headers: { accept: 'text/html, text/plain, application/json;q=0.9', 'user-agent': 'ashlar-tools' },
      });
      if (response.status >= 300 && response.status < 400 && response.headers.has('location')) {
        await response.body?.cancel();
        if (redirects.length >= maxRedirects)
          throw new FetchRefused(`url: more than ${maxRedirects} redirects`);
        const next = checkUrl(new URL(response.headers.get('location') as string, url).href, options);
        if (url.protocol === 'https:' && next.protocol === 'http:')
          throw new FetchRefused('url: a redirect from https to http');
        redirects.push(url.href);
        url = next;
        continue;
      }
      const contentType = (response.headers.get('content-type') ?? '').toLowerCase();
      if (!contentTypes.some((type) => contentType.startsWith(type))) {
        await response.body?.cancel();
        throw new FetchRefused(`content type: ${contentType.slice(0, 60) || 'none'} is not read`);
      }
      const { bytes, cut } = await readAtMost(response.body as ReadableStream<Uint8Array> | null, maxBytes);
      return { url: url.href, status: response.status, contentType, bytes, cut, redirects };
    }
  } catch (error) {
    if (error instanceof FetchRefused) throw error;
    const cause = (error as { cause?: unknown }).cause;
    if (cause instanceof FetchRefused) throw cause;
    if (clock.aborted) throw new FetchRefused(`no answer within ${timeoutMs} ms`);
    if (options.signal?.aborted) throw new FetchRefused('stopped');
    throw new FetchRefused('the page could not be fetched');
  } finally {
    await agent.destroy().catch(() => {});
  }
}

/** Decoded bytes up to a cap: a compression bomb is cut like any long page. */
async function readAtMost(
  body: ReadableStream<Uint8Array> | null,
  most: number,
): Promise<{ bytes: Uint8Array; cut: boolean }> {
  const parts: Uint8Array[] = [];
  let size = 0;
  let cut = false;
  const reader = body?.getReader();
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    const room = most - size;
    if (part.value.byteLength > room) {
      parts.push(part.value.subarray(0, room));
      size = most;
      cut = true;
      await reader?.cancel();
      break;
    }
    parts.push(part.value);
    size += part.value.byteLength;
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return { bytes, cut };
}
