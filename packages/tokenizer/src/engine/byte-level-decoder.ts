// Ids of a byte-level vocabulary to text: the bytes of the tokens joined, four at a time, and read as UTF-8 once.
import type { AddedTokens } from '../added-tokens.ts';
import { BytesToText } from './bytes-to-text.ts';
import type { TokenTable } from './token-table.ts';

const LEAST = 1 << 12;
const KEPT = 1 << 22; // bytes that stay allocated between calls
const PADDING = 8;

export class ByteLevelDecoder {
  private readonly table: TokenTable;
  private readonly added: AddedTokens;
  private readonly reader = new BytesToText();
  private bytes: Uint8Array = new Uint8Array(LEAST);
  private view: DataView = new DataView(this.bytes.buffer);

  constructor(table: TokenTable, added: AddedTokens) {
    this.table = table;
    this.added = added;
  }

  /** The text of ids; `bytesOfAdded` gives the bytes of added tokens, undefined for none. Ids outside the vocabulary are left out. */
  decode(ids: ArrayLike<number>, bytesOfAdded: (id: number) => Uint8Array | undefined): string {
    const end = this.join(ids, bytesOfAdded);
    const text = this.reader.decode(this.bytes, this.view, end);
    if (this.bytes.length > KEPT) this.allocate(LEAST);
    return text;
  }

  private join(ids: ArrayLike<number>, bytesOfAdded: (id: number) => Uint8Array | undefined): number {
    const { view: source, offsets, size } = this.table;
    const count = ids.length;
    let { view } = this;
    let room = this.bytes.length - PADDING;
    let at = 0;
    for (let i = 0; i < count; i++) {
      const id = ids[i];
      // Control tokens have no bytes in the table, and other added tokens have those of their text.
      const from = id >= 0 && id < size ? offsets[id] : 0;
      const length = id >= 0 && id < size ? offsets[id + 1] - from : 0;
      const extra = length > 0 || !this.added.has(id) ? undefined : bytesOfAdded(id);
      const more = length > 0 ? length : (extra?.length ?? 0);
      if (more === 0) continue;
      if (at + more > room) {
        this.reserve(at, more);
        view = this.view;
        room = this.bytes.length - PADDING;
      }
      if (extra !== undefined) this.bytes.set(extra, at);
      else {
        view.setInt32(at, source.getInt32(from, true), true);
        if (more > 4) {
          view.setInt32(at + 4, source.getInt32(from + 4, true), true);
          for (let k = 8; k < more; k += 4) view.setInt32(at + k, source.getInt32(from + k, true), true);
        }
      }
      at += more;
    }
    return at;
  }

  private reserve(used: number, more: number): void {
    const old = this.bytes;
    this.allocate(Math.max(used + more + PADDING, old.length * 2));
    this.bytes.set(old.subarray(0, used));
  }

  private allocate(size: number): void {
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
  }
}
