// The compute roof: multiply-adds a second of the blocked product alone, 256 tokens by 1536 x 576 weights that stay in cache, by `clock`; with activations of 8 bits;
// and of the float32 product of the same sizes.

import type { VectorWidth } from '../../packages/core/src/backends/simd/compile-kernels.ts';
import { startMachine } from '../../packages/core/src/backends/simd/machine.ts';
import { byteActivations, instruction, linearKinds } from '../../packages/core/src/backends/simd/program.ts';
import { groupLayouts, panelBytes } from '../../packages/core/src/runtime/simd/packed-layout.ts';
import type { Clock } from './clocks.ts';

const [tokens, rows, columns] = [256, 1536, 576];

/** 1e9 multiply-adds a second, the best of several runs. */
export async function kernelPeak(
  threads: number,
  clock: Clock,
  width: VectorWidth = 128,
): Promise<{ packed: number; bytes: number; float: number }> {
  const machine = await startMachine({ threads, width });
  const { heap } = machine;
  const take = (bytes: number) => {
    const at = heap.allocate(bytes);
    new Uint8Array(heap.memory.buffer, at, bytes).fill(0x33);
    return at;
  };
  const [weights, floats] = [
    take((rows / 8) * (columns / 32) * groupLayouts.Q4.bytes),
    take(rows * columns * 4),
  ];
  const [x, q, scales, sums] = [
    take(tokens * columns * 4),
    take(tokens * columns * 2),
    take(tokens * columns),
    take(tokens * columns),
  ];
  const y = take(tokens * rows * 4);
  const [panel, gemm, gemmBytes] = [take(threads * panelBytes), take(threads * 280_000), 280_000];
  const best = (words: readonly number[]) => {
    let seconds = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 12; i++) {
      const start = clock();
      machine.run(words);
      seconds = Math.min(seconds, clock() - start);
    }
    return (tokens * rows * columns) / seconds / 1e9;
  };
  machine.run(instruction('quantize', [x, tokens, columns, q, scales, sums]));
  const sources = [linearKinds.Q4, weights, x, q, scales, sums];
  const packed = best(
    instruction('linear', [...sources, y, rows, tokens, columns, rows, 0, panel, panelBytes]),
  );
  machine.run(instruction('quantizeBytes', [x, tokens, columns, q, scales]));
  const eight = [linearKinds.Q4 + byteActivations, weights, x, q, scales, 0];
  const bytes = best(instruction('linear', [...eight, y, rows, tokens, columns, rows, 0, panel, panelBytes]));
  const shape = [tokens, columns, rows, 0, 1, 1, 0, 0, 0];
  const float = best(instruction('gemm', [x, floats, y, ...shape, 0, gemm, gemmBytes]));
  machine.dispose();
  return { packed, bytes, float };
}
