import type { BlockDtype, GroupDtype } from '../weight-file.ts';

/** How a packed type stores its values. */
export interface BlockFormat {
  /** Values a block. */
  readonly blockSize: number;
  /** Bytes a block. */
  readonly bytesPerBlock: number;
}

const blocks: Readonly<Record<BlockDtype, BlockFormat>> = {
  Q4_0: { blockSize: 32, bytesPerBlock: 18 },
  Q4_1: { blockSize: 32, bytesPerBlock: 20 },
  Q5_0: { blockSize: 32, bytesPerBlock: 22 },
  Q5_1: { blockSize: 32, bytesPerBlock: 24 },
  Q8_0: { blockSize: 32, bytesPerBlock: 34 },
  Q2_K: { blockSize: 256, bytesPerBlock: 84 },
  Q3_K: { blockSize: 256, bytesPerBlock: 110 },
  Q4_K: { blockSize: 256, bytesPerBlock: 144 },
  Q5_K: { blockSize: 256, bytesPerBlock: 176 },
  Q6_K: { blockSize: 256, bytesPerBlock: 210 },
  IQ4_NL: { blockSize: 32, bytesPerBlock: 18 },
  IQ4_XS: { blockSize: 256, bytesPerBlock: 136 },
  MXFP4: { blockSize: 32, bytesPerBlock: 17 },
  TQ1_0: { blockSize: 256, bytesPerBlock: 54 },
  TQ2_0: { blockSize: 256, bytesPerBlock: 66 },
};

/** Names of ggml's block types that can be dequantised. */
export const blockDtypes = Object.keys(blocks) as readonly BlockDtype[];

/** Values and bytes of a block of a packed type. Throws `TypeError` for a name that is none. */
export function blockFormat(dtype: BlockDtype | GroupDtype): BlockFormat {
  if (isBlockDtype(dtype)) return blocks[dtype];
  const blockSize = groupSize(dtype);
  if (blockSize === undefined) throw new TypeError(`dtype: expected a block type, got ${dtype}`);
  return { blockSize, bytesPerBlock: blockSize + 4 };
}

/** True for one of ggml's block types that can be dequantised. */
export function isBlockDtype(dtype: string): dtype is BlockDtype {
  return Object.hasOwn(blocks, dtype);
}

/** The group size of `Q8_G64` and its like: a power of two up to 4096; undefined for another name. */
export function groupSize(dtype: string): number | undefined {
  const size = Number(/^Q8_G(\d{1,4})$/.exec(dtype)?.[1]);
  return size >= 1 && size <= 4096 && (size & (size - 1)) === 0 ? size : undefined;
}
