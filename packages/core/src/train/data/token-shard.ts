// Tokenised text on disk: a header of 16 bytes ("ASHTOK", version, bytes a token, count as uint64) and little-endian ids of 2 or 4 bytes. Read in place through any ByteSource, so a
// shard may be larger than memory: what a window needs is read at its place in the file, and the pages that are read again and again stay in the operating system's cache. That is what mapping
// the file would do; Node has no mmap of its own, and here the only difference is one copy of a window's bytes.

import type { ByteSource } from '../../weights/bytes/byte-source.ts';
import { CheckpointError } from '../../weights/checkpoint-error.ts';
import type { TokenSource } from './token-windows.ts';

const magic = [0x41, 0x53, 0x48, 0x54, 0x4f, 0x4b]; // ASHTOK
const headerBytes = 16;

/** The first bytes of a shard of `count` tokens. */
export function shardHeader(count: number, width: number): Uint8Array {
  const bytes = new Uint8Array(headerBytes);
  bytes.set([...magic, 1, width]);
  new DataView(bytes.buffer).setBigUint64(8, BigInt(count), true);
  return bytes;
}

/** The bytes of a shard; ids below 65536 take two bytes each. */
export function encodeTokenShard(tokens: ArrayLike<number>): Uint8Array {
  let top = 0;
  for (let i = 0; i < tokens.length; i++) {
    if (!(Number.isInteger(tokens[i]) && tokens[i] >= 0 && tokens[i] < 2 ** 32))
      throw new RangeError(`tokens[${i}]: expected an integer from 0 to 2^32 - 1, got ${tokens[i]}`);
    top = Math.max(top, tokens[i]);
  }
  const width = top < 65536 ? 2 : 4;
  const bytes = new Uint8Array(headerBytes + tokens.length * width);
  bytes.set(shardHeader(tokens.length, width));
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < tokens.length; i++) {
    if (width === 2) view.setUint16(headerBytes + 2 * i, tokens[i], true);
    else view.setUint32(headerBytes + 4 * i, tokens[i], true);
  }
  return bytes;
}

/** Opens a shard for random access; throws a CheckpointError for a file that is not one or is cut short. */
export async function openTokenShard(source: ByteSource): Promise<TokenSource> {
  if (source.size < headerBytes)
    throw new CheckpointError(source.name, 'size', `at least ${headerBytes} bytes`, source.size);
  const head = await source.read(0, headerBytes);
  const [version, width] = [head[6], head[7]];
  if (!magic.every((b, i) => head[i] === b) || version !== 1 || (width !== 2 && width !== 4))
    throw new CheckpointError(
      source.name,
      'header',
      'ASHTOK version 1',
      `bytes ${[...head.slice(0, 8)].join(' ')}`,
    );
  const length = Number(new DataView(head.buffer, head.byteOffset).getBigUint64(8, true));
  if (source.size !== headerBytes + length * width)
    throw new CheckpointError(source.name, 'size', `${headerBytes + length * width} bytes`, source.size);
  return {
    length,
    async read(start, count) {
      const end = Math.min(length, start + count);
      if (!(start >= 0 && start <= end)) throw new RangeError(`start: expected 0 to ${length}, got ${start}`);
      const read = await source.read(headerBytes + start * width, (end - start) * width);
      // A view where the bytes lie at a whole id, as a file's do; memory may lie anywhere.
      const { buffer, byteOffset } = read.byteOffset % width === 0 ? read : read.slice();
      return width === 2
        ? new Uint16Array(buffer, byteOffset, end - start)
        : new Uint32Array(buffer, byteOffset, end - start);
    },
  };
}
