// Cutting and counting without WebAssembly, of texts without control tokens: by a scanner, an expression or stages. The twin of `kernelCounter`.
import { AlignedText } from '../aligned-text.ts';
import { TextBuffer } from '../engine/text-buffer.ts';
import type { Scanner } from '../scanners/character-classes.ts';
import { compilePattern } from '../scanners/compile-pattern.ts';
import { knownScanner } from '../scanners/known-scanners.ts';
import { encodeUtf8, toWellFormed } from '../unicode/utf8.ts';
import type { CountOptions } from './count-pieces.ts';
import type { PieceCounts } from './piece-counts.ts';

/** Bytes of a piece when nobody says: what the merging kernels take; lattices of stages' pieces are dear. */
export const longestByDefault = (pattern: string | undefined): number =>
  pattern === undefined ? 4096 : 0xffff;

/** `addUtf8` where pieces are bytes of the text. */
export function scriptCounter(
  counts: PieceCounts,
  options: CountOptions,
): { add(text: string): void; addUtf8?(bytes: Uint8Array, start: number, end: number): void } {
  const { pattern, normalizer, preTokenizer } = options;
  const { maxPieceLength: longest = longestByDefault(pattern) } = options;
  const put = (bytes: Uint8Array, start: number, end: number): void => {
    let at = start;
    while (end - at > longest) {
      let stop = at + longest;
      while (stop > at + 1 && (bytes[stop] & 0xc0) === 0x80) stop--;
      counts.addBytes(bytes, at, stop, 1);
      at = stop;
    }
    counts.addBytes(bytes, at, end, 1);
  };
  const buffer = new TextBuffer();
  const ends = new Int32Array(256);
  const scanner = pattern === undefined ? undefined : knownScanner(pattern);
  const find = pattern === undefined || scanner !== undefined ? undefined : compilePattern(pattern, 'rust');
  const putText = (text: string) => {
    const bytes = encodeUtf8(text);
    put(bytes, 0, bytes.length);
  };
  const scan = (cut: Scanner, end: number): void => {
    for (let at = 0; at < end; ) {
      const cuts = cut(buffer, at, end, ends);
      for (let i = 0; i < cuts; i++) {
        put(buffer.bytes, at, ends[i]);
        at = ends[i];
      }
    }
    buffer.release();
  };
  if (scanner !== undefined)
    return {
      add: (text) => scan(scanner, buffer.setText(text)),
      addUtf8: (bytes, start, end) => scan(scanner, buffer.setBytes(bytes, start, end)),
    };
  const add = (text: string): void => {
    if (find !== undefined) {
      for (const { start, end } of find(text)) putText(text.slice(start, end));
    } else {
      const aligned = AlignedText.from(toWellFormed(text), false);
      normalizer?.normalize(aligned);
      for (const piece of preTokenizer?.split(aligned) ?? [aligned])
        if (piece.value !== '') putText(piece.value);
    }
  };
  return { add };
}
