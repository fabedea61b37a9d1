// Stored blocks of random weights, for tests of kernels.
import { toBrainBits, toHalfBits } from '../../weights/quantization/half.ts';
import type { StoredDtype } from '../../weights/weight-file.ts';
import type { WeightKind } from './weight-kind.ts';

/** Where a block's binary16 fields lie. */
export const blockHalves: Partial<Record<StoredDtype, readonly number[]>> = {
  F16: [0],
  Q8_0: [0],
  Q4_0: [0],
  Q4_1: [0, 2],
  Q5_0: [0],
  Q5_1: [0, 2],
  Q4_K: [0, 2],
  Q5_K: [0, 2],
  Q6_K: [208],
};

/** Random blocks with scales of a size that leaves the values near one. */
export function randomBlocks(dtype: StoredDtype, kind: WeightKind, count: number, seed: number): Uint8Array {
  let state = seed | 1;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const blocks = count / kind.block;
  const bytes = new Uint8Array(blocks * kind.blockBytes);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < bytes.length; i++) bytes[i] = next() * 256;
  for (let b = 0; b < blocks; b++) {
    const at = b * kind.blockBytes;
    if (dtype === 'F32') view.setFloat32(at, next() - 0.5, true);
    if (dtype === 'BF16') view.setUint16(at, toBrainBits(next() - 0.5), true);
    for (const field of blockHalves[dtype] ?? [])
      view.setUint16(at + field, toHalfBits((next() - 0.5) / 64), true);
  }
  return bytes;
}
