// Counts the pieces of a corpus that comes document by document; memory is that of the distinct pieces.
import { AlignedText } from '../aligned-text.ts';
import { TextBuffer } from '../engine/text-buffer.ts';
import type { Normalizer } from '../normalizers/normalizer.ts';
import type { PreTokenizer } from '../pre-tokenizers/pre-tokenizer.ts';
import type { Scanner } from '../scanners/character-classes.ts';
import { compilePattern } from '../scanners/compile-pattern.ts';
import { knownScanner } from '../scanners/known-scanners.ts';
import { decodeUtf8, encodeUtf8, toWellFormed } from '../unicode/utf8.ts';
import { refuseUnknownOptions } from '../unknown-options.ts';
import { PieceCounts } from './piece-counts.ts';
import type { TrainingProgress } from './training-options.ts';

/** Documents of a corpus: strings, at once or as they come. */
export type Documents = Iterable<string> | AsyncIterable<string>;

/** How `countPieces` cuts. */
export interface CountOptions {
  /** Cut by an expression (see `readTiktoken`); pieces are then bytes of the text. */
  readonly pattern?: string;
  /** Or by stages, as a tokenizer.json has them; pieces are then the stages' characters. */
  readonly normalizer?: Normalizer;
  readonly preTokenizer?: PreTokenizer;
  /** Text is cut at these first, and they are not counted. */
  readonly specialTokens?: readonly string[];
  /** Longer pieces are counted in parts of that many bytes, so that a corpus with a megabyte-long word can be learned; default 4096. */
  readonly maxPieceLength?: number;
  /** Counts to add to. */
  readonly into?: PieceCounts;
  /** Called now and then with how far it is. */
  readonly onProgress?: (progress: TrainingProgress) => void;
  readonly signal?: AbortSignal;
}

const OPTIONS = [
  'pattern',
  'normalizer',
  'preTokenizer',
  'specialTokens',
  'maxPieceLength',
  'into',
  'onProgress',
  'signal',
];

/** The counts of all pieces of the documents. */
export async function countPieces(documents: Documents, options: CountOptions): Promise<PieceCounts> {
  refuseUnknownOptions('countPieces', options, OPTIONS);
  const counts = options.into ?? new PieceCounts();
  const counter = pieceCounter(counts, options);
  let done = 0;
  for await (const document of documents) {
    counter.add(document);
    if (++done % 256 === 0) {
      options.signal?.throwIfAborted();
      options.onProgress?.({ stage: 'count', done });
    }
  }
  options.onProgress?.({ stage: 'count', done });
  return counts;
}

/** Adds the pieces of documents to counts. */
export interface PieceCounter {
  add(document: string): void;
  /** A document in well-formed UTF-8, from `start` to `end`. */
  addUtf8(bytes: Uint8Array, start: number, end: number): void;
}

/** A counter that adds to `counts`. */
export function pieceCounter(counts: PieceCounts, options: CountOptions): PieceCounter {
  const { specialTokens = [], pattern, normalizer, preTokenizer, maxPieceLength: longest = 4096 } = options;
  const special = specialTokens.filter((t) => t !== '').sort((a, b) => b.length - a.length);
  const divider =
    special.length === 0
      ? undefined
      : new RegExp(special.map((t) => t.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|'), 'u');
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
  const one = (text: string): void => {
    if (scanner !== undefined) scan(scanner, buffer.setText(text));
    else if (find !== undefined) {
      for (const { start, end } of find(text)) putText(text.slice(start, end));
    } else {
      const aligned = AlignedText.from(toWellFormed(text), false);
      normalizer?.normalize(aligned);
      for (const piece of preTokenizer?.split(aligned) ?? [aligned])
        if (piece.value !== '') putText(piece.value);
    }
  };
  const add = (document: string): void => {
    if (divider === undefined) one(document);
    else for (const part of document.split(divider)) if (part !== '') one(part);
  };
  return {
    add,
    addUtf8: (bytes, start, end) => {
      if (scanner !== undefined && divider === undefined) scan(scanner, buffer.setBytes(bytes, start, end));
      else add(decodeUtf8(bytes.subarray(start, end)));
    },
  };
}
