// A corpus to shards without holding it: ids go to disk a few thousand at a time, and a shard's header is written when it is full.
import { checkOptions } from '../../check-options.ts';
import { nodeBuiltin } from '../../weights/bytes/node-builtins.ts';
import { shardHeader } from './token-shard.ts';

/** Options of {@link writeTokenShards}. */
export interface WriteTokenShardsOptions {
  /** Size of the vocabulary: below 65537 an id takes two bytes, else four. */
  readonly vocabSize: number;
  /** Tokens a shard; default 2^27, 256 MiB of two-byte ids. */
  readonly shardTokens?: number;
}

/**
 * Writes documents' ids behind each other into `DIRECTORY/tokens-00000.bin` and so on; answers the paths, in order. Open them with `openTokenShard` and `joinTokens`.
 *
 * At most one document and 256 KiB are in memory. Throws a RangeError for an id outside the vocabulary, with the document's number.
 */
export async function writeTokenShards(
  directory: string,
  documents: Iterable<ArrayLike<number>> | AsyncIterable<ArrayLike<number>>,
  options: WriteTokenShardsOptions,
): Promise<string[]> {
  checkOptions(options, ['vocabSize', 'shardTokens'], 'writeTokenShards');
  const { vocabSize, shardTokens = 2 ** 27 } = options;
  if (!(Number.isInteger(vocabSize) && vocabSize >= 1 && vocabSize <= 2 ** 32))
    throw new RangeError(`vocabSize: expected an integer from 1 to 2^32, got ${vocabSize}`);
  if (!(Number.isInteger(shardTokens) && shardTokens >= 1))
    throw new RangeError(`shardTokens: expected a positive integer, got ${shardTokens}`);
  const { mkdir, open, rename } = nodeBuiltin('node:fs/promises');
  const { join } = nodeBuiltin('node:path');
  await mkdir(directory, { recursive: true });
  const width = vocabSize <= 65536 ? 2 : 4;
  const room = new Uint8Array(2 ** 18);
  const view = new DataView(room.buffer);
  const paths: string[] = [];
  let file: Awaited<ReturnType<typeof open>> | undefined;
  let written = 0; // tokens of the shard that are on disk
  let filled = 0; // bytes in the room
  const flush = async (): Promise<void> => {
    if (file === undefined) return;
    await file.write(room, 0, filled);
    written += filled / width;
    filled = 0;
  };
  const finish = async (): Promise<void> => {
    if (file === undefined) return;
    await flush();
    await file.write(shardHeader(written, width), 0, 16, 0);
    await file.close();
    file = undefined;
    await rename(`${paths[paths.length - 1]}.new`, paths[paths.length - 1]);
  };
  try {
    let number = 0;
    for await (const ids of documents) {
      for (let i = 0; i < ids.length; i++) {
        const id = ids[i];
        if (!(Number.isInteger(id) && id >= 0 && id < vocabSize))
          throw new RangeError(`document ${number}, token ${i}: expected 0 to ${vocabSize - 1}, got ${id}`);
        if (file === undefined) {
          const path = join(directory, `tokens-${String(paths.length).padStart(5, '0')}.bin`);
          file = await open(`${path}.new`, 'w');
          paths.push(path);
          await file.write(shardHeader(0, width));
          written = 0;
        }
        if (width === 2) view.setUint16(filled, id, true);
        else view.setUint32(filled, id, true);
        filled += width;
        if (written + filled / width === shardTokens) await finish();
        else if (filled === room.length) await flush();
      }
      number++;
    }
    await finish();
  } finally {
    await file?.close();
  }
  return paths;
}
