import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browser } from './browser.ts';
import { extractPage } from './extract-page.ts';
import { checkUrl, FetchRefused, guardedFetch, isPublicAddress } from './guarded-fetch.ts';

// The SSRF table: every row must be refused.
const refusedUrls = [
  'http://127.0.0.1/',
  'http://127.1/',
  'http://0x7f.1/',
  'http://0x7f000001/',
  'http://2130706433/',
  'http://017700000001/',
  'http://127.0.0.1./',
  'http://0/',
  'http://0.0.0.0/',
  'http://[::]/',
  'http://[::1]/',
  'http://[0:0:0:0:0:ffff:127.0.0.1]/',
  'http://[::ffff:7f00:1]/',
  'http://[::ffff:169.254.169.254]/',
  'http://[64:ff9b::7f00:1]/',
  'http://[64:ff9b::a9fe:a9fe]/',
  'http://[2002:7f00:1::]/',
  'http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/',
  'http://[fe80::1]/',
  'http://[fc00::1]/',
  'http://[fd00:ec2::254]/',
  'http://[ff02::1]/',
  'http://[2001:db8::1]/',
  'http://10.0.0.1/',
  'http://172.16.0.1/',
  'http://172.31.255.255/',
  'http://192.168.1.1/',
  'http://169.254.169.254/latest/meta-data/',
  'http://100.64.0.1/',
  'http://192.0.0.1/',
  'http://192.0.2.1/',
  'http://198.18.0.1/',
  'http://198.51.100.1/',
  'http://203.0.113.1/',
  'http://224.0.0.1/',
  'http://240.0.0.1/',
  'http://255.255.255.255/',
  'http://①②⑦.⓪.⓪.①/',
  'http://127。0。0。1/',
  'http://１２７.0.0.1/',
  'http://localhost/',
  'http://localhost./',
  'http://LOCALHOST/',
  'http://foo.localhost/',
  'http://metadata/',
  'http://router/',
  'file:///etc/passwd',
  'ftp://example.com/',
  'gopher://example.com/',
  'data:text/html,x',
  'javascript:alert(1)',
  'blob:http://example.com/x',
  'http://user@example.com/',
  'http://user:pass@example.com/',
  'http://example.com:22/',
  'http://example.com:6379/',
  'https://example.com:8443/',
  'http://',
  '//example.com',
  'example.com',
  '',
];
// Names that resolve inward, at once or later.
const inward = [
  '127.0.0.1',
  '169.254.169.254',
  '10.1.2.3',
  '::1',
  '::ffff:10.0.0.1',
  'fd00::1',
  '0.0.0.0',
  '64:ff9b::a00:1',
  'fe80::1%eth0',
];

let server: Server;
let base: string;
const hits: string[] = [];
beforeAll(async () => {
  server = createServer((request, response) => {
    hits.push(request.url ?? '');
    const to = (location: string): void => void response.writeHead(302, { location }).end();
    if (request.url === '/loop') to('/loop');
    else if (request.url === '/inward') to('http://169.254.169.254/');
    else if (request.url === '/file') to('file:///etc/passwd');
    else if (request.url === '/bomb')
      response
        .writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' })
        .end(gzipSync(Buffer.alloc(30_000_000)));
    else if (request.url === '/slow') {
      response.writeHead(200, { 'content-type': 'text/html' });
      const timer = setInterval(() => response.write('x'), 50);
      response.on('close', () => clearInterval(timer));
    } else if (request.url === '/brotli')
      response
        .writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'br' })
        .end(brotliCompressSync(Buffer.alloc(3_000_000)));
    else if (request.url === '/twice')
      response
        .writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip, gzip' })
        .end(gzipSync(gzipSync(Buffer.alloc(3_000_000))));
    else if (request.url === '/damaged')
      response
        .writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' })
        .end('no gzip at all');
    else if (request.url === '/silent') return;
    else if (request.url === '/headers')
      response.writeHead(200, { 'content-type': 'text/html', 'x-long': 'x'.repeat(40_000) }).end('x');
    else if (request.url === '/user') to('http://user:secret@example.com/');
    else if (request.url === '/binary')
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).end('x');
    else if (request.url === '/cookie')
      response.writeHead(200, { 'content-type': 'text/plain' }).end(JSON.stringify(request.headers));
    else
      response
        .writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
        .end('<title>T</title><p>Hello <a href="/next">there</a></p>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
const local = (): { allowPrivateAddresses: true; allowedPorts: number[] } => ({
  allowPrivateAddresses: true,
  allowedPorts: [Number(new URL(base).port)],
});

describe('the SSRF table', () => {
  it('refuses every row by what is written', () => {
    for (const url of refusedUrls) expect(() => checkUrl(url), url).toThrow();
    expect(refusedUrls.length).toBeGreaterThan(55);
  });
  it('refuses every row where it would be fetched: no name is asked for, no connection made, and the tool says so', async () => {
    hits.length = 0;
    const port = Number(new URL(base).port);
    const asked: string[] = [];
    const resolve = async (name: string): Promise<string[]> => {
      asked.push(name);
      return ['127.0.0.1'];
    };
    // The rows at the port of the server that listens here, so that whatever slips through arrives.
    const atPort = (url: string): string =>
      url.replace(/^(http:\/\/[^/:@]+|http:\/\/\[[^\]]*\])\/.*$/, `$1:${port}/`);
    const aimed = refusedUrls.map(atPort);
    for (const url of [...refusedUrls, ...aimed])
      await expect(guardedFetch(url, { resolve, allowedPorts: [port] }), url).rejects.toThrow(FetchRefused);
    expect([asked, hits]).toEqual([[], []]);
    const tool = browser({ resolve, allowedPorts: [port] });
    for (const url of refusedUrls) {
      const result = await tool.run({ url }, { signal: new AbortController().signal } as never);
      expect(result, url).toMatchObject({ isError: true });
    }
    // The rows are aimed well: without the guard those of this machine do arrive.
    const loopback = aimed.filter((url) => /^http:\/\/(127\.|0x7f|2130706433|0177)/.test(url));
    for (const url of loopback) await guardedFetch(url, { ...local(), resolve }).catch(() => {});
    expect([loopback.length, hits.length]).toEqual([7, 7]);
  });
  it('refuses names that resolve inward where the connection is made', async () => {
    for (const address of inward) {
      expect(isPublicAddress(address), address).toBe(false);
      await expect(
        guardedFetch('http://innocent.example/', { resolve: async () => [address] }),
        address,
      ).rejects.toThrow(/not public/);
      await expect(
        guardedFetch('http://innocent.example/', { resolve: async () => ['93.184.216.34', address] }),
        address,
      ).rejects.toThrow(/not public/);
    }
  });
  it('opens no connection to such a name', async () => {
    hits.length = 0;
    const port = Number(new URL(base).port);
    await expect(
      guardedFetch(`http://rebind.example:${port}/`, {
        resolve: async () => ['127.0.0.1'],
        allowedPorts: [port],
      }),
    ).rejects.toThrow(/not public/);
    expect(hits).toEqual([]);
  });
  it('refuses redirects inward, to other schemes, and in circles', async () => {
    await expect(guardedFetch(`${base}/loop`, local())).rejects.toThrow(/redirects/);
    await expect(guardedFetch(`${base}/file`, local())).rejects.toThrow(/http or https/);
    // Hop by hop: only the local server is allowed, the metadata service is not.
    await expect(
      guardedFetch(`${base}/inward`, { ...local(), allow: (url) => url.origin === base }),
    ).rejects.toThrow(/not allowed/);
  });
  it('lets public addresses pass', () => {
    for (const url of ['https://example.com/', 'http://93.184.216.34/', 'https://[2606:4700::1111]/x?y=z'])
      expect(checkUrl(url).protocol).toMatch(/^http/);
  });
});

describe('caps', () => {
  it('cut a compression bomb at the decoded size, whatever it is packed with', async () => {
    for (const path of ['/bomb', '/brotli', '/twice']) {
      const page = await guardedFetch(`${base}${path}`, { ...local(), maxBytes: 100_000 });
      expect([path, page.bytes.length, page.cut]).toEqual([path, 100_000, true]);
    }
    await expect(guardedFetch(`${base}/damaged`, local())).rejects.toThrow(FetchRefused);
  });
  it('end a server that never answers, headers without end, and a redirect with credentials', async () => {
    await expect(guardedFetch(`${base}/silent`, { ...local(), timeoutMs: 300 })).rejects.toThrow(
      /within 300 ms/,
    );
    await expect(guardedFetch(`${base}/headers`, local())).rejects.toThrow(FetchRefused);
    await expect(guardedFetch(`${base}/user`, local())).rejects.toThrow(/credentials/);
  });
  it('end a slow body in time, and refuse other types', async () => {
    await expect(guardedFetch(`${base}/slow`, { ...local(), timeoutMs: 400 })).rejects.toThrow(
      /within 400 ms/,
    );
    await expect(guardedFetch(`${base}/binary`, local())).rejects.toThrow(/content type/);
  });
  it('send nothing of ours along', async () => {
    const page = await guardedFetch(`${base}/cookie`, local());
    const headers = JSON.parse(new TextDecoder().decode(page.bytes));
    expect(
      Object.keys(headers).filter((h) => ['cookie', 'authorization', 'referer', 'origin'].includes(h)),
    ).toEqual([]);
  });
});

describe('extraction', () => {
  // Long enough for a machine that has much else to do: the limit itself is not what is tested here.
  const patient = { timeoutMs: 50_000 };

  it('gives visible text and numbered links', async () => {
    const page = await extractPage(
      '<title>A page</title><h1>Head</h1><p>Some <b>bold</b> text, <a href="/x?y=1">a link</a>.</p><ul><li>one<li>two</ul>',
      'https://example.com/a/',
      patient,
    );
    expect(page).toMatchObject({ title: 'A page', links: ['https://example.com/x?y=1'] });
    expect(page.text).toBe('# Head\n\nSome bold text, a link[1].\n\n- one\n\n- two');
  });
  it('leaves out what a person would not see', async () => {
    const hidden: string[] = [
      '<p style="display:none">EVIL</p>',
      '<p style="visibility: hidden">EVIL</p>',
      '<p style="opacity:0">EVIL</p>',
      '<p style="font-size:0">EVIL</p>',
      '<p style="font-size: 1px">EVIL</p>',
      '<p style="position:absolute; left:-9999px">EVIL</p>',
      '<p style="text-indent:-9999px">EVIL</p>',
      '<p style="color:#fff">EVIL</p>',
      '<p style="color:white;background:white">EVIL</p>',
      '<p style="color: rgb(255,255,255)">EVIL</p>',
      '<p style="color:transparent">EVIL</p>',
      '<p style="color:rgba(0,0,0,0)">EVIL</p>',
      '<p style="height:0;overflow:hidden">EVIL</p>',
      '<p style="clip-path: inset(100%)">EVIL</p>',
      '<p style="transform: scale(0)">EVIL</p>',
      '<p hidden>EVIL</p>',
      '<p aria-hidden="true">EVIL</p>',
      '<template>EVIL</template>',
      '<noscript>EVIL</noscript>',
      '<script>"EVIL"</script>',
      '<!-- EVIL -->',
      '<img alt="EVIL" src=x>',
      '<input type="hidden" value="EVIL">',
      '<style>.q{display:none}</style><p class="q">EVIL</p>',
      '<style>#z { font-size:0px !important }</style><p id="z">EVIL</p>',
      '<style>@media screen { .m { opacity: 0 } }</style><p class="m">EVIL</p>',
      '<font color="white">EVIL</font>',
      '<iframe srcdoc="EVIL"></iframe>',
      '<svg><text>EVIL</text></svg>',
      '<p title="EVIL">ok</p>',
      '<p data-x="EVIL">ok</p>',
      '<meta name="description" content="EVIL">',
      '<dialog>EVIL</dialog>',
    ];
    // One page holds them all, each with a number of its own.
    const body = hidden.map((html, i) => html.replaceAll('EVIL', `EVIL${i};`)).join('<p>Shown.</p>');
    const { text } = await extractPage(
      `<html><body><p>Shown.</p>${body}</body></html>`,
      'https://example.com/',
      patient,
    );
    expect(text.match(/EVIL\d+/g) ?? []).toEqual([]);
    expect(text.match(/Shown\./g)).toHaveLength(hidden.length);
    const smuggled = [...'EVIL'].map((c) => String.fromCodePoint(0xe0000 + c.charCodeAt(0))).join('');
    const page = await extractPage(`<p>a${smuggled}b\u200b\u202ec</p>`, 'https://example.com/', patient);
    expect(page.text).toBe('abc');
    expect(page.dropped).toMatchObject({ tag: 4, 'zero-width': 1, bidi: 1 });
  });
  it('does not hang on a page that is nested deeply', async () => {
    for (const depth of [400, 2000, 100_000])
      await extractPage(`${'<div>'.repeat(depth)}x`, 'https://example.com/', patient);
  });
});
