// DNS rebinding over real DNS: a name server in this process that changes its answer from one question to the next, and servers on several loopback
// addresses that say which of them was connected to.
import { createSocket, type Socket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { guardedFetch, isPublicAddress } from './guarded-fetch.ts';

let answers: string[] = [];
let asked = 0;
/** Answers the next address of `answers` to every question for one, with a time to live of 0. */
function answer(question: Buffer): Buffer {
  const end = question.indexOf(0, 12) + 5;
  const isA = question.readUInt16BE(end - 4) === 1;
  const address = isA ? answers[Math.min(asked++, answers.length - 1)] : undefined;
  const head = Buffer.from(question.subarray(0, end));
  head.writeUInt16BE(0x8180, 2);
  head.writeUInt16BE(address === undefined ? 0 : 1, 6);
  head.writeUInt32BE(0, 8);
  if (address === undefined) return head;
  return Buffer.concat([
    head,
    Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]),
    Buffer.from(address.split('.').map(Number)),
  ]);
}

let names: Socket;
let resolver: Resolver;
const servers: Server[] = [];
let port = 0;
const hits: string[] = [];
/** 127.0.0.1 stands for what must not be reached, 127.0.0.2 for the answer that was judged. */
const places = ['127.0.0.1', '127.0.0.2'];
let several = true;
beforeAll(async () => {
  names = createSocket('udp4');
  names.on('message', (question, { port, address }) => names.send(answer(question), port, address));
  await new Promise<void>((resolve) => names.bind(0, '127.0.0.1', resolve));
  resolver = new Resolver({ tries: 1 });
  resolver.setServers([`127.0.0.1:${names.address().port}`]);
  for (const place of places) {
    const server = createServer((request, response) => {
      hits.push(`${place}${request.url}`);
      if (request.url === '/on') response.writeHead(302, { location: '/there', connection: 'close' }).end();
      else response.writeHead(200, { 'content-type': 'text/plain' }).end(place);
    });
    servers.push(server);
    await new Promise<void>((resolve) => {
      server.once('error', () => {
        several = false;
        resolve();
      });
      server.listen(port, place, resolve);
    });
    if (server.listening) port = (server.address() as AddressInfo).port;
  }
});
afterAll(() => {
  names.close();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});
beforeEach(() => {
  hits.length = 0;
  asked = 0;
});
const resolve = (name: string): Promise<string[]> => resolver.resolve4(name);
const url = (path = '/'): string => `http://rebind.example:${port}${path}`;

describe('a name that changes its address', () => {
  it('public when somebody looks first, inward when the connection is made: refused, and nobody is connected to', async () => {
    answers = ['93.184.216.34', '127.0.0.1'];
    const seen = await resolve('rebind.example');
    expect(seen.every(isPublicAddress)).toBe(true);
    await expect(guardedFetch(url(), { resolve, allowedPorts: [port] })).rejects.toThrow(/not public/);
    expect([asked, hits]).toEqual([2, []]);
    // The same name without the guard arrives: the servers and the name server work.
    asked = 1;
    const page = await guardedFetch(url(), { resolve, allowedPorts: [port], allowPrivateAddresses: true });
    expect([new TextDecoder().decode(page.bytes), hits]).toEqual(['127.0.0.1', ['127.0.0.1/']]);
  });
  it('is asked for once a connection, and the address that was judged is the one that is connected to', async (context) => {
    if (!several) return context.skip('no second loopback address here');
    answers = ['127.0.0.2', '127.0.0.1'];
    const page = await guardedFetch(url(), { resolve, allowedPorts: [port], allowPrivateAddresses: true });
    expect([new TextDecoder().decode(page.bytes), asked, hits]).toEqual(['127.0.0.2', 1, ['127.0.0.2/']]);
  });
  it('is judged again where a redirect makes a new connection', async (context) => {
    if (!several) return context.skip('no second loopback address here');
    answers = ['127.0.0.2', '127.0.0.1'];
    const judged: string[] = [];
    const options = { allowedPorts: [port], allowPrivateAddresses: true };
    const page = await guardedFetch(url('/on'), {
      ...options,
      resolve: async (name) => {
        const found = await resolve(name);
        judged.push(...found);
        return found;
      },
    });
    expect(judged).toEqual(['127.0.0.2', '127.0.0.1']);
    expect(hits).toEqual(['127.0.0.2/on', '127.0.0.1/there']);
    expect(new TextDecoder().decode(page.bytes)).toBe('127.0.0.1');
  });
});
