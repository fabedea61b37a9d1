import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseBackend } from '../../backends/choose.ts';
import { registerSimdBackend } from '../../backends/simd/register.ts';
import { loadModel } from '../../models/load-model.ts';
import type { Model } from '../../models/model.ts';

// Parity of the fused executor with the composite path on the embedded model (F16 weights: no rounding of activations).
const place = join(dirname(fileURLToPath(import.meta.url)), '../../../../../models/stories');
let fused: Model;
let composite: Model;

const last = async (model: Model, ids: readonly number[]): Promise<Float32Array> => {
  using sequence = model.newSequence();
  const [row] = await model.step([{ sequence, ids }]);
  return row;
};
const close = (a: Float32Array, b: Float32Array, tolerance = 2e-3) => {
  expect(a.length).toBe(b.length);
  let worst = 0;
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i] - b[i]));
  expect(worst).toBeLessThan(tolerance);
};

beforeAll(async () => {
  await registerSimdBackend({ threads: 2 });
  await chooseBackend('simd');
  fused = await loadModel(place);
  composite = await loadModel(place, { executor: 'composite' });
});
afterAll(async () => {
  fused.dispose();
  composite.dispose();
  await tf.setBackend('cpu');
});

describe('the simd executor', () => {
  it('is what loadModel takes on simd, unless composite is asked for', () => {
    expect(existsSync(place)).toBe(true);
    expect([fused.executor, composite.executor]).toEqual(['simd', 'composite']);
    expect(fused.weightBytes).toBeLessThan(composite.weightBytes * 0.6);
  });

  it('answers the composite logits, whatever the prompt', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.nat(1023), { minLength: 1, maxLength: 70 }), async (ids) => {
        close(await last(fused, ids), await last(composite, ids));
      }),
      { numRuns: 12 },
    ));

  it('gives the same logits however a prompt is cut into steps', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(1023), { minLength: 2, maxLength: 50 }),
        fc.nat(48),
        async (ids, at) => {
          const cut = 1 + (at % (ids.length - 1));
          using sequence = fused.newSequence();
          await fused.step([{ sequence, ids: ids.slice(0, cut) }]);
          const [row] = await fused.step([{ sequence, ids: ids.slice(cut) }]);
          close(row, await last(fused, ids), 1e-3);
        },
      ),
      { numRuns: 20 },
    ));

  it('gives each sequence of a batch what it would get alone, prompts of unequal lengths included', async () => {
    const prompts = [[1, 2, 3], [7], [5, 6, 7, 8, 9, 10, 11]];
    const sequences = prompts.map(() => fused.newSequence());
    const rows = await fused.step(prompts.map((ids, i) => ({ sequence: sequences[i], ids })));
    for (const [i, ids] of prompts.entries()) close(rows[i], await last(fused, ids), 1e-3);
    for (const sequence of sequences) sequence.dispose();
  });

  it('a fork goes on without disturbing its parent, and a snapshot restores', async () => {
    using parent = fused.newSequence();
    await fused.step([{ sequence: parent, ids: [1, 2, 3, 4, 5] }]);
    using child = parent.fork();
    await fused.step([{ sequence: child, ids: [9, 9, 9] }]);
    using again = fused.restoreSequence(await parent.snapshot());
    const [expected] = await fused.step([{ sequence: parent, ids: [6] }]);
    const [restored] = await fused.step([{ sequence: again, ids: [6] }]);
    close(restored, expected, 1e-6);
    close(expected, await last(fused, [1, 2, 3, 4, 5, 6]), 1e-3);
  });

  it('hooks and forward see the same weights', async () => {
    const logits = fused.forward([1, 2, 3]);
    const all = (await logits.data()) as Float32Array;
    logits.dispose();
    close(all.slice(2 * fused.vocabSize), await last(composite, [1, 2, 3]));
  });

  it('a parameter that is set is used', async () => {
    const own = await loadModel(place);
    const before = await last(own, [1, 2, 3]);
    const norm = own.parameters.get('finalNorm.weight') as tf.Tensor;
    own.setParameter('finalNorm.weight', tf.zerosLike(norm));
    const after = await last(own, [1, 2, 3]);
    expect(Math.max(...after.map(Math.abs))).toBe(0);
    expect(Math.max(...before.map(Math.abs))).toBeGreaterThan(0);
    own.dispose();
  });

  it('leaves nothing behind', async () => {
    const { heap } = (tf.backend() as unknown as { machine: { heap: { liveBytes: number } } }).machine;
    const cycle = async () => {
      const own = await loadModel(place);
      await last(
        own,
        Array.from({ length: 40 }, (_, i) => i),
      );
      own.dispose();
    };
    await cycle();
    const [bytes, tensors] = [heap.liveBytes, tf.memory().numTensors];
    await cycle();
    expect([heap.liveBytes, tf.memory().numTensors]).toEqual([bytes, tensors]);
  });
});

describe('the cache in fewer bits', () => {
  const ids = Array.from({ length: 90 }, (_, i) => (i * 37 + 11) % 1000);
  it.each([
    ['float16', 2e-2],
    ['int8', 0.5],
  ] as const)(
    '%s: logits stay near those of float32, over pages, forks and snapshots',
    async (dtype, tolerance) => {
      using own = await loadModel(place, { cache: { dtype } });
      const expected = await last(fused, [...ids, 5]);
      using sequence = own.newSequence();
      const [prompt] = await own.step([{ sequence, ids }]);
      close(prompt, await last(fused, ids), tolerance);
      using child = sequence.fork();
      using again = own.restoreSequence(await sequence.snapshot());
      const rows = await own.step([sequence, child, again].map((s) => ({ sequence: s, ids: [5] })));
      for (const row of rows) close(row, expected, tolerance);
      close(rows[1], rows[0], 1e-4);
      close(rows[2], rows[0], dtype === 'int8' ? 1e-2 : 1e-4);
    },
  );

  it('takes a half and about a quarter of the memory', async () => {
    const { heap } = (tf.backend() as unknown as { machine: { heap: { liveBytes: number } } }).machine;
    const taken = async (dtype: 'float32' | 'float16' | 'int8') => {
      using own = await loadModel(place, { cache: { dtype } });
      const before = heap.liveBytes;
      await last(own, ids);
      return heap.liveBytes - before;
    };
    const [full, half, quarter] = [await taken('float32'), await taken('float16'), await taken('int8')];
    expect(half / full).toBeCloseTo(0.5, 1);
    expect(quarter / full).toBeLessThan(0.35);
  });

  it('is refused where nothing would heed it', async () => {
    await expect(loadModel(place, { executor: 'composite', cache: { dtype: 'int8' } })).rejects.toThrow(
      /dtype: expected float32/,
    );
    await expect(loadModel(place, { cache: { dtype: 'int4' as 'int8' } })).rejects.toThrow(
      /dtype: expected float32, float16 or int8/,
    );
  });
});
