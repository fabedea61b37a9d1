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
      try {
        out.push(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(run)));
      } catch {
        for (const _ of run) out.push('\ufffd');
      }
      run = [];
    };
    for (const token of tokens) {
      const byte = BYTE.exec(token);
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
