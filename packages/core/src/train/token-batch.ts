// Rows of tokens for training. Labels stand at the position of the token they name; the one shift by which position t - 1 predicts token t happens in
// token-log-probs.ts and nowhere else.

/** Label of a token that is not learned. */
export const ignoredLabel = -100;

/** `rows` x `length` tokens, row-major. */
export interface TokenBatch {
  readonly rows: number;
  readonly length: number;
  readonly ids: Int32Array;
  /** The id to predict at its own position, or {@link ignoredLabel}. The first token of a row or document is never predicted. */
  readonly labels: Int32Array;
  /** Packed rows only: the position of each token in its own document. */
  readonly positions?: Int32Array;
  /** Packed rows only: which document of its row a token belongs to; tokens see only their own, -1 is padding. */
  readonly documents?: Int32Array;
}

/** A row before batching: ids and which of them are learned (default all). */
export interface TokenRow {
  readonly ids: ArrayLike<number>;
  /** 1: learned, 0: not; for chat, the assistant's tokens. */
  readonly mask?: ArrayLike<number>;
}

const isList = (ids: unknown): boolean => Array.isArray(ids) || ArrayBuffer.isView(ids);

/** Rows padded on the right to the longest (or `length`), which no earlier token sees. Longer rows are cut. */
export function padRows(rows: readonly TokenRow[], length?: number, paddingId = 0): TokenBatch {
  if (!Array.isArray(rows))
    throw new TypeError(`rows: expected a list of { ids, mask? }, got ${typeof rows}`);
  if (rows.length === 0) throw new RangeError('rows: expected at least one, got none');
  rows.forEach((row: unknown, r) => {
    if (typeof row !== 'object' || row === null || !isList((row as TokenRow).ids))
      throw new TypeError(
        `row ${r}: expected { ids, mask? }, got ${Array.isArray(row) ? 'a list' : typeof row}`,
      );
    // What comes along from a data set under other names is told to be in vain: labels are made from the mask.
    const stray = Object.keys(row).find((name) => name !== 'ids' && name !== 'mask');
    if (stray !== undefined) throw new TypeError(`row ${r}: unknown field ${stray}, expected ids and mask`);
  });
  const width = length ?? Math.max(...rows.map((r) => r.ids.length));
  const ids = new Int32Array(rows.length * width).fill(paddingId);
  const labels = new Int32Array(rows.length * width).fill(ignoredLabel);
  rows.forEach((row, r) => {
    if (row.mask !== undefined && row.mask.length !== row.ids.length)
      throw new RangeError(`mask of row ${r}: expected ${row.ids.length} entries, got ${row.mask.length}`);
    for (let t = 0; t < Math.min(width, row.ids.length); t++) {
      ids[r * width + t] = row.ids[t];
      if (row.mask === undefined || row.mask[t] !== 0) labels[r * width + t] = row.ids[t];
    }
  });
  return { rows: rows.length, length: width, ids, labels };
}

/** True where token (row, t) is predicted from the one before it. */
export function isSupervised(batch: TokenBatch, row: number, t: number): boolean {
  const at = row * batch.length + t;
  if (t === 0 || batch.labels[at] < 0) return false;
  return batch.documents === undefined || batch.documents[at] === batch.documents[at - 1];
}

/** How many tokens of the batch are predicted: the denominator of a token mean. */
export function countSupervised(batch: TokenBatch): number {
  let count = 0;
  for (let r = 0; r < batch.rows; r++)
    for (let t = 1; t < batch.length; t++) if (isSupervised(batch, r, t)) count++;
  return count;
}
