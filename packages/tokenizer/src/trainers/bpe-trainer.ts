// Learns byte-pair merges from piece counts (Sennrich et al. 2016): again and again the most frequent pair of neighbours becomes a token. Pieces are linked
// lists in flat arrays, pairs know where they occur, so a merge costs the places it changes; the greatest pair comes from a lazy heap. The same merges as
// Hugging Face tokenizers (`ties: 'least-ids'`), or as the plain textbook trainer (`ties: 'greatest-bytes'`).
import { BYTE_TO_CHAR } from '../byte-alphabet.ts';
import { decodeUtf8, encodeUtf8 } from '../unicode/utf8.ts';
import { refuseUnknownOptions } from '../unknown-options.ts';
import { PairHeap } from './pair-heap.ts';
import { PairIndex } from './pair-index.ts';
import { type LinkedPieces, PairJoin } from './pair-join.ts';
import { PairQueue } from './pair-queue.ts';
import type { PieceCounts } from './piece-counts.ts';
import { checkVocabSize, type TrainingOptions } from './training-options.ts';

/** What `trainBpe` may be told. */
export interface BpeTrainerOptions extends TrainingOptions {
  /** 'bytes': pieces are byte strings and the alphabet is all 256 bytes. 'characters': the alphabet is what occurs. */
  readonly symbols?: 'bytes' | 'characters';
  /** Least count of a pair to be merged; default 1. */
  readonly minFrequency?: number;
  /** Longest token in symbols; default: no bound. */
  readonly maxTokenLength?: number;
  /**
   * Which of several most frequent pairs is merged: 'least-ids' (default; Hugging Face) takes the one with the least left id, then right id;
   * 'greatest-bytes' the one whose (left, right) is greatest in byte order.
   */
  readonly ties?: 'least-ids' | 'greatest-bytes';
  /** For 'characters': keep only that many, the most frequent. */
  readonly limitAlphabet?: number;
  /** For 'characters': put before every symbol of a piece but the first ('##'). */
  readonly continuingSubwordPrefix?: string;
  /** For 'characters': put behind the last symbol of a piece ('</w>'). */
  readonly endOfWordSuffix?: string;
  /** Merges of an earlier run to begin with, as [left, right] tokens: training goes on where it stopped. */
  readonly resume?: readonly (readonly [string, string])[];
}

/** What training gives: tokens by id, and the merges in order. Byte symbols are written in GPT-2's alphabet. */
export interface BpeTraining {
  readonly tokens: readonly string[];
  readonly merges: readonly (readonly [left: string, right: string])[];
}

const OPTIONS = [
  ...[
    'vocabSize',
    'specialTokens',
    'onProgress',
    'signal',
    'symbols',
    'minFrequency',
    'maxTokenLength',
    'ties',
    'limitAlphabet',
  ],
  ...['continuingSubwordPrefix', 'endOfWordSuffix', 'resume'],
];

/**
 * Learns merges until there are `vocabSize` tokens or no pair is frequent enough. Abort with `signal`; the merges so far, passed as `resume`, continue the run.
 *
 * @example
 * ```ts
 * import { PieceCounts, trainBpe } from '@ashlar/tokenizer';
 *
 * const counts = new PieceCounts();
 * counts.add('low', 5);
 * counts.add('lower', 2);
 * trainBpe(counts, { vocabSize: 258 }).merges // => [['l', 'o'], ['lo', 'w']]
 * ```
 */
export function trainBpe(counts: PieceCounts, options: BpeTrainerOptions): BpeTraining {
  refuseUnknownOptions('trainBpe', options, OPTIONS);
  checkVocabSize(options.vocabSize);
  const {
    minFrequency = 1,
    maxTokenLength = Number.POSITIVE_INFINITY,
    resume = [],
    continuingSubwordPrefix: prefix = '',
  } = options;
  const words = layOut(counts, options);
  const { tokens, ids } = words;
  const pairs = new PairIndex(words.places.length >> 2);
  indexPairs(words, pairs);
  const queue: Queue =
    options.ties === 'greatest-bytes' ? new HeapQueue(pairs, byBytes(pairs, words)) : new PairQueue(pairs);
  for (let pair = 0; pair < pairs.size; pair++) queue.push(pair, pairs.countOf(pair));

  const merges: [string, string][] = [];
  const lengths = tokens.map(() => 1);
  const join = new PairJoin(words, pairs, queue, lengths, maxTokenLength);
  while (tokens.length < options.vocabSize) {
    const pair =
      merges.length < resume.length ? resumed(resume[merges.length], ids, pairs) : queue.take(minFrequency);
    if (pair < 0) break;
    if (merges.length % 256 === 0) {
      options.signal?.throwIfAborted();
      options.onProgress?.({ stage: 'merge', done: merges.length, of: options.vocabSize });
    }
    const a = pairs.leftOf(pair);
    const b = pairs.rightOf(pair);
    const text =
      tokens[a] + tokens[b].slice(prefix !== '' && tokens[b].startsWith(prefix) ? prefix.length : 0);
    let id = ids.get(text);
    if (id === undefined) {
      id = tokens.length;
      tokens.push(text);
      lengths.push(lengths[a] + lengths[b]);
      ids.set(text, id);
    }
    merges.push([tokens[a], tokens[b]]);
    join.apply(pair, id);
  }
  options.onProgress?.({ stage: 'merge', done: merges.length, of: options.vocabSize });
  return { tokens, merges };
}

interface Queue {
  push(pair: number, count: number): void;
  /** The most frequent pair, or -1 when none is as frequent as `least`. */
  take(least: number): number;
}

/** Where ties are decided otherwise than by ids: a heap; counts only fall while a pair waits, so one whose count is out of date is put back. */
class HeapQueue implements Queue {
  private readonly pairs: PairIndex;
  private readonly heap: PairHeap;

  constructor(pairs: PairIndex, wins: (a: number, b: number) => boolean) {
    this.pairs = pairs;
    this.heap = new PairHeap(pairs, wins);
  }

  push(pair: number, count: number): void {
    this.heap.push(pair, count);
  }

  take(least: number): number {
    const { heap, pairs } = this;
    while (heap.size > 0) {
      const count = heap.topCount;
      const pair = heap.pop();
      const current = pairs.countOf(pair);
      if (current === count) return count >= least && count > 0 ? pair : -1;
      if (current > 0) heap.push(pair, current);
    }
    return -1;
  }
}

/** Every pair of neighbours; a function of its own, so that engines compile it early. */
function indexPairs({ places, times }: Layout, pairs: PairIndex): void {
  for (let i = 0; i < places.length; i += 4) {
    const next = places[i + 1];
    if (next >= 0) pairs.occur(pairs.id(places[i], places[next]), i, times[places[i + 3]]);
  }
}

function resumed(
  [left, right]: readonly [string, string],
  ids: Map<string, number>,
  pairs: PairIndex,
): number {
  const a = ids.get(left);
  const b = ids.get(right);
  if (a === undefined || b === undefined)
    throw new RangeError(`resume: the merge ${left} + ${right} uses a token that is not there yet`);
  return pairs.id(a, b);
}

interface Layout extends LinkedPieces {
  readonly tokens: string[];
  readonly ids: Map<string, number>;
  /** Bytes of a token, for ties. */
  readonly bytesOf: (id: number) => Uint8Array;
}

function layOut(counts: PieceCounts, options: BpeTrainerOptions): Layout {
  const {
    symbols: kind = 'bytes',
    specialTokens = [],
    continuingSubwordPrefix = '',
    endOfWordSuffix = '',
  } = options;
  const isBytes = kind === 'bytes';
  const tokens: string[] = [];
  const ids = new Map<string, number>();
  const idOf = (text: string): number => {
    let id = ids.get(text);
    if (id === undefined) {
      id = tokens.length;
      tokens.push(text);
      ids.set(text, id);
    }
    return id;
  };
  for (const token of specialTokens) idOf(token);
  // Characters get ids in the order of code points, bytes in the order of the alphabet's: the order that decides ties.
  const alphabet = isBytes ? [...BYTE_TO_CHAR] : alphabetOf(counts, options.limitAlphabet);
  alphabet.sort((x, y) => x.codePointAt(0)! - y.codePointAt(0)!);
  const allowed = new Set(alphabet);
  for (const char of alphabet) idOf(char);
  const byteIds = isBytes ? Int32Array.from(BYTE_TO_CHAR, (char) => ids.get(char)!) : undefined;

  let places = new Int32Array(1 << 14);
  let size = 0;
  const times = new Float64Array(counts.size);
  let piece = 0;
  const reserve = (symbols: number) => {
    if (size + symbols * 4 <= places.length) return;
    const wider = new Int32Array(Math.max(size + symbols * 4, places.length * 2));
    wider.set(places);
    places = wider;
  };
  const push = (symbol: number, isFirst: boolean, isLast: boolean) => {
    places[size] = symbol;
    places[size + 1] = isLast ? -1 : size + 4;
    places[size + 2] = isFirst ? -1 : size - 4;
    places[size + 3] = piece;
    size += 4;
  };
  for (const { bytes, count } of counts.entries()) {
    times[piece] = count;
    reserve(bytes.length);
    if (byteIds !== undefined) {
      const last = bytes.length - 1;
      for (let i = 0; i <= last; i++) push(byteIds[bytes[i]], i === 0, i === last);
    } else {
      const chars = Array.from(decodeUtf8(bytes));
      const kept = chars.flatMap((char, i) =>
        allowed.has(char)
          ? [
              idOf(
                (i > 0 ? continuingSubwordPrefix : '') +
                  char +
                  (i === chars.length - 1 ? endOfWordSuffix : ''),
              ),
            ]
          : [],
      );
      kept.forEach((id, i) => {
        push(id, i === 0, i === kept.length - 1);
      });
    }
    piece++;
  }
  const cache: Uint8Array[] = [];
  const bytesOf = (id: number): Uint8Array => {
    cache[id] ??= isBytes
      ? Uint8Array.from(tokens[id], (c) => BYTE_TO_CHAR.indexOf(c))
      : encodeUtf8(tokens[id]);
    return cache[id];
  };
  return { tokens, ids, bytesOf, places: places.subarray(0, size), times };
}

function alphabetOf(counts: PieceCounts, limit = Number.POSITIVE_INFINITY): string[] {
  const seen = new Map<string, number>();
  for (const { bytes, count } of counts.entries())
    for (const char of decodeUtf8(bytes)) seen.set(char, (seen.get(char) ?? 0) + count);
  const byCount = [...seen].sort((a, b) => b[1] - a[1] || a[0].codePointAt(0)! - b[0].codePointAt(0)!);
  return byCount.slice(0, limit).map(([char]) => char);
}

/** The greater pair in byte order wins: left tokens first, then right ones. */
function byBytes(pairs: PairIndex, { bytesOf }: Layout): (a: number, b: number) => boolean {
  return (a, b) => {
    const left = compare(bytesOf(pairs.leftOf(a)), bytesOf(pairs.leftOf(b)));
    return left !== 0 ? left > 0 : compare(bytesOf(pairs.rightOf(a)), bytesOf(pairs.rightOf(b))) > 0;
  };
}

function compare(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}
