// Byte-pair encoding as plainly as it can be written: the oracle of the fast engine and the page to read first. Quadratic; the engine is not.
import { refuseUnknownOptions } from './unknown-options.ts';

/** What `referenceBpe` may be told. */
export interface ReferenceBpeOptions {
  /** Probability that a merge is passed over in one round (BPE dropout). */
  readonly dropout?: number;
  /** Random numbers in [0, 1). */
  readonly uniform?: () => number;
  /** Told of every merge in order: its rank and the parts after it. */
  readonly onMerge?: (rank: number, parts: readonly Uint8Array[]) => void;
}

/**
 * The ranks of the tokens of `piece`: start from single bytes; while two neighbours join to a token, join those with the lowest rank, the leftmost first.
 *
 * `rankOf` gives the rank of a byte string that is a token, else undefined; every byte must have one. Cost: O(n^2) in the bytes of the piece.
 *
 * @example
 * ```ts
 * import { referenceBpe } from '@ashlar/tokenizer';
 *
 * const ranks = new Map([['a', 0], ['b', 1], ['c', 2], ['ab', 3], ['abc', 4]]);
 * const rankOf = (part: Uint8Array) => ranks.get(String.fromCharCode(...part));
 * referenceBpe(new TextEncoder().encode('abcab'), rankOf) // => [4, 3]
 * ```
 */
export function referenceBpe(
  piece: Uint8Array,
  rankOf: (bytes: Uint8Array) => number | undefined,
  options: ReferenceBpeOptions = {},
): number[] {
  refuseUnknownOptions('referenceBpe', options, ['dropout', 'uniform', 'onMerge']);
  const { dropout = 0, uniform, onMerge } = options;
  let parts = Array.from(piece, (_, i) => piece.subarray(i, i + 1));
  for (;;) {
    let best: { rank: number; at: number } | undefined;
    for (let at = 0; at + 1 < parts.length; at++) {
      const rank = rankOf(join(parts[at], parts[at + 1]));
      if (rank === undefined || (best !== undefined && rank >= best.rank)) continue;
      if (dropout > 0 && uniform !== undefined && uniform() < dropout) continue;
      best = { rank, at };
    }
    if (best === undefined) break;
    parts = [
      ...parts.slice(0, best.at),
      join(parts[best.at], parts[best.at + 1]),
      ...parts.slice(best.at + 2),
    ];
    onMerge?.(best.rank, parts);
  }
  return parts.map((part) => {
    const rank = rankOf(part);
    if (rank === undefined) throw new RangeError(`ranks: the byte 0x${part[0].toString(16)} has none`);
    return rank;
  });
}

function join(left: Uint8Array, right: Uint8Array): Uint8Array {
  const both = new Uint8Array(left.length + right.length);
  both.set(left);
  both.set(right, left.length);
  return both;
}
