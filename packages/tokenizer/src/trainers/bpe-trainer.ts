// Learns byte-pair merges from piece counts (Sennrich et al. 2016): again and again the most frequent pair of neighbours becomes a token. Pieces are linked
// lists in flat arrays, pairs know where they occur, so a merge costs the places it changes; the greatest pair comes from a lazy heap. The same merges as
// Hugging Face tokenizers (`ties: 'least-ids'`), or as the plain textbook trainer (`ties: 'greatest-bytes'`).
import { BYTE_TO_CHAR } from '../byte-alphabet.ts';
import { decodeUtf8, encodeUtf8 } from '../unicode/utf8.ts';
import { refuseUnknownOptions } from '../unknown-options.ts';
import { PairHeap } from './pair-heap.ts';
import { PairIndex } from './pair-index.ts';
import { PairJoin } from './pair-join.ts';
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
  const { tokens, ids, symbols, next, times } = words;
  const pairs = new PairIndex();
  for (let i = 0; i < symbols.length; i++) {
    if (next[i] >= 0) pairs.add(symbols[i], symbols[next[i]], i, times[i]);
  }
  const ties = options.ties === 'greatest-bytes' ? byBytes(pairs, words) : undefined;
  const heap = new PairHeap(pairs, ties);
  for (let pair = 0; pair < pairs.size; pair++) heap.push(pair, pairs.counts[pair]);

  const merges: [string, string][] = [];
  const lengths = tokens.map(() => 1);
  const join = new PairJoin(words, pairs, heap, lengths, maxTokenLength);
  while (tokens.length < options.vocabSize) {
    const pair =
      merges.length < resume.length
        ? resumed(resume[merges.length], ids, pairs)
        : best(heap, pairs, minFrequency);
    if (pair < 0) break;
    if (merges.length % 256 === 0) {
      options.signal?.throwIfAborted();
      options.onProgress?.({ stage: 'merge', done: merges.length, of: options.vocabSize });
    }
    const a = pairs.left[pair];
    const b = pairs.right[pair];
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

/** The most frequent pair, or -1. */
function best(heap: PairHeap, pairs: PairIndex, minFrequency: number): number {
  while (heap.size > 0) {
    const count = heap.topCount;
    const pair = heap.pop();
    if (pairs.counts[pair] !== count) {
      if (pairs.counts[pair] > 0) heap.push(pair, pairs.counts[pair]);
      continue;
    }
    return count >= Math.max(1, minFrequency) ? pair : -1;
  }
  return -1;
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

interface Layout {
  readonly tokens: string[];
  readonly ids: Map<string, number>;
  /** Bytes of a token, for ties. */
  readonly bytesOf: (id: number) => Uint8Array;
  /** All pieces behind one another: symbol, neighbours (-1 at the ends) and the piece's count at each place. */
  readonly symbols: Int32Array;
  readonly next: Int32Array;
  readonly previous: Int32Array;
  readonly times: Float64Array;
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

  let capacity = 1 << 12;
  let symbols = new Int32Array(capacity);
  let times = new Float64Array(capacity);
  let ends = new Uint8Array(capacity);
  let size = 0;
  const push = (symbol: number, count: number, isLast: boolean) => {
    if (size === capacity) {
      capacity *= 2;
      const [s, t, e] = [new Int32Array(capacity), new Float64Array(capacity), new Uint8Array(capacity)];
      s.set(symbols);
      t.set(times);
      e.set(ends);
      symbols = s;
      times = t;
      ends = e;
    }
    symbols[size] = symbol;
    times[size] = count;
    ends[size++] = isLast ? 1 : 0;
  };
  for (const { bytes, count } of counts.entries()) {
    if (byteIds !== undefined) {
      for (let i = 0; i < bytes.length; i++) push(byteIds[bytes[i]], count, i === bytes.length - 1);
      continue;
    }
    const chars = Array.from(decodeUtf8(bytes));
    const kept = chars.flatMap((char, i) =>
      allowed.has(char)
        ? [
            idOf(
              (i > 0 ? continuingSubwordPrefix : '') + char + (i === chars.length - 1 ? endOfWordSuffix : ''),
            ),
          ]
        : [],
    );
    kept.forEach((id, i) => {
      push(id, count, i === kept.length - 1);
    });
  }
  const next = new Int32Array(size);
  const previous = new Int32Array(size);
  for (let i = 0; i < size; i++) {
    next[i] = ends[i] ? -1 : i + 1;
    previous[i] = i === 0 || ends[i - 1] ? -1 : i - 1;
  }
  const cache: Uint8Array[] = [];
  const bytesOf = (id: number): Uint8Array => {
    cache[id] ??= isBytes
      ? Uint8Array.from(tokens[id], (c) => BYTE_TO_CHAR.indexOf(c))
      : encodeUtf8(tokens[id]);
    return cache[id];
  };
  return {
    tokens,
    ids,
    bytesOf,
    symbols: symbols.subarray(0, size),
    next,
    previous,
    times: times.subarray(0, size),
  };
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
    const left = compare(bytesOf(pairs.left[a]), bytesOf(pairs.left[b]));
    return left !== 0 ? left > 0 : compare(bytesOf(pairs.right[a]), bytesOf(pairs.right[b])) > 0;
  };
}

function compare(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}
