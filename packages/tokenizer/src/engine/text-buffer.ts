// UTF-8 bytes of a text beside a view on them, so that four bytes are read as one integer wherever they lie. Zero bytes follow the text: scanners look one
// character ahead, and integers are read whole.
import { type VisibleSpaces, writeVisible } from './visible-spaces.ts';

const KEPT = 1 << 22; // bytes that stay allocated between calls
const PADDING = 8;

export class TextBuffer {
  bytes: Uint8Array = new Uint8Array(1 << 12);
  view: DataView = new DataView(this.bytes.buffer);
  private readonly encoder = new TextEncoder();

  /** Takes a text's UTF-8 bytes, behind `prefix` spaces; a lone surrogate becomes U+FFFD. Returns how many bytes there are. */
  setText(text: string, prefix: 0 | 1 = 0): number {
    const { length } = text;
    this.reserve(length * 3 + prefix);
    const { bytes } = this;
    let at = 0;
    if (prefix > 0) bytes[at++] = 32;
    let i = 0;
    // A call into the encoder costs more than a short ASCII text.
    if (length <= 64) {
      for (; i < length; i++) {
        const unit = text.charCodeAt(i);
        if (unit >= 0x80) break;
        bytes[at++] = unit;
      }
    }
    if (i < length) {
      at = prefix + this.encoder.encodeInto(text, prefix > 0 ? bytes.subarray(prefix) : bytes).written;
    }
    this.terminate(at);
    return at;
  }

  /** Takes the UTF-8 bytes that `source` has taken, their spaces made visible. Returns how many there are. */
  setVisible(source: TextBuffer, length: number, spaces: VisibleSpaces): number {
    this.reserve(length * 3 + 3);
    const end = writeVisible(source, length, spaces, this);
    this.terminate(end);
    return end;
  }

  /** Takes bytes from `start` to `end` as they are. */
  setBytes(bytes: Uint8Array, start = 0, end = bytes.length): number {
    const length = end - start;
    this.reserve(length);
    if (length > 64) this.bytes.set(bytes.subarray(start, end));
    else for (let i = 0; i < length; i++) this.bytes[i] = bytes[start + i];
    this.terminate(length);
    return length;
  }

  /** Lets a large buffer go. */
  release(): void {
    if (this.bytes.length > KEPT) this.allocate(1 << 12);
  }

  private reserve(length: number): void {
    if (length + PADDING > this.bytes.length)
      this.allocate(Math.max(length + PADDING, Math.min(KEPT, this.bytes.length * 2)));
  }

  private allocate(size: number): void {
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
  }

  private terminate(end: number): void {
    this.view.setInt32(end, 0, true);
    this.view.setInt32(end + 4, 0, true);
  }
}
