// Byte-pair training in WebAssembly (kernels/trainer.as.ts): pieces and first tokens go in, merges come out some hundreds at a time.
import { alphabetToBytes } from '../byte-alphabet.ts';
import { encodeUtf8, toWellFormed } from '../unicode/utf8.ts';
import type { BpeTrainerOptions, BpeTraining } from './bpe-options.ts';
import { type InitialSymbols, initialSymbols } from './initial-symbols.ts';
import { contentsOf, type PieceCounts } from './piece-counts.ts';
import { resumedPair } from './resumed-pair.ts';
import { type TrainerKernels, trainerKernels } from './trainer-kernels.ts';

const CHUNK = 1 << 20; // bytes, or symbols, that are laid out in one call
const TURN = 256; // merges of a call
const UNBOUNDED = 0x7fffffff;

/** Undefined where the kernels cannot begin; not whole where their memory was full before all was learned: the merges are right as far as they go.
 * `pages`: what the memory may grow to, of 64 KB. */
export function learnInKernels(
  counts: PieceCounts,
  options: BpeTrainerOptions,
  pages = 65536,
): (BpeTraining & { readonly isWhole: boolean }) | undefined {
  const { minFrequency = 1, maxTokenLength = UNBOUNDED, resume = [], vocabSize } = options;
  const { continuingSubwordPrefix: prefix = '', specialTokens = [], endOfWordSuffix = '' } = options;
  // Lone surrogates have no bytes, so texts that hold one cannot be told apart there.
  if ([prefix, endOfWordSuffix, ...specialTokens].some((text) => toWellFormed(text) !== text))
    return undefined;
  const kernels = trainerKernels();
  if (kernels === undefined) return undefined;
  kernels.begin(options.ties === 'greatest-bytes', pages);
  const symbols = initialSymbols(counts, options);
  if (!layOut(kernels, counts, symbols) || !giveTokens(kernels, symbols, prefix) || !kernels.indexPairs())
    return undefined;
  const { tokens, ids } = symbols;
  const merges: [string, string][] = [];
  const longest = Math.min(maxTokenLength, UNBOUNDED);
  const add = (a: number, b: number, id: number): void => {
    const left = tokens[a];
    const right = tokens[b];
    merges.push([left, right]);
    if (id === tokens.length)
      tokens.push(left + (prefix !== '' && right.startsWith(prefix) ? right.slice(prefix.length) : right));
  };
  const report = (): void =>
    options.onProgress?.({ stage: 'merge', done: merges.length, of: options.vocabSize });
  const turn = (): void => {
    if (merges.length % TURN !== 0) return;
    options.signal?.throwIfAborted();
    report();
  };
  while (tokens.length < vocabSize && merges.length < resume.length) {
    const [a, b] = resumedPair(resume[merges.length], ids);
    turn();
    const id = kernels.merge(a, b, longest);
    if (id < 0) return { tokens, merges, isWhole: false };
    add(a, b, id);
    ids.set(tokens[id], id);
  }
  const least = Math.max(minFrequency, 0);
  for (let next = kernels.seek(least); next >= 0 && tokens.length < vocabSize; next = kernels.upcoming()) {
    turn();
    const most = TURN - (merges.length % TURN);
    const count = kernels.step(most, least, Math.min(vocabSize, UNBOUNDED), longest);
    const made = new Int32Array(kernels.memory.buffer, kernels.merges(), count * 3);
    for (let i = 0; i < made.length; i += 3) add(made[i], made[i + 1], made[i + 2]);
  }
  if (kernels.upcoming() === -2) return { tokens, merges, isWhole: false };
  report();
  return { tokens, merges, isWhole: true };
}

/** All pieces in chunks: counts, where each ends, and bytes or symbols. False without room, or when a piece is too long for the kernels. */
function layOut(
  kernels: TrainerKernels,
  counts: PieceCounts,
  { byteIds, symbolsOf }: InitialSymbols,
): boolean {
  const { size, bytes, offsets, counts: times } = contentsOf(counts);
  if (!kernels.layOutRoom(size, offsets[size])) return false;
  if (byteIds !== undefined) new Int32Array(kernels.memory.buffer, kernels.byteSymbols(), 256).set(byteIds);
  for (let from = 0; from < size; ) {
    let pieces = Math.min(size - from, 1 << 14);
    while (pieces > 1 && offsets[from + pieces] - offsets[from] > CHUNK) pieces >>= 1;
    const to = from + pieces;
    const ends = byteIds === undefined ? new Int32Array(pieces) : offsets.subarray(from + 1, to + 1);
    const chunk = bytes.subarray(offsets[from], offsets[to]);
    const symbols: number[] = [];
    if (byteIds === undefined) {
      for (let piece = from; piece < to; piece++) {
        if (times[piece] > 0)
          for (const id of symbolsOf(bytes.subarray(offsets[piece], offsets[piece + 1]))) symbols.push(id);
        ends[piece - from] = symbols.length;
      }
    }
    const room = kernels.staging(pieces * 12 + (byteIds === undefined ? symbols.length * 4 : chunk.length));
    if (room === 0) return false;
    const { buffer } = kernels.memory;
    const endsAt = room + pieces * 8;
    const at = endsAt + pieces * 4;
    new Float64Array(buffer, room, pieces).set(times.subarray(from, to));
    new Int32Array(buffer, endsAt, pieces).set(ends);
    if (byteIds === undefined) {
      new Int32Array(buffer, at, symbols.length).set(symbols);
      if (!kernels.layOutSymbols(at, 0, endsAt, room, pieces)) return false;
    } else {
      new Uint8Array(buffer, at, chunk.length).set(chunk);
      if (!kernels.layOutBytes(at, offsets[from], endsAt, room, pieces)) return false;
    }
    from = to;
  }
  return true;
}

/** The texts of the first tokens, as bytes: those of byte symbols where tokens are written in their alphabet. One that is not is joined by no merge. */
function giveTokens(kernels: TrainerKernels, { tokens, byteIds }: InitialSymbols, prefix: string): boolean {
  const bytesOf = (text: string): Uint8Array =>
    byteIds === undefined ? encodeUtf8(text) : (alphabetToBytes(text) ?? new Uint8Array(0));
  const write = (bytes: Uint8Array): boolean => {
    const at = kernels.textRoom(bytes.length);
    if (at > 0) new Uint8Array(kernels.memory.buffer, at, bytes.length).set(bytes);
    return at > 0;
  };
  const first = bytesOf(prefix);
  kernels.beginTexts(0);
  if (!write(first)) return false;
  kernels.beginTexts(first.length);
  for (const token of tokens) {
    const bytes = bytesOf(token);
    if (!kernels.tokenRoom(bytes.length) || !write(bytes)) return false;
    kernels.addToken(bytes.length, 1);
  }
  return true;
}
