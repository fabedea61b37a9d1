// Which kernels a device gets, by the sizes of a product. The figures behind the choices for GPUs were measured on an H200 (bench/RESULTS.md): below some hundred
// thousand threads a pass waits for memory's latency and not for its bandwidth, so outputs are shared out until there are enough.
import { type GemmTile, type GemvTuning, tileBytes } from './kernels/linear.ts';

/** A product's sizes: rows of x, the name of the weights' kind, eights of columns, rows of weights that make one output (gate and up: 2), outputs. */
export interface ProductSize {
  readonly rows: number;
  readonly kind: string;
  readonly eights: number;
  readonly each: 1 | 2;
  readonly outputs: number;
}

/** The choice. */
export interface LinearTuning {
  /** Up to this many rows a workgroup makes a few outputs of a few rows; above, tiles. */
  readonly fewRows: number;
  /** For few rows a norm in front of a product is made by the product itself. */
  readonly fuseNorm: boolean;
  /** Threads of attention, which are the keys of a tile. */
  readonly attendThreads: number;
  gemv(size: ProductSize): GemvTuning & { readonly rowsAtATime: number };
  tile(size: ProductSize): GemmTile;
}

const enough = 260_000;
const tiles: readonly GemmTile[] = [
  { rows: 128, outputs: 64 },
  { rows: 64, outputs: 64 },
  { rows: 64, outputs: 32 },
  { rows: 32, outputs: 32 },
];

/** For GPUs. */
export const gpuTuning: LinearTuning = {
  fewRows: 16,
  fuseNorm: true,
  attendThreads: 128,
  gemv({ rows, eights, each, outputs }) {
    const rowsAtATime = rows === 1 ? 1 : rows === 2 ? 2 : rows <= 4 ? 4 : 8;
    // Two outputs and 64 threads beat wider groups for eight rows: 33 against 47 us a product of the 1B shape.
    if (rowsAtATime > 2) return { rowsAtATime, threads: 64, outputs: 2 };
    const rounds = Math.ceil(eights / 256);
    const threads = Math.ceil(Math.ceil(eights / rounds) / 32) * 32;
    let own = each === 2 ? 2 : 4;
    while (own > 1 && (outputs / own) * threads < enough) own /= 2;
    return { rowsAtATime, threads, outputs: own, unroll: rowsAtATime === 1 ? 4 : 2 };
  },
  tile({ rows, each, outputs }) {
    const fits = tiles.filter((tile) => rows > 32 || tile.rows === 32);
    const groups = (tile: GemmTile) =>
      Math.ceil(rows / tile.rows) * Math.ceil((outputs * each) / tile.outputs);
    return fits.find((tile) => groups(tile) >= 264) ?? (fits.at(-1) as GemmTile);
  },
};

/** For GPUs that are programs: few threads with much work each; tiles take seconds to compile there and gain nothing. */
export const softwareTuning: LinearTuning = {
  fewRows: Number.POSITIVE_INFINITY,
  fuseNorm: false,
  attendThreads: 32,
  gemv: ({ rows }) => ({ rowsAtATime: rows === 1 ? 1 : 8, threads: 4, outputs: 8 }),
  tile: gpuTuning.tile,
};

/** `tuning` whose tiles fit into `bytes` of workgroup memory; every device has the 16384 that the smaller ones take. */
export const tilesWithin = (tuning: LinearTuning, bytes: number): LinearTuning => ({
  ...tuning,
  tile(size) {
    const wanted = tuning.tile(size);
    if (tileBytes(wanted) <= bytes) return wanted;
    return tiles.find((tile) => tileBytes(tile) <= bytes) ?? (tiles.at(-1) as GemmTile);
  },
});
