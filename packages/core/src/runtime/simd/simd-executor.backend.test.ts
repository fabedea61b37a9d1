import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { chooseBackend } from '../../backends/choose.ts';
import { registerSimdBackend } from '../../backends/simd/register.ts';
import { loadModel } from '../../models/load-model.ts';
import { embeddedModel, executorContract, expectClose, rowBehind } from '../contract.ts';

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
  (sides) => {
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

    describe('the cache in fewer bits', () => {
      const ids = Array.from({ length: 90 }, (_, i) => (i * 37 + 11) % 1000);
      it.each([
        ['float16', 2e-2],
        ['int8', 0.5],
      ] as const)(
        '%s: logits stay near those of float32, over pages, forks and snapshots',
        async (dtype, tolerance) => {
          using own = await loadModel(embeddedModel, { cache: { dtype } });
          const { fused } = sides();
          const expected = await rowBehind(fused, [...ids, 5]);
          using sequence = own.newSequence();
          const [prompt] = await own.step([{ sequence, ids }]);
          expectClose(prompt, await rowBehind(fused, ids), tolerance);
          using child = sequence.fork();
          using again = own.restoreSequence(await sequence.snapshot());
          const rows = await own.step([sequence, child, again].map((s) => ({ sequence: s, ids: [5] })));
          for (const row of rows) expectClose(row, expected, tolerance);
          expectClose(rows[1], rows[0], 1e-4);
          expectClose(rows[2], rows[0], dtype === 'int8' ? 1e-2 : 1e-4);
        },
      );

      it('takes a half and about a quarter of the memory', async () => {
        const taken = async (dtype: 'float32' | 'float16' | 'int8') => {
          using own = await loadModel(embeddedModel, { cache: { dtype } });
          const before = heapOf().liveBytes;
          await rowBehind(own, ids);
          return heapOf().liveBytes - before;
        };
        const [full, half, quarter] = [await taken('float32'), await taken('float16'), await taken('int8')];
        expect(half / full).toBeCloseTo(0.5, 1);
        expect(quarter / full).toBeLessThan(0.35);
      });

      it('is refused where nothing would heed it', async () => {
        await expect(
          loadModel(embeddedModel, { executor: 'composite', cache: { dtype: 'int8' } }),
        ).rejects.toThrow(/dtype: expected float32/);
        await expect(loadModel(embeddedModel, { cache: { dtype: 'int4' as 'int8' } })).rejects.toThrow(
          /dtype: expected float32, float16 or int8/,
        );
      });
    });
  },
);
