import { BackendUnavailableError, chooseBackend, generate, loadModel } from '@ashlar/core';
import { loadTokenizer } from '@ashlar/tokenizer';
import wasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { embeddedStory } from './embedded-story.ts';

const stories = '/models/stories';
const wasmPath = wasmUrl.slice(0, wasmUrl.lastIndexOf('/') + 1);

describe('in a page', () => {
  it('is cross-origin isolated, so that threads may share memory', () => {
    expect(globalThis.crossOriginIsolated).toBe(true);
  });

  it.each(['cpu', 'wasm', 'simd', 'webgl', 'webgpu'] as const)(
    'backend %s starts and multiplies',
    async (name) => {
      const chosen = await chooseBackend(name, { wasmPath, allowSoftwareGpu: true });
      expect(tf.getBackend()).toBe(chosen.name);
      const product = tf.matMul(tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.tensor2d([0, 1, 1, 0], [2, 2]));
      expect([...(await product.data())]).toEqual([2, 1, 4, 3]);
      chosen.check();
    },
  );

  it('the embedded model tells it from a worker of its own, on simd', async () => {
    using model = await loadModel(new URL(stories, location.href), { backend: 'simd', worker: true });
    expect([model.backend, model.executor]).toEqual(['simd', 'simd']);
    const codec = await loadTokenizer(model.assets);
    let text = '';
    for await (const step of generate(model, 'Once upon a time', { codec, maxNewTokens: 12 }))
      text += step.text;
    expect(text).toBe(embeddedStory);
  });

  it.each(['simd', 'webgl', 'wasm'] as const)(
    'the embedded model tells the same story on %s as in Node',
    async (name) => {
      await chooseBackend(name, { wasmPath });
      const model = await loadModel(new URL(stories, location.href));
      const codec = await loadTokenizer(model.assets);
      let text = '';
      for await (const step of generate(model, 'Once upon a time', { codec, maxNewTokens: 12 }))
        text += step.text;
      model.dispose();
      expect(text).toBe(embeddedStory);
    },
  );

  it('the embedded model tells the same story on the webgpu executor as in Node', async () => {
    await chooseBackend('webgpu', { allowSoftwareGpu: true });
    const model = await loadModel(new URL(stories, location.href));
    expect(model.executor).toBe('webgpu');
    const codec = await loadTokenizer(model.assets);
    let text = '';
    for await (const step of generate(model, 'Once upon a time', { codec, maxNewTokens: 12 }))
      text += step.text;
    expect(text).toBe(embeddedStory);
    model.dispose();
  });

  it('a worker of its own has the webgpu executor, and sends the largest logits where they are enough', async () => {
    const options = { cache: { dtype: 'int8' as const }, backendOptions: { allowSoftwareGpu: true } };
    using away = await loadModel(new URL(stories, location.href), {
      ...options,
      backend: 'webgpu',
      worker: true,
    });
    expect([away.backend, away.executor]).toEqual(['webgpu', 'webgpu']);
    const requests = () => [5, 9].map((id) => ({ sequence: away.newSequence(), ids: [id, 2, 3] }));
    const [row, whole] = await away.step(requests());
    const [few, all] = await away.readStep(
      requests().map((request, i) => ({ ...request, read: { count: 3, enough: () => i === 0 } })),
    );
    const best = Array.from(row.keys())
      .sort((a, b) => row[b] - row[a] || a - b)
      .slice(0, 3);
    if (few === undefined || few instanceof Float32Array) throw new TypeError('expected three logits');
    expect([...few.ids]).toEqual(best);
    for (const [i, id] of best.entries()) expect(few.logits[i]).toBeCloseTo(row[id], 3);
    expect(all).toBeInstanceOf(Float32Array);
    for (const [i, value] of (all as Float32Array).entries()) expect(value).toBeCloseTo(whole[i], 3);
  });

  it('the tensorflow backend says that it runs in Node only', async () => {
    await expect(chooseBackend('tensorflow')).rejects.toThrow(BackendUnavailableError);
  });
});
