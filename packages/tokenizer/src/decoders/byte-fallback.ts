// Reads runs of byte tokens (<0x61>) as UTF-8; a run that is not valid UTF-8 gives one U+FFFD a byte.
import type { Decoder } from './decoder.ts';

const BYTE = /^<0x([0-9a-fA-F]{2})>$/;

export const byteFallback = (): Decoder => ({
  config: { type: 'ByteFallback' },
  decode: (tokens) => {
    const out: string[] = [];
    let run: number[] = [];
    const flush = () => {
      if (run.length === 0) return;
      if (run.length === 1 && run[0] < 0x80) {
        out.push(String.fromCharCode(run[0]));
        run = [];
        return;
      }
      try {
        out.push(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(run)));
      } catch {
        for (const _ of run) out.push('\ufffd');
      }
      run = [];
    };
    for (const token of tokens) {
      const byte = token.length === 6 && token.charCodeAt(0) === 60 ? BYTE.exec(token) : null;
      if (byte !== null) run.push(Number.parseInt(byte[1], 16));
      else {
        flush();
        out.push(token);
      }
    }
    flush();
    return out;
  },
});
