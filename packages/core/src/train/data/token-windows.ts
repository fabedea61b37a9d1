// Batches of a long stream of tokens as a pure function of the batch's number: windows of a fixed length in an order that is a permutation an epoch, keyed by the epoch. A run
// resumes at any batch with nothing saved but that number.
import { checkOptions } from '../../check-options.ts';
import type { TokenBatch } from '../token-batch.ts';
import { permutation, type UniformSource } from '../uniform-source.ts';

/** Random access to tokens: an array fits, and so does a shard on disk. */
export interface TokenSource {
  readonly length: number;
  /** Token ids from `start` on. */
  read(start: number, count: number): ArrayLike<number> | Promise<ArrayLike<number>>;
}

/** Options of {@link tokenWindows}. */
export interface TokenWindowsOptions {
  readonly rows: number;
  /** Tokens a row; a row predicts length - 1 of them. */
  readonly length: number;
  readonly random: UniformSource;
}

/** Tokens in memory as a source. */
export const tokensInMemory = (tokens: ArrayLike<number>): TokenSource => ({
  length: tokens.length,
  read: (start, count) =>
    ArrayBuffer.isView(tokens)
      ? (tokens as unknown as Uint32Array).subarray(start, start + count)
      : (Array.prototype.slice.call(tokens, start, start + count) as number[]),
});

/**
 * Several sources behind each other as one: the shards of a corpus. A window that crosses a border is read from both sides.
 *
 * @example
 * ```ts
 * import { joinTokens, tokensInMemory } from '@ashlar/core';
 * const all = joinTokens([tokensInMemory([1, 2, 3]), tokensInMemory([4, 5])]);
 * all.length // => 5
 * Array.from(await all.read(2, 2)) // => [3, 4]
 * ```
 */
export function joinTokens(sources: readonly TokenSource[]): TokenSource {
  const starts: number[] = [];
  let length = 0;
  for (const source of sources) {
    starts.push(length);
    length += source.length;
  }
  return {
    length,
    async read(start, count) {
      const end = Math.min(length, start + count);
      if (!(start >= 0 && start <= end)) throw new RangeError(`start: expected 0 to ${length}, got ${start}`);
      const parts: ArrayLike<number>[] = [];
      for (const [i, source] of sources.entries()) {
        const from = Math.max(start, starts[i]) - starts[i];
        const to = Math.min(end, starts[i] + source.length) - starts[i];
        if (from < to) parts.push(await source.read(from, to - from));
      }
      if (parts.length === 1) return parts[0];
      const all = new Uint32Array(end - start);
      let at = 0;
      for (const part of parts) {
        all.set(part, at);
        at += part.length;
      }
      return all;
    },
  };
}

/** The i-th batch of `rows` windows; every window of an epoch comes once before the next epoch starts. */
export function tokenWindows(
  source: TokenSource,
  options: TokenWindowsOptions,
): (index: number) => Promise<TokenBatch> {
  checkOptions(options, ['rows', 'length', 'random'], 'tokenWindows');
  const { rows, length, random } = options;
  // Neighbouring windows share one token, so that every token but the first is predicted once an epoch.
  const windows = Math.floor((source.length - 1) / (length - 1));
  if (!(length >= 2 && windows >= 1))
    throw new RangeError(`length: expected 2 to ${source.length} tokens a window, got ${length}`);
  let known: { epoch: number; order: Int32Array } | undefined;
  const windowAt = (number: number): number => {
    const epoch = Math.floor(number / windows);
    if (known?.epoch !== epoch) known = { epoch, order: permutation(random, 'shuffle', epoch, windows) };
    return known.order[number % windows];
  };
  return async (index) => {
    const ids = new Int32Array(rows * length);
    for (let r = 0; r < rows; r++)
      ids.set(await source.read(windowAt(index * rows + r) * (length - 1), length), r * length);
    return { rows, length, ids, labels: ids.slice() };
  };
}

/** The first `share` of a stream for training and the rest for validation, cut at a token. */
export function splitTokens(
  source: TokenSource,
  share: number,
): { train: TokenSource; validation: TokenSource } {
  if (!(share > 0 && share < 1)) throw new RangeError(`share: expected 0 < share < 1, got ${share}`);
  const cut = Math.floor(source.length * share);
  return {
    train: { length: cut, read: (start, count) => source.read(start, Math.min(count, cut - start)) },
    validation: {
      length: source.length - cut,
      read: (start, count) => source.read(cut + start, count),
    },
  };
}

/** Bits a byte of text from a mean loss in nats a token: comparable between tokenizers, which losses a token are not. */
export const bitsPerByte = (lossPerToken: number, tokens: number, bytes: number): number =>
  (lossPerToken * tokens) / (Math.LN2 * bytes);
