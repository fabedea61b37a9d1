import { BackendUnavailableError, chooseBackend } from '@ashlar/core';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';
import { presentBackends, useBackend } from '../../conformance/backends.ts';

const { names, absent } = await presentBackends('all');
console.warn(absent.join('\n'));

describe.each(names)('backend %s', (name) => {
  afterAll(() => tf.setBackend('cpu'));

  it('is current after it is chosen, and multiplies', async () => {
    await useBackend(name);
    expect(tf.getBackend()).toBe(name);
    const before = tf.memory().numTensors;
    const a = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
    const b = tf.tensor2d([1, 0, 0, 1, 1, 1], [3, 2]);
    const product = tf.matMul(a, b);
    expect([...(await product.data())]).toEqual([4, 5, 10, 11]);
    tf.dispose([a, b, product]);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('chooseBackend', () => {
  it('an absent backend that is asked for is an error that says what to install', async () => {
    const missing = () => Promise.reject(new Error('Cannot find package'));
    const peers = { 'tfjs-node-gpu': missing, 'tfjs-node': missing };
    const error = await chooseBackend('tensorflow', { peers }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(BackendUnavailableError);
    expect((error as Error).message).toContain('npm install @tensorflow/tfjs-node-gpu');
  });

  it('a name that is no backend is refused with the list', async () => {
    await expect(chooseBackend('cuda' as 'cpu')).rejects.toThrow(
      /backend: expected auto, tensorflow, .*got cuda/,
    );
  });

  it('an option that nobody heeds is refused, and so is a number of threads that is none', async () => {
    await expect(chooseBackend('cpu', { thread: 2 } as object)).rejects.toThrow(
      /^chooseBackend: unknown option thread, expected one of peers/,
    );
    await expect(chooseBackend('simd', { threads: 0 })).rejects.toThrow(/^threads: expected an integer >= 1/);
  });

  it('auto says what it passed over and why', async () => {
    const missing = () => Promise.reject(new Error('Cannot find package'));
    const chosen = await chooseBackend('auto', {
      peers: { 'tfjs-node-gpu': missing, 'tfjs-node': missing, webgpu: missing },
    });
    expect(names).toContain(chosen.name);
    expect(chosen.passedOver.join('\n')).toMatch(/tensorflow: .*Cannot find package[\s\S]*webgpu: /);
  });
});
