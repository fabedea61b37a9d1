// Decodes ids as they come and never shows half a character. Byte-level vocabularies go through a streaming UTF-8 decoder. For the others the text of
// a small window of ids is compared with and without the newest ones, and held back while it ends in an incomplete sequence.

const WINDOW = 16; // ids after which an ill-formed tail is shown as U+FFFD rather than held back

/** How a stream decoder reads ids: by bytes alone, or through a decoder that looks at neighbours. */
export type StreamSource =
  | { readonly bytes: (id: number) => Uint8Array | undefined }
  | { readonly decode: (ids: readonly number[]) => string };

/**
 * Decodes one id after the other; the texts of `push` and `flush`, joined, are what `decode` gives for all ids at once (for byte-fallback
 * vocabularies: unless the bytes are no UTF-8).
 */
export class StreamDecoder {
  private readonly source: StreamSource;
  private readonly utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
  private ids: number[] = [];
  private shown = 0; // ids of the window whose text has been returned

  constructor(source: StreamSource) {
    this.source = source;
  }

  /** The text that an id completes, possibly empty. */
  push(id: number): string {
    if ('bytes' in this.source) {
      const bytes = this.source.bytes(id);
      return bytes === undefined ? '' : this.utf8.decode(bytes, { stream: true });
    }
    this.ids.push(id);
    const before = this.source.decode(this.ids.slice(0, this.shown));
    const text = this.source.decode(this.ids);
    const held = this.ids.length - this.shown;
    if ((text.endsWith('\ufffd') || text.length <= before.length) && held < WINDOW) return '';
    // The window keeps only the newest ids, as context for spaces between words; and more while they show nothing, so that they are no beginning of a text.
    const newest = this.ids.slice(this.shown);
    if (this.ids.length > 4 * WINDOW || this.source.decode(newest) !== '') this.ids = newest;
    this.shown = this.ids.length;
    return text.slice(before.length);
  }

  /** The text still held back; the decoder is as new afterwards. */
  flush(): string {
    if ('bytes' in this.source) return this.utf8.decode();
    const before = this.source.decode(this.ids.slice(0, this.shown));
    const text = this.source.decode(this.ids);
    this.ids = [];
    this.shown = 0;
    return text.slice(before.length);
  }
}
