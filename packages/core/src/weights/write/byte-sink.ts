/** Where a file is written, in order. The writer of a `WritableStream` is one (`stream.getWriter()`). */
export interface ByteSink {
  /** Appends; the bytes may be changed by the caller afterwards. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends the file. */
  close(): Promise<void>;
}

/** A place for the files of a checkpoint. */
export interface OutputFolder {
  /** Begins a file; one of that name is replaced. A name may stand in a folder ('additional_chat_templates/rag.jinja'). */
  create(file: string): Promise<ByteSink>;
}

/** A sink in memory. */
export interface MemorySink extends ByteSink {
  /** All that was written so far, joined. */
  bytes(): Uint8Array<ArrayBuffer>;
}

/** A sink that keeps what it is given; `bytes()` joins it. */
export function memorySink(): MemorySink {
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
