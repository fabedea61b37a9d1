import { mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodeFileSource } from '../../weights/bytes/node-file-source.ts';
import { encodeTokenShard, openTokenShard, shardHeader } from './token-shard.ts';
import { joinTokens, splitTokens, tokensInMemory, tokenWindows } from './token-windows.ts';
import { writeTokenShards } from './write-token-shards.ts';

let home = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'ashlar-shards-'));
});
afterAll(() => rm(home, { recursive: true }));

/** A uniform number that is enough of a shuffle. */
const random = { uniform: (_: string, a: number, b: number, i = 0) => ((a * 31 + b * 17 + i * 7) % 97) / 97 };

describe('shards', () => {
  test('joined, they are the tokens that were written, however they are cut', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.nat(69_999), { maxLength: 30 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 40 }),
        fc.nat(100),
        fc.nat(40),
        async (documents, shardTokens, start, count) => {
          const folder = await mkdtemp(join(home, 'cut-'));
          const paths = await writeTokenShards(folder, documents, { vocabSize: 70_000, shardTokens });
          const sources = await Promise.all(paths.map(nodeFileSource));
          const all = joinTokens(await Promise.all(sources.map(openTokenShard)));
          const tokens = documents.flat();
          expect(all.length).toBe(tokens.length);
          expect(await readdir(folder)).toEqual(paths.map((path) => path.slice(folder.length + 1)));
          const from = Math.min(start, tokens.length);
          expect(Array.from(await all.read(from, count))).toEqual(tokens.slice(from, from + count));
          for (const source of sources) await source.close();
        },
      ),
      { numRuns: 25 },
    ));

  test('batches of shards are the batches of the same tokens in memory', async () => {
    const tokens = Array.from({ length: 5000 }, (_, i) => (i * 7919) % 60_000);
    const paths = await writeTokenShards(join(home, 'batches'), [tokens], {
      ...{ vocabSize: 60_000, shardTokens: 701 },
    });
    const sources = await Promise.all(paths.map(nodeFileSource));
    const shards = joinTokens(await Promise.all(sources.map(openTokenShard)));
    const options = { rows: 3, length: 64, random };
    const [fromDisk, fromMemory] = [shards, tokensInMemory(tokens)].map((source) =>
      tokenWindows(splitTokens(source, 0.8).train, options),
    );
    for (let i = 0; i < 30; i++) expect(await fromDisk(i)).toEqual(await fromMemory(i));
    for (const source of sources) await source.close();
  });

  test('a shard of 3 GiB gives its windows at any place in the memory of a window', async () => {
    const count = 3 * 2 ** 29; // two bytes each: beyond what one buffer may hold
    const path = join(home, 'large.bin');
    const handle = await open(path, 'w');
    await handle.write(shardHeader(count, 2), 0, 16, 0);
    await handle.truncate(16 + 2 * count); // a sparse file takes no room
    const last = encodeTokenShard([11, 12, 13]).subarray(16);
    await handle.write(last, 0, 6, 16 + 2 * (count - 3));
    await handle.close();
    const source = await nodeFileSource(path);
    const read: number[] = [];
    const shard = await openTokenShard({
      ...source,
      read(offset, length) {
        read.push(length);
        return source.read(offset, length);
      },
    });
    const before = process.memoryUsage();
    const batchAt = tokenWindows(shard, { rows: 4, length: 2 ** 20, random });
    for (let i = 0; i < 20; i++) expect((await batchAt(i)).ids.length).toBe(4 * 2 ** 20);
    expect(Array.from(await shard.read(count - 3, 10))).toEqual([11, 12, 13]);
    expect(Math.max(...read)).toBe(2 * 2 ** 20);
    // 160 MiB of windows have been read; what is alive is a batch and what the collector has not taken yet.
    expect(process.memoryUsage().rss - before.rss).toBeLessThan(1.5e9);
    await source.close();
  });

  test('an id outside the vocabulary is refused with its place, and leaves no shard behind', async () => {
    const folder = join(home, 'refused');
    await expect(writeTokenShards(folder, [[1], [2, 9]], { vocabSize: 9 })).rejects.toThrow(
      'document 1, token 1: expected 0 to 8, got 9',
    );
    expect((await readdir(folder)).filter((name) => !name.endsWith('.new'))).toEqual([]);
  });
});
