// Pairs as one batch [all chosen; all rejected], so that one forward pass serves both (TRL's layout).
import { padRows, type TokenBatch, type TokenRow } from '@ashlar/core';

/** An encoded pair: ids with masks, and where known the reference's log-probabilities. */
export interface EncodedPair {
  readonly chosen: TokenRow;
  readonly rejected: TokenRow;
  /** Sums over learned tokens under the reference, nats. */
  readonly reference?: { readonly chosen: number; readonly rejected: number };
}

/** B pairs as 2B rows: row i is a chosen answer, row B + i its rejected one. */
export interface PairBatch {
  readonly tokens: TokenBatch;
  readonly pairs: number;
  /** Reference log-probabilities [2B] in the order of the rows, when all pairs have them. */
  readonly reference?: Float32Array;
  /** True lengths [2B]: the last token that is not padding is at length - 1. */
  readonly lengths: Int32Array;
}

/** The batch of some pairs. */
export function pairBatch(pairs: readonly EncodedPair[]): PairBatch {
  const rows = [...pairs.map((p) => p.chosen), ...pairs.map((p) => p.rejected)];
  const known = pairs.every((p) => p.reference !== undefined);
  return {
    tokens: padRows(rows),
    pairs: pairs.length,
    lengths: Int32Array.from(rows, (r) => r.ids.length),
    ...(known
      ? {
          reference: Float32Array.from([
            ...pairs.map((p) => p.reference!.chosen),
            ...pairs.map((p) => p.reference!.rejected),
          ]),
        }
      : {}),
  };
}
