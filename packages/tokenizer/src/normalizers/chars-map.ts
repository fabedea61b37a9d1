// SentencePiece's precompiled character map: a Darts-clone double array from byte strings to offsets in a blob of NUL-terminated replacements.
import { decodeUtf8 } from '../unicode/utf8.ts';

export class CharsMap {
  private readonly units: Uint32Array;
  private readonly blob: Uint8Array;

  constructor(bytes: Uint8Array) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const trieBytes = bytes.byteLength >= 4 ? view.getUint32(0, true) : 0;
    if (trieBytes % 4 !== 0 || 4 + trieBytes > bytes.byteLength) {
      throw new RangeError(
        `precompiled_charsmap: a trie of ${trieBytes} bytes does not fit in ${bytes.byteLength}`,
      );
    }
    this.units = new Uint32Array(trieBytes / 4);
    for (let i = 0; i < this.units.length; i++) this.units[i] = view.getUint32(4 + i * 4, true);
    this.blob = bytes.subarray(4 + trieBytes);
  }

  /** The replacement of the shortest key that is a prefix of `key`. */
  shortest(key: Uint8Array): string | undefined {
    return this.walk(key, 0, true)?.text;
  }

  /** The longest key that begins at `at`: its length in bytes and its replacement. */
  longest(key: Uint8Array, at: number): { readonly length: number; readonly text: string } | undefined {
    return this.walk(key, at, false);
  }

  private walk(key: Uint8Array, at: number, first: boolean): { length: number; text: string } | undefined {
    const { units } = this;
    let node = offsetOf(units[0] ?? 0);
    let found: { length: number; value: number } | undefined;
    for (let i = at; i < key.length; i++) {
      const byte = key[i];
      if (byte === 0) break;
      node ^= byte;
      const unit = units[node] ?? 0;
      if ((unit & 0x800000ff) >>> 0 !== byte) break;
      node ^= offsetOf(unit);
      if ((unit >>> 8) & 1) {
        found = { length: i + 1 - at, value: (units[node] ?? 0) & 0x7fffffff };
        if (first) break;
      }
    }
    if (found === undefined || found.value >= this.blob.length) return undefined;
    const end = this.blob.indexOf(0, found.value);
    return {
      length: found.length,
      text: decodeUtf8(this.blob.subarray(found.value, end < 0 ? this.blob.length : end)),
    };
  }
}

const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6);
