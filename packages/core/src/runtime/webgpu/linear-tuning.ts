// Which kernel a linear layer gets for how many rows, by the device.
import type { GemvTuning } from './kernels/linear.ts';

/** The choice. */
export interface LinearTuning {
  /** Up to this many rows a workgroup makes a few outputs of a few rows; above, tiles. */
  readonly fewRows: number;
  gemv(rows: number): GemvTuning & { readonly rowsAtATime: number };
}

/** For GPUs: every weight is read once for up to eight rows. */
export const gpuTuning: LinearTuning = {
  fewRows: 8,
  gemv(rows) {
    const rowsAtATime = rows === 1 ? 1 : rows === 2 ? 2 : rows <= 4 ? 4 : 8;
    return { rowsAtATime, threads: 64, outputs: rowsAtATime <= 2 ? 4 : 2 };
  },
};

/** For GPUs that are programs: few threads with much work each; tiles take seconds to compile there and gain nothing. */
export const softwareTuning: LinearTuning = {
  fewRows: Number.POSITIVE_INFINITY,
  gemv: (rows) => ({ rowsAtATime: rows === 1 ? 1 : 8, threads: 4, outputs: 8 }),
};
