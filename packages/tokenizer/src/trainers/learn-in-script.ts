// Byte-pair training without WebAssembly: pieces are linked lists in flat arrays, pairs know where they occur, so a merge costs the places it changes; the
// greatest pair comes from a lazy queue. The twin of `learnInKernels`.
import { BYTE_TO_CHAR } from '../byte-alphabet.ts';
import { encodeUtf8 } from '../unicode/utf8.ts';
import type { BpeTrainerOptions, BpeTraining } from './bpe-options.ts';
import { type InitialSymbols, initialSymbols } from './initial-symbols.ts';
import { PairHeap } from './pair-heap.ts';
import { PairIndex } from './pair-index.ts';
import { type LinkedPieces, PairJoin } from './pair-join.ts';
import { PairQueue } from './pair-queue.ts';
import type { PieceCounts } from './piece-counts.ts';
import { resumedPair } from './resumed-pair.ts';

export function learnInScript(counts: PieceCounts, options: BpeTrainerOptions): BpeTraining {
  const {
    minFrequency = 1,
    maxTokenLength = Number.POSITIVE_INFINITY,
    resume = [],
    continuingSubwordPrefix: prefix = '',
  } = options;
  const symbols = initialSymbols(counts, options);
  const words = layOut(counts, symbols);
  const { tokens, ids } = symbols;
  const pairs = new PairIndex(words.places.length >> 2);
  indexPairs(words, pairs);
  const queue: Queue =
    options.ties === 'greatest-bytes' ? new HeapQueue(pairs, byBytes(pairs, symbols)) : new PairQueue(pairs);
  for (let pair = 0; pair < pairs.size; pair++) queue.push(pair, pairs.countOf(pair));

  const merges: [string, string][] = [];
  const lengths = tokens.map(() => 1);
  const join = new PairJoin(words, pairs, queue, lengths, maxTokenLength);
  while (tokens.length < options.vocabSize) {
    let pair: number;
    if (merges.length < resume.length) {
      const [a, b] = resumedPair(resume[merges.length], ids);
      pair = pairs.id(a, b);
    } else pair = queue.take(minFrequency);
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
function indexPairs({ places, times }: LinkedPieces, pairs: PairIndex): void {
  for (let i = 0; i < places.length; i += 4) {
    const next = places[i + 1];
    if (next >= 0) pairs.occur(pairs.id(places[i], places[next]), i, times[places[i + 3]]);
  }
}

function layOut(counts: PieceCounts, { byteIds, symbolsOf }: InitialSymbols): LinkedPieces {
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
      const ids = symbolsOf(bytes);
      ids.forEach((id, i) => {
        push(id, i === 0, i === ids.length - 1);
      });
    }
    piece++;
  }
  return { places: places.subarray(0, size), times };
}

/** The greater pair in byte order wins: left tokens first, then right ones. */
function byBytes(pairs: PairIndex, { tokens, byteIds }: InitialSymbols): (a: number, b: number) => boolean {
  const cache: Uint8Array[] = [];
  const bytesOf = (id: number): Uint8Array => {
    cache[id] ??=
      byteIds === undefined
        ? encodeUtf8(tokens[id])
        : Uint8Array.from(tokens[id], (c) => BYTE_TO_CHAR.indexOf(c));
    return cache[id];
  };
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
