import type { Clock } from './clocks.ts';

/** GB/s, read and written together, of one thread that copies 256 MB. The best of seven. */
export function memoryBandwidth(clock: Clock): number {
  const from = new Float64Array(32 << 20).fill(1.5);
  const to = new Float64Array(32 << 20);
  to.set(from);
  let best = 0;
  for (let i = 0; i < 7; i++) {
    const start = clock();
    to.set(from);
    best = Math.max(best, (2 * from.byteLength) / (clock() - start) / 1e9);
  }
  return best;
}
