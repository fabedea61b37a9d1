/** Where a file is written, in order. The writer of a `WritableStream` is one (`stream.getWriter()`). */
export interface ByteSink {
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** A place for the files of a checkpoint. */
export interface OutputFolder {
  create(file: string): Promise<ByteSink>;
}

/** A sink that keeps what it is given; `bytes()` joins it. */
export function memorySink(): ByteSink & { bytes(): Uint8Array<ArrayBuffer> } {
  const parts: Uint8Array[] = [];
  return {
    write: async (bytes) => {
      parts.push(bytes.slice());
    },
    close: async () => {},
    bytes() {
      const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
      let at = 0;
      for (const part of parts) {
        joined.set(part, at);
        at += part.byteLength;
      }
      return joined;
    },
  };
}
