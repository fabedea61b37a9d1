// Counts the pieces of a corpus that comes document by document; memory is that of the distinct pieces.
import type { Normalizer } from '../normalizers/normalizer.ts';
import type { PreTokenizer } from '../pre-tokenizers/pre-tokenizer.ts';
import { knownScanner } from '../scanners/known-scanners.ts';
import { decodeUtf8 } from '../unicode/utf8.ts';
import { refuseUnknownOptions } from '../unknown-options.ts';
import { kernelCounter } from './counter-kernels.ts';
import { absorb, PieceCounts } from './piece-counts.ts';
import { longestByDefault, scriptCounter } from './script-counter.ts';
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
  /**
   * Longer pieces are counted in parts of that many bytes, so that a corpus with a megabyte-long word can be learned; default 65,535 with a `pattern` (longer
   * pieces are merged without WebAssembly), and 4096 with stages.
   */
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
  try {
    for await (const document of documents) {
      counter.add(document);
      if (++done % 256 === 0) {
        options.signal?.throwIfAborted();
        options.onProgress?.({ stage: 'count', done });
      }
    }
  } finally {
    counter.finish();
  }
  options.onProgress?.({ stage: 'count', done });
  return counts;
}

/** Adds the pieces of documents to counts. */
export interface PieceCounter {
  add(document: string): void;
  /** Well-formed UTF-8, every line with its end a document. */
  addLines(bytes: Uint8Array): void;
  /** What has been counted is in the counts. */
  finish(): void;
}

/** A counter that adds to `counts`, some of it only when it is finished. */
export function pieceCounter(counts: PieceCounts, options: CountOptions): PieceCounter {
  const { specialTokens = [], pattern } = options;
  const { maxPieceLength = longestByDefault(pattern) } = options;
  if (
    !(
      maxPieceLength >= 1 &&
      (Number.isInteger(maxPieceLength) || maxPieceLength === Number.POSITIVE_INFINITY)
    )
  )
    throw new RangeError(`maxPieceLength: expected an integer >= 1, got ${maxPieceLength}`);
  const divider = dividerOf(specialTokens);
  const split = pattern === undefined ? undefined : knownScanner(pattern)?.kernel;
  const kernels = split && kernelCounter(split, maxPieceLength, (contents) => absorb(counts, contents));
  const script = scriptCounter(counts, options);
  const one = (text: string): void => {
    if (kernels?.add(text) !== true) script.add(text);
  };
  const add = (document: string): void => {
    if (divider === undefined) one(document);
    else for (const part of document.split(divider)) if (part !== '') one(part);
  };
  return {
    add,
    addLines: (bytes) => {
      if (divider === undefined && kernels?.addLines(bytes) === true) return;
      for (let from = 0; from < bytes.length; ) {
        const to = bytes.indexOf(NEWLINE, from) + 1 || bytes.length;
        if (divider === undefined && script.addUtf8 !== undefined) script.addUtf8(bytes, from, to);
        else add(decodeUtf8(bytes.subarray(from, to)));
        from = to;
      }
    },
    finish: () => kernels?.drain(),
  };
}

const NEWLINE = 10;

function dividerOf(specialTokens: readonly string[]): RegExp | undefined {
  const special = specialTokens.filter((t) => t !== '').sort((a, b) => b.length - a.length);
  if (special.length === 0) return undefined;
  return new RegExp(special.map((t) => t.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|'), 'u');
}
