import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { OutOfMemoryError } from '../backends/errors.ts';
import { parseModelConfig } from '../models/config.ts';
import { loadModel } from '../models/load-model.ts';
import { openCheckpoint } from '../weights/open-checkpoint.ts';
import { tinyConfig } from '../weights/tiny-checkpoint.ts';
import { estimateMemory, formatBytes } from './estimate-memory.ts';

const goldens = fileURLToPath(new URL('../../../../../shared/goldens/models/', import.meta.url));
const families = [
  'llama',
  'gpt2',
  'gemma',
  'gemma3',
  'qwen3',
  'phi',
  'phi3',
  'olmo2',
  'bloom',
  'opt',
  'gpt-neox',
  'starcoder2',
];

beforeAll(() => tf.setBackend('cpu'));

describe.skipIf(!existsSync(goldens))(
  'estimateMemory against tf.memory (goldens; skipped when absent)',
  () => {
    it.each(families)('%s: weights exactly, activations an upper bound within 2.5', async (name) => {
      const before = tf.memory().numBytes;
      const model = await loadModel(goldens + name, { backend: 'cpu' });
      const loaded = tf.memory().numBytes;
      const tokens = 96;
      const estimate = estimateMemory(model.config, { contextTokens: tokens });
      expect(loaded - before).toBe(estimate.weights);
      let logits: tf.Tensor | undefined;
      const { peakBytes } = await tf.profile(() => {
        logits = model.forward(Array.from({ length: tokens }, (_, i) => (i * 7) % 300));
        return logits;
      });
      const measured = peakBytes - loaded;
      expect(estimate.activations / measured).toBeGreaterThan(1);
      expect(estimate.activations / measured).toBeLessThan(2.5);
      logits?.dispose();
      model.dispose();
    });

    it('stored weights are counted as they are packed', async () => {
      const checkpoint = await openCheckpoint(`${goldens}gguf-llama-q40`);
      const config = parseModelConfig(checkpoint.config);
      const packed = estimateMemory(config, { stored: checkpoint.weights }).weights;
      expect(estimateMemory(config).weights / packed).toBeGreaterThan(6);
      await checkpoint.close();
    });
  },
);

describe('estimateMemory', () => {
  const config = parseModelConfig(tinyConfig);

  it('the cache grows with tokens and sequences, in whole pages', () => {
    const cache = (contextTokens: number, batch: number) =>
      estimateMemory(config, { contextTokens, batch }).kvCache;
    expect(cache(1, 1)).toBe(2 * 2 * 2 * 8 * 32 * 4);
    expect(cache(33, 1)).toBe(2 * cache(32, 1));
    expect(cache(32, 3)).toBe(3 * cache(32, 1));
  });

  it('says need and room when it does not fit', () => {
    expect(() => estimateMemory(config, { room: 1000 })).toThrow(OutOfMemoryError);
    expect(() => estimateMemory(config, { room: 1000 })).toThrow(
      /expected at most 1000 B, need [\d.]+ [KM]iB \(weights/,
    );
    const { total } = estimateMemory(config);
    expect(estimateMemory(config, { room: total }).total).toBe(total);
  });

  it('refuses options out of range and unknown ones', () => {
    expect(() => estimateMemory(config, { batch: 0 })).toThrow(RangeError);
    expect(() => estimateMemory(config, { context: 5 } as object)).toThrow(TypeError);
  });

  it('formats bytes', () => {
    expect([0, 1023, 1024, 1536, 98 * 2 ** 20, 3.5 * 2 ** 40].map(formatBytes)).toEqual([
      '0 B',
      '1023 B',
      '1.00 KiB',
      '1.50 KiB',
      '98.0 MiB',
      '3.50 TiB',
    ]);
  });
});
