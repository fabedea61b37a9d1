// Reads runs of byte tokens (<0x61>) as UTF-8; a run that is not valid UTF-8 gives one U+FFFD a byte.
import { validLength } from '../unicode/utf8.ts';
import type { Decoder } from './decoder.ts';

const BYTE = /^<0x([0-9a-fA-F]{2})>$/;

/** The byte that a token is written for, or -1. */
export function byteOfToken(token: string): number {
  const byte = token.length === 6 && token.charCodeAt(0) === 60 ? BYTE.exec(token) : null;
  return byte === null ? -1 : Number.parseInt(byte[1], 16);
}

/** The text of a run of byte tokens, or undefined when it is not well-formed. */
export function textOfRun(run: readonly number[]): string | undefined {
  let text = '';
  for (let at = 0; at < run.length; ) {
    const length = validLength(run, at);
    if (length === 0) return undefined;
    const first = run[at];
    if (length === 1) text += String.fromCharCode(first);
    else {
      let codePoint = first & (0x7f >> length);
      for (let k = 1; k < length; k++) codePoint = (codePoint << 6) | (run[at + k] & 63);
      text += String.fromCodePoint(codePoint);
    }
    at += length;
  }
  return text;
}

export const byteFallback = (): Decoder => ({
  config: { type: 'ByteFallback' },
  decode: (tokens) => {
    const out: string[] = [];
    let run: number[] = [];
    const flush = () => {
      if (run.length === 0) return;
      const text = textOfRun(run);
      if (text !== undefined) out.push(text);
      else for (const _ of run) out.push('\ufffd');
      run = [];
    };
    for (const token of tokens) {
      const byte = byteOfToken(token);
      if (byte >= 0) run.push(byte);
      else {
        flush();
        out.push(token);
      }
    }
    flush();
    return out;
  },
});
