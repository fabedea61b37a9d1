import { BackendUnavailableError, chooseBackend } from '@ashlar/core';
import wasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';

const wasmPath = wasmUrl.slice(0, wasmUrl.lastIndexOf('/') + 1);

describe('in a page', () => {
  it('is cross-origin isolated, so that threads may share memory', () => {
    expect(globalThis.crossOriginIsolated).toBe(true);
  });

  it.each(['cpu', 'wasm', 'webgpu'] as const)('backend %s starts and multiplies', async (name) => {
    const chosen = await chooseBackend(name, { wasmPath, allowSoftwareGpu: true });
    expect(tf.getBackend()).toBe(chosen.name);
    const product = tf.matMul(tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.tensor2d([0, 1, 1, 0], [2, 2]));
    expect([...(await product.data())]).toEqual([2, 1, 4, 3]);
    chosen.check();
  });

  it('the tensorflow backend says that it runs in Node only', async () => {
    await expect(chooseBackend('tensorflow')).rejects.toThrow(BackendUnavailableError);
  });
});
