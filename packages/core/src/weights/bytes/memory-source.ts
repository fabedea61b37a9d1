import { type ByteSource, checkRange } from './byte-source.ts';

/** A `ByteSource` over bytes in memory; reads are views, nothing is copied. */
export function memorySource(bytes: Uint8Array, name = 'memory'): ByteSource {
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
