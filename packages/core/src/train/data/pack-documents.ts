// Best-fit-decreasing packing (Ding et al. 2024, arXiv 2404.10830; TRL's `bfd`): documents sorted by length, each into the fullest row that still has room, so that little is
// padding and no document is cut that fits in a row.
import { ignoredLabel, type TokenBatch, type TokenRow } from '../token-batch.ts';

/**
 * Which documents share a row: indices of `lengths`, longest first in each row, so that no row exceeds `capacity`.
 *
 * A document longer than a row is an error: cut it first (`splitDocument`).
 *
 * @example
 * ```ts
 * import { packDocuments } from '@ashlar/core';
 * packDocuments([3, 4, 1], 4) // => [[1], [0, 2]]
 * ```
 */
export function packDocuments(lengths: readonly number[], capacity: number): number[][] {
  if (!(Number.isInteger(capacity) && capacity > 0))
    throw new RangeError(`capacity: expected a positive integer, got ${capacity}`);
  const order = lengths.map((_, i) => i).sort((i, j) => lengths[j] - lengths[i] || i - j);
  // roomy[r]: rows with exactly r tokens of room, in the order in which they got there
  const roomy: number[][] = Array.from({ length: capacity + 1 }, () => []);
  const rows: number[][] = [];
  for (const i of order) {
    const length = lengths[i];
    if (!(length >= 1 && length <= capacity))
      throw new RangeError(`lengths[${i}]: expected 1 to ${capacity}, got ${length}`);
    let room = length;
    while (room <= capacity && roomy[room].length === 0) room++;
    if (room > capacity) {
      rows.push([i]);
      roomy[capacity - length].push(rows.length - 1);
    } else {
      const row = roomy[room].shift()!;
      rows[row].push(i);
      roomy[room - length].push(row);
    }
  }
  return rows;
}

/** A document cut into pieces of at most `capacity` tokens, in order. */
export function splitDocument(row: TokenRow, capacity: number): TokenRow[] {
  const ids = Array.from(row.ids);
  const mask = row.mask === undefined ? undefined : Array.from(row.mask);
  const pieces: TokenRow[] = [];
  for (let at = 0; at < ids.length; at += capacity)
    pieces.push({
      ids: ids.slice(at, at + capacity),
      ...(mask === undefined ? {} : { mask: mask.slice(at, at + capacity) }),
    });
  return pieces;
}

/** Packed rows as a batch with document numbers and restarting positions; the first token of a document is not predicted. */
export function packedBatch(
  documents: readonly TokenRow[],
  rows: readonly (readonly number[])[],
  length: number,
  paddingId = 0,
): TokenBatch {
  const size = rows.length * length;
  const ids = new Int32Array(size).fill(paddingId);
  const labels = new Int32Array(size).fill(ignoredLabel);
  const positions = new Int32Array(size);
  const numbers = new Int32Array(size).fill(-1);
  rows.forEach((row, r) => {
    let at = r * length;
    row.forEach((index, number) => {
      const document = documents[index];
      for (let t = 0; t < document.ids.length; t++, at++) {
        ids[at] = document.ids[t];
        positions[at] = t;
        numbers[at] = number;
        if (t > 0 && (document.mask === undefined || document.mask[t] !== 0)) labels[at] = document.ids[t];
      }
    });
    if (at > (r + 1) * length) throw new RangeError(`rows[${r}]: expected at most ${length} tokens`);
  });
  return { rows: rows.length, length, ids, labels, positions, documents: numbers };
}
