// The converter's changes in its own direction, for the writer: Hugging Face rows into ggml's order. The inverse of `restore.ts`.
import type { HeadSizes } from './restore.ts';
import type { Change } from './tensor-names.ts';

/** For a row of the ggml tensor, the row of the Hugging Face tensor; undefined when the order is the same. */
export function sourceRow(
  change: Change | undefined,
  rows: number,
  sizes: HeadSizes,
): ((row: number) => number) | undefined {
  const { heads, keyValueHeads, headSize } = sizes;
  if (change === 'pairwise-query' || change === 'pairwise-key') {
    const size = rows / (change === 'pairwise-query' ? heads : keyValueHeads);
    return (row) => {
      const inHead = row % size;
      return row - inHead + (inHead % 2) * (size / 2) + Math.floor(inHead / 2);
    };
  }
  if (change === 'heads-first')
    return (row) => {
      const part = Math.floor(row / (heads * headSize));
      const head = Math.floor(row / headSize) % heads;
      return (head * 3 + part) * headSize + (row % headSize);
    };
  return undefined;
}
