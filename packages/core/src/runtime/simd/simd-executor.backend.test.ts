import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { chooseBackend } from '../../backends/choose.ts';
import { registerSimdBackend } from '../../backends/simd/register.ts';
import { loadModel } from '../../models/load-model.ts';
import { embeddedModel, executorContract, rowBehind } from '../contract.ts';

const heapOf = () => (tf.backend() as unknown as { machine: { heap: { liveBytes: number } } }).machine.heap;

executorContract(
  'simd',
  async () => {
    await registerSimdBackend({ threads: 2 });
    await chooseBackend('simd');
    const fused = await loadModel(embeddedModel);
    const oracle = await loadModel(embeddedModel, { executor: 'composite' });
    return {
      fused,
      oracle,
      expected: (ids) => rowBehind(oracle, ids),
      async dispose() {
        fused.dispose();
        oracle.dispose();
        await tf.setBackend('cpu');
      },
    };
  },
  { twin: 2e-3, itself: 1e-3, runs: 12 },
  () => {
    it('leaves nothing on the heap', async () => {
      const cycle = async () => {
        const own = await loadModel(embeddedModel);
        await rowBehind(
          own,
          Array.from({ length: 40 }, (_, i) => i),
        );
        own.dispose();
      };
      await cycle();
      const bytes = heapOf().liveBytes;
      await cycle();
      expect(heapOf().liveBytes).toBe(bytes);
    });

    it('a cache in fewer bits takes a half and about a quarter of the memory', async () => {
      const taken = async (dtype: 'float32' | 'float16' | 'int8') => {
        using own = await loadModel(embeddedModel, { cache: { dtype } });
        const before = heapOf().liveBytes;
        await rowBehind(
          own,
          Array.from({ length: 90 }, (_, i) => i),
        );
        return heapOf().liveBytes - before;
      };
      const [full, half, quarter] = [await taken('float32'), await taken('float16'), await taken('int8')];
      expect(half / full).toBeCloseTo(0.5, 1);
      expect(quarter / full).toBeLessThan(0.35);
    });
  },
);
