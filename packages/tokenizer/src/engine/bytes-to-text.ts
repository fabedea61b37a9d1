// UTF-8 to a string. Engines read ASCII fast and everything else byte by byte, but take UTF-16 as it is: so text beyond ASCII is brought to UTF-16 here, a
// character a step, and ill-formed bytes are left to the engine's own decoder, which is also the slow twin.
import { decodeUtf8 } from '../unicode/utf8.ts';

const KEPT = 1 << 22; // bytes that stay allocated between calls
const SHORT = 48; // below, two calls into the engine cost more than they save
const utf16 = /* @__PURE__ */ new TextDecoder('utf-16le', { ignoreBOM: true });

export class BytesToText {
  private units: Uint8Array = new Uint8Array(0);
  private view: DataView = new DataView(this.units.buffer);

  /** The text of the first `end` bytes, as `decodeUtf8` gives it; `view` is one on them. Eight bytes behind them are overwritten. */
  decode(bytes: Uint8Array, view: DataView, end: number): string {
    if (end >= SHORT) {
      view.setInt32(end, 0, true);
      view.setInt32(end + 4, 0, true);
      if (!isAscii(view, end)) {
        if (this.units.length < end * 2 + 16) {
          this.units = new Uint8Array(Math.max(end * 2 + 16, Math.min(KEPT, this.units.length * 2)));
          this.view = new DataView(this.units.buffer);
        }
        const length = writeUnits(view, end, this.view);
        if (length >= 0) {
          const text = utf16.decode(this.units.subarray(0, length));
          if (this.units.length > KEPT) this.units = new Uint8Array(0);
          return text;
        }
      }
    }
    return decodeUtf8(bytes.subarray(0, end));
  }
}

function isAscii(view: DataView, end: number): boolean {
  for (let at = 0; at < end; at += 4) if ((view.getInt32(at, true) & 0x80808080) !== 0) return false;
  return true;
}

/**
 * Writes the UTF-16 units of `end` bytes, little-endian; returns how many bytes they take, or -1 when the UTF-8 is ill-formed. Zeros follow the bytes, so
 * that what is cut off is seen to be.
 */
function writeUnits(view: DataView, end: number, out: DataView): number {
  let at = 0;
  let write = 0;
  while (at < end) {
    let word = view.getInt32(at, true);
    if ((word & 0x80808080) === 0) {
      do {
        out.setInt32(write, (word & 0xff) | ((word & 0xff00) << 8), true);
        out.setInt32(write + 4, ((word >>> 16) & 0xff) | ((word >>> 8) & 0xff0000), true);
        write += 8;
        at += 4;
        word = view.getInt32(at, true);
      } while ((word & 0x80808080) === 0 && at < end);
      if (at >= end) return write - (at - end) * 2;
    }
    if ((word & 0xf0) === 0xe0) {
      // Runs of one length are loops of their own: most scripts have one.
      while ((word & 0xc0c0f0) === 0x8080e0) {
        const unit = ((word & 15) << 12) | ((word >>> 2) & 0xfc0) | ((word >>> 16) & 63);
        if (unit < 0x800 || (unit & 0xf800) === 0xd800) return -1;
        out.setUint16(write, unit, true);
        write += 2;
        at += 3;
        word = view.getInt32(at, true);
      }
      if ((word & 0xf0) === 0xe0) return -1;
    } else if ((word & 0x80) === 0) {
      out.setUint16(write, word & 0xff, true);
      write += 2;
      at++;
    } else if ((word & 0xe0) === 0xc0) {
      while ((word & 0xc0e0) === 0x80c0) {
        const unit = ((word & 31) << 6) | ((word >>> 8) & 63);
        if (unit < 0x80) return -1;
        out.setUint16(write, unit, true);
        write += 2;
        at += 2;
        word = view.getInt32(at, true);
      }
      if ((word & 0xe0) === 0xc0) return -1;
    } else if (((word ^ 0x808080f0) & 0xc0c0c0f8) === 0) {
      const point =
        ((word & 7) << 18) | ((word & 0x3f00) << 4) | ((word >>> 10) & 0xfc0) | ((word >>> 24) & 63);
      if (point < 0x10000 || point > 0x10ffff) return -1;
      out.setInt32(write, (0xd7c0 + (point >>> 10)) | ((0xdc00 | (point & 0x3ff)) << 16), true);
      write += 4;
      at += 4;
    } else return -1;
  }
  return write;
}
