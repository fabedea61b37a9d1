// A load holds one tensor at a time: bytes that a source has handed out are followed to their collection by the garbage collector.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { ByteSource } from './bytes/byte-source.ts';
import { memorySource } from './bytes/memory-source.ts';
import { writeGguf } from './formats/gguf/write-gguf.ts';
import { openCheckpoint } from './open-checkpoint.ts';
import { dequantize } from './quantization/dequantize.ts';
import { tinyCheckpoint } from './tiny-checkpoint.ts';
import { memorySink } from './write/byte-sink.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** A source whose reads are copies, with the bytes of those that are still alive. */
function followed(inner: ByteSource): {
  source: ByteSource;
  live: () => Promise<number>;
  largest: () => number;
} {
  const alive = new Set<{ buffer: WeakRef<ArrayBufferLike>; length: number }>();
  let largest = 0;
  return {
    source: {
      ...inner,
      read: async (offset, length) => {
        const bytes = (await inner.read(offset, length)).slice();
        alive.add({ buffer: new WeakRef(bytes.buffer), length });
        largest = Math.max(largest, length);
        return bytes;
      },
    },
    live: async () => {
      await new Promise((resolve) => setTimeout(resolve)); // a WeakRef holds on until the end of its job
      collect();
      let sum = 0;
      for (const { buffer, length } of alive) if (buffer.deref() !== undefined) sum += length;
      return sum;
    },
    largest: () => largest,
  };
}

describe('streaming', () => {
  it('no more than one tensor is held while all are read', async () => {
    const bytes = new Uint8Array(4 << 20); // 1M values, several times the header's prefix
    const tensors = Array.from(
      { length: 8 },
      (_, i) =>
        ({
          name: `t${i}`,
          dtype: 'F32',
          shape: [1 << 20],
          byteLength: bytes.length,
          read: async () => bytes,
        }) as const,
    );
    const sink = memorySink();
    await writeGguf(sink, new Map([['general.architecture', 'other']]), tensors);
    const { source, live, largest } = followed(memorySource(sink.bytes(), 'model.gguf'));
    const folder = {
      name: 'x',
      list: async () => ['model.gguf'],
      open: async (file: string) => (file === 'model.gguf' ? source : undefined),
    };
    const checkpoint = await openCheckpoint(folder);
    const before = await live();
    expect(before).toBeLessThanOrEqual(1 << 20);
    let most = 0;
    const out = new Float32Array(1 << 20);
    for (const name of checkpoint.weights.tensors.keys()) {
      dequantize(await checkpoint.weights.read(name), out);
      most = Math.max(most, await live());
    }
    expect(largest()).toBe(bytes.length);
    expect(most).toBeLessThanOrEqual(bytes.length + before);
  });

  it('over HTTP only the header and the tensors that are asked for are fetched', async () => {
    const files = await tinyCheckpoint();
    let sent = 0;
    const server = createServer((request, response) => {
      const bytes = files.get((request.url ?? '').slice('/models/tiny/'.length));
      const [, first, last] = (/^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []).map(Number);
      if (bytes === undefined || first === undefined) return response.writeHead(404).end();
      const part = bytes.subarray(first, last + 1);
      sent += part.byteLength;
      const headers = {
        'Content-Range': `bytes ${first}-${first + part.byteLength - 1}/${bytes.byteLength}`,
        'Content-Length': part.byteLength,
      };
      response.writeHead(206, headers).end(part);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/models/tiny`;
    for (const place of [base, `${base}/model.safetensors`, new URL(`${base}/`)]) {
      sent = 0;
      const checkpoint = await openCheckpoint(place);
      const opened = sent;
      expect(opened).toBeLessThan(5000);
      const { bytes } = await checkpoint.weights.read('model.norm.weight');
      expect(sent - opened).toBe(bytes.byteLength);
      await checkpoint.close();
    }
    server.close();
    server.closeAllConnections();
  });
});
